#include "columns/conversions.h"

#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {

constexpr auto kNone = std::nullopt;

TEST(Date, EveryDayOfTheCalendarFromYear0To9999AgreesWithTheStandardLibrary) {
  using namespace std::chrono;
  std::int64_t days = 0;
  for (sys_days day = sys_days(year(0) / January / 1);
       day <= sys_days(year(9999) / December / 31); day += std::chrono::days(1)) {
    const year_month_day date(day);
    const int y = static_cast<int>(date.year());
    const auto m = static_cast<unsigned>(date.month());
    const auto d = static_cast<unsigned>(date.day());
    // Written by hand: fmt takes minutes under a sanitizer for 3.6 million days.
    const char text[] = {static_cast<char>('0' + y / 1000),
                         static_cast<char>('0' + y / 100 % 10),
                         static_cast<char>('0' + y / 10 % 10),
                         static_cast<char>('0' + y % 10),
                         '-',
                         static_cast<char>('0' + m / 10),
                         static_cast<char>('0' + m % 10),
                         '-',
                         static_cast<char>('0' + d / 10),
                         static_cast<char>('0' + d % 10)};
    std::int32_t read = 0;
    ASSERT_TRUE(read_date(text, &read)) << std::string(text, sizeof(text));
    ASSERT_EQ(read, day.time_since_epoch().count()) << std::string(text, sizeof(text));
    ++days;
  }
  EXPECT_EQ(days, 3'652'425);
}

TEST(Date, WhatIsNoDayOfTheCalendarIsRefused) {
  for (const char* text :
       {"2025-02-29", "1900-02-29", "2100-02-29",  "2026-00-01",  "2026-13-01",
        "2026-01-00", "2026-01-32", "2026-04-31",  "2026-1-01",   "2026-01-1",
        "26-01-01",   "2026/01/01", "2026-01-01 ", " 2026-01-01", "20260101",
        "2026-01-0a", "2026-01-0/", "2026-01-0:",  "-026-01-01",  "+026-01-01",
        "",           "infinity",   "12026-01-01"}) {
    EXPECT_EQ(parse_date(text), kNone) << text;
  }
  EXPECT_EQ(parse_date("2000-02-29"), 11016);
  EXPECT_EQ(parse_date("1970-01-01"), 0);
  EXPECT_EQ(parse_date("0000-01-01"), -719528);
}

TEST(Time, IsReadToTheMicrosecond) {
  EXPECT_EQ(parse_time_us("00:00"), 0);
  EXPECT_EQ(parse_time_us("23:59:59.999999"), kMicrosPerDay - 1);
  EXPECT_EQ(parse_time_us("01:02:03"), 3'723 * kMicrosPerSecond);
  EXPECT_EQ(parse_time_us("00:00:00.5"), 500'000);
  EXPECT_EQ(parse_time_us("00:00:00.000001000"), 1);
  for (const char* text :
       {"24:00:00", "23:60", "23:59:60", "1:02:03", "01:02:3", "01:02:03.",
        "01:02:03.0000001", "01:02:03Z", "01", "01:", "01:02:", "-1:02", "", "010203"}) {
    EXPECT_EQ(parse_time_us(text), kNone) << text;
  }
}

TEST(Timestamp, IsReadWithAndWithoutAZone) {
  constexpr std::int64_t kDay = 20'455 * kMicrosPerDay;  // 2026-01-02
  constexpr std::int64_t kAt = kDay + (3 * 3600 + 4 * 60 + 5) * kMicrosPerSecond;
  const std::pair<const char*, std::int64_t> cases[] = {
      {"2026-01-02", kDay},
      {"2026-01-02 03:04", kAt - 5 * kMicrosPerSecond},
      {"2026-01-02 03:04:05", kAt},
      {"2026-01-02T03:04:05", kAt},
      {"2026-01-02T03:04:05Z", kAt},
      {"2026-01-02 03:04:05.25", kAt + 250'000},
      {"2026-01-02 03:04:05.250000000", kAt + 250'000},
      {"2026-01-02 05:04:05+02:00", kAt},
      {"2026-01-01 22:34:05-04:30", kAt},
      {"2026-01-02T17:04:05.000001+14:00", kAt + 1},
      {"2026-01-02 03:04:05+00:00", kAt},
      {"0000-01-01 00:00:00", -719'528 * kMicrosPerDay},
      {"9999-12-31 23:59:59.999999", 2'932'897 * kMicrosPerDay - 1}};
  for (const auto& [text, micros] : cases) {
    EXPECT_EQ(parse_timestamp_us(text), micros) << text;
  }
}

TEST(Timestamp, WhatIsNotOneIsRefused) {
  for (const char* text : {"2026-01-02 ",
                           "2026-01-02T",
                           "2026-01-02 3:04",
                           "2026-01-02  03:04",
                           "2026-01-02_03:04",
                           "2026-01-02 03:04:05 ",
                           "2026-01-02 03:04:05z",
                           "2026-01-02 03:04:05 UTC",
                           "2026-01-02 03:04:05+2",
                           "2026-01-02 03:04:05+02",
                           "2026-01-02 03:04:05+0200",
                           "2026-01-02 03:04:05+15:00",
                           "2026-01-02 03:04:05+02:60",
                           "2026-01-02 03:04:05ZZ",
                           "2026-01-02 24:00:00",
                           "2026-01-02 03:04:60",
                           "2026-02-30 03:04:05",
                           "2026-01-02 03:04:05.1234567",
                           "1598313600",
                           "now",
                           ""}) {
    EXPECT_EQ(parse_timestamp_us(text), kNone) << text;
  }
}

TEST(JulianDay, IsTakenToTheMillisecondAsSqliteDoes) {
  EXPECT_EQ(timestamp_us_from_julian_day(2440587.5), 0);
  EXPECT_EQ(timestamp_us_from_julian_day(2440588.5), kMicrosPerDay);
  EXPECT_EQ(timestamp_us_from_julian_day(0.0), -210'866'760'000'000'000);
  EXPECT_EQ(timestamp_us_from_julian_day(5373484.499999999), 2'932'897 * kMicrosPerDay);
  // julianday('2026-01-02 03:04:05.678')
  EXPECT_EQ(timestamp_us_from_julian_day(2461042.62784349),
            1'767'323'045'678 * std::int64_t{1000});
  for (const double outside :
       {-1e-9, 5373484.5, 1e300, -1e300, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(timestamp_us_from_julian_day(outside), kNone) << outside;
  }
}

TEST(Integer, ADoubleIsOneOnlyIfNothingIsLost) {
  EXPECT_EQ(int_from_double(-9223372036854775808.0),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(int_from_double(9223372036854774784.0), 9223372036854774784);
  EXPECT_EQ(int_from_double(9223372036854775808.0), kNone);
  EXPECT_EQ(int_from_double(-9223372036854777856.0), kNone);
  EXPECT_EQ(int_from_double(0.99), kNone);
  EXPECT_EQ(int_from_double(-0.0), 0);
  EXPECT_EQ(int_from_double(std::nan("")), kNone);
  EXPECT_EQ(int_from_double(INFINITY), kNone);
}

TEST(Integer, ADoubleHoldsThoseWithin2To53) {
  constexpr std::int64_t kLast = std::int64_t{1} << 53;
  EXPECT_TRUE(fits_double(kLast));
  EXPECT_TRUE(fits_double(-kLast));
  EXPECT_FALSE(fits_double(kLast + 1));
  EXPECT_FALSE(fits_double(-kLast - 1));
  EXPECT_FALSE(fits_double(std::numeric_limits<std::int64_t>::min()));
}

TEST(Real, ItsTextIsTheShortestThatReadsBack) {
  const std::pair<double, const char*> cases[] = {
      {1.0, "1.0"},
      {0.1, "0.1"},
      {-0.0, "-0.0"},
      {1e20, "1e+20"},
      {1e-7, "1e-07"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {1e16, "1e+16"},
      {9007199254740993.0, "9007199254740992.0"},
      {123456789012.5, "123456789012.5"},
      {-1234.5, "-1234.5"},
      {100000.0, "100000.0"},
      {1.0 / 3, "0.3333333333333333"},
      {std::nan(""), "NaN"},
      {INFINITY, "Infinity"},
      {-INFINITY, "-Infinity"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(text_from_double(value), text);
}

TEST(Utf8, EachInvalidByteBecomesOneReplacement) {
  EXPECT_EQ(replace_invalid_utf8("a\xFF"
                                 "b"),
            "a\uFFFDb");
  EXPECT_EQ(replace_invalid_utf8("\xC3"), "\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("né\xE9"), "né\uFFFD");
  EXPECT_EQ(replace_invalid_utf8(""), "");
}

}  // namespace
}  // namespace penstock
