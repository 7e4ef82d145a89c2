#include "sink/text_value.h"

#include <limits>

#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/util/float16.h>

#include "sink/scalar_text.h"
#include "sink_testing.h"

namespace penstock {
namespace {

using arrow::TimeUnit;

// The values of an array, one after the other, | between them.
std::string texts(const std::shared_ptr<arrow::Array>& array) {
  std::string out;
  for (std::int64_t i = 0; i < array->length(); ++i) {
    if (i > 0) out += '|';
    append_text(*array, i, out);
  }
  return out;
}

std::string texts(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return texts(array_of(type, json));
}

template <typename Call>
std::string text(Call&& call) {
  std::string out;
  call(out);
  return out;
}

std::string of_double(double value) {
  return text([&](std::string& out) { append_double(value, out); });
}
std::string of_float(float value) {
  return text([&](std::string& out) { append_float(value, out); });
}
std::string of_timestamp(std::int64_t value, TimeUnit::type unit) {
  return text([&](std::string& out) { append_timestamp(value, unit, {}, out); });
}
std::string of_interval(std::int64_t months, std::int64_t days,
                        std::int64_t nanoseconds) {
  return text([&](std::string& out) { append_interval(months, days, nanoseconds, out); });
}

TEST(TextOfNumbers, IntegersAreExactAtTheirLimits) {
  EXPECT_EQ(texts(arrow::int8(), "[-128, 127, null, 0]"), "-128|127||0");
  EXPECT_EQ(texts(arrow::int64(), "[-9223372036854775808, 9223372036854775807]"),
            "-9223372036854775808|9223372036854775807");
  EXPECT_EQ(texts(arrow::uint64(), "[18446744073709551615]"), "18446744073709551615");
  EXPECT_EQ(texts(arrow::uint8(), "[255]"), "255");
}

TEST(TextOfNumbers, DoublesAreTheShortestThatReadBack) {
  EXPECT_EQ(of_double(0.1), "0.1");
  EXPECT_EQ(of_double(-0.0), "-0");
  EXPECT_EQ(of_double(100000), "100000");
  EXPECT_EQ(of_double(123456.789), "123456.789");
  EXPECT_EQ(of_double(999999999999999), "999999999999999");
  EXPECT_EQ(of_double(1e15), "1e+15");
  EXPECT_EQ(of_double(1.5e300), "1.5e+300");
  EXPECT_EQ(of_double(0.0001), "0.0001");
  EXPECT_EQ(of_double(-0.00012345), "-0.00012345");
  EXPECT_EQ(of_double(0.00001), "1e-05");
  EXPECT_EQ(of_double(5e-324), "5e-324");
  EXPECT_EQ(of_double(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(of_double(0.30000000000000004), "0.30000000000000004");
  EXPECT_EQ(of_float(0.1F), "0.1");
  EXPECT_EQ(of_float(123456), "123456");
  EXPECT_EQ(of_float(1e6F), "1e+06");
  EXPECT_EQ(of_float(3.4028235e38F), "3.4028235e+38");
}

TEST(TextOfNumbers, EveryDoubleReadsBackAsItself) {
  std::uint64_t bits = 88172645463325252U;
  for (int i = 0; i < 100'000; ++i) {
    bits ^= bits << 13U;
    bits ^= bits >> 7U;
    bits ^= bits << 17U;
    double value = 0;
    // Half of them of everyday size.
    if (i % 2 == 0) {
      std::memcpy(&value, &bits, sizeof(value));
    } else {
      value = static_cast<double>(static_cast<std::int64_t>(bits)) / 1e15;
    }
    if (value != value) continue;
    const std::string shown = of_double(value);
    if (shown.ends_with("Infinity")) continue;
    ASSERT_EQ(std::strtod(shown.c_str(), nullptr), value) << shown;
  }
}

TEST(TextOfNumbers, WhatIsNoNumberHasPostgresqlsNames) {
  EXPECT_EQ(of_double(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(of_double(-std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(of_double(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(of_double(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(of_float(-std::numeric_limits<float>::infinity()), "-Infinity");
}

TEST(TextOfNumbers, AHalfFloatIsItsValue) {
  arrow::HalfFloatBuilder builder;
  ASSERT_TRUE(builder.Append(arrow::util::Float16(1.5F).bits()).ok());
  EXPECT_EQ(texts(value_or_die(builder.Finish())), "1.5");
}

TEST(TextOfNumbers, DecimalsAreInFull) {
  EXPECT_EQ(texts(arrow::decimal128(10, 4),
                  R"(["0.0000", "1.2500", "-0.0001", "-123.4560", null])"),
            "0.0000|1.2500|-0.0001|-123.4560|");
  EXPECT_EQ(
      texts(arrow::decimal128(38, 0), R"(["-99999999999999999999999999999999999999"])"),
      "-99999999999999999999999999999999999999");
  // Arrow's own text of this one is 1E-20.
  EXPECT_EQ(texts(arrow::decimal128(38, 20), R"(["0.00000000000000000001"])"),
            "0.00000000000000000001");
  EXPECT_EQ(texts(arrow::decimal128(38, 38),
                  R"(["-0.00000000000000000000000000000000000001"])"),
            "-0.00000000000000000000000000000000000001");
  EXPECT_EQ(
      texts(arrow::decimal128(29, 9), R"(["9223372036.854775807", "-9223372036.854775808",
                                                "9223372036.854775808"])"),
      "9223372036.854775807|-9223372036.854775808|9223372036.854775808");
  EXPECT_EQ(texts(arrow::decimal256(76, 30),
                  "[\"" + std::string(46, '9') + "." + std::string(30, '9') + "\"]"),
            std::string(46, '9') + "." + std::string(30, '9'));
  EXPECT_EQ(texts(arrow::decimal256(76, 2), R"(["-1.05"])"), "-1.05");
  EXPECT_EQ(texts(arrow::decimal32(9, 2), R"(["-1.05"])"), "-1.05");
  EXPECT_EQ(texts(arrow::decimal64(18, 18), R"(["0.000000000000000007"])"),
            "0.000000000000000007");
}

TEST(TextOfNumbers, ANegativeScaleIsZerosAtTheEnd) {
  EXPECT_EQ(text([](std::string& out) { append_decimal("-12", -2, out); }), "-1200");
  EXPECT_EQ(text([](std::string& out) { append_decimal("0", -2, out); }), "0");
}

TEST(TextOfTimes, DatesAreRightFarOutsideOfOurTime) {
  EXPECT_EQ(
      texts(arrow::date32(),
            "[0, 20455, -1, -719162, -719163, -719528, -719529, 2932896, 2932897]"),
      "1970-01-01|2026-01-02|1969-12-31|0001-01-01|0000-12-31|0000-01-01|-0001-12-31|"
      "9999-12-31|10000-01-01");
  // PostgreSQL's first and last day, and the limits of the type.
  EXPECT_EQ(texts(arrow::date32(), "[-2440588, 2145042905, 2147483647, -2147483648]"),
            "-4713-11-24|5874897-12-31|5881580-07-11|-5877641-06-23");
  EXPECT_EQ(texts(arrow::date64(), "[-86400000, 86400000]"), "1969-12-31|1970-01-02");
}

TEST(TextOfTimes, EveryDayOfEightCenturiesFollowsTheOneBefore) {
  std::int64_t day = -719528;  // 0000-01-01
  for (int year = 0; year < 800; ++year) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; ++month) {
      for (int of_month = 1; of_month <= lengths[month - 1]; ++of_month, ++day) {
        char expected[32];
        std::snprintf(expected, sizeof(expected), "%04d-%02d-%02d", year, month,
                      of_month);
        ASSERT_EQ(text([&](std::string& out) { append_date(day, out); }), expected);
      }
    }
  }
}

TEST(TextOfTimes, TimestampsHaveSixDigitsAndMoreOnlyWhereTheyAreNeeded) {
  EXPECT_EQ(of_timestamp(0, TimeUnit::MICRO), "1970-01-01 00:00:00.000000");
  EXPECT_EQ(of_timestamp(-1, TimeUnit::MICRO), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(of_timestamp(1'767'323'045'000'006, TimeUnit::MICRO),
            "2026-01-02 03:04:05.000006");
  EXPECT_EQ(of_timestamp(1'767'323'045, TimeUnit::SECOND), "2026-01-02 03:04:05.000000");
  EXPECT_EQ(of_timestamp(1'767'323'045'007, TimeUnit::MILLI),
            "2026-01-02 03:04:05.007000");
  EXPECT_EQ(of_timestamp(1'767'323'045'000'007'000, TimeUnit::NANO),
            "2026-01-02 03:04:05.000007");
  EXPECT_EQ(of_timestamp(1'767'323'045'000'000'007, TimeUnit::NANO),
            "2026-01-02 03:04:05.000000007");
}

TEST(TextOfTimes, TimestampsAreRightAtTheLimitsOfTheirType) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(of_timestamp(kMost, TimeUnit::MICRO), "294247-01-10 04:00:54.775807");
  EXPECT_EQ(of_timestamp(kLeast, TimeUnit::MICRO), "-290308-12-21 19:59:05.224192");
  EXPECT_EQ(of_timestamp(kMost, TimeUnit::NANO), "2262-04-11 23:47:16.854775807");
  EXPECT_EQ(of_timestamp(kMost, TimeUnit::SECOND), "292277026596-12-04 15:30:07.000000");
  EXPECT_EQ(of_timestamp(kLeast, TimeUnit::SECOND),
            "-292277022657-01-27 08:29:52.000000");
  // 0001-12-31 23:40:28 BC: the year before 1 is 0.
  EXPECT_EQ(of_timestamp(-62'135'597'972, TimeUnit::SECOND),
            "0000-12-31 23:40:28.000000");
}

TEST(TextOfTimes, AZoneIsShownAsZWhateverItsName) {
  EXPECT_EQ(texts(arrow::timestamp(TimeUnit::MICRO, "UTC"), "[0, null]"),
            "1970-01-01 00:00:00.000000Z|");
  EXPECT_EQ(texts(arrow::timestamp(TimeUnit::SECOND, "Asia/Kolkata"), "[0]"),
            "1970-01-01 00:00:00.000000Z");
}

TEST(TextOfTimes, ATimeOfDayMayBeMidnightAtTheEnd) {
  EXPECT_EQ(texts(arrow::time64(TimeUnit::MICRO), "[0, 36427000001, 86400000000]"),
            "00:00:00.000000|10:07:07.000001|24:00:00.000000");
  EXPECT_EQ(texts(arrow::time32(TimeUnit::SECOND), "[86399]"), "23:59:59.000000");
}

TEST(TextOfTimes, IntervalsAreAsPostgresqlPrintsThem) {
  EXPECT_EQ(of_interval(0, 0, 0), "00:00:00");
  EXPECT_EQ(of_interval(1, -1, 1'000), "1 mon -1 days +00:00:00.000001");
  EXPECT_EQ(of_interval(14, 1, 0), "1 year 2 mons 1 day");
  EXPECT_EQ(of_interval(-14, 0, 0), "-1 years -2 mons");
  EXPECT_EQ(of_interval(-1, 1, 0), "-1 mons +1 day");
  EXPECT_EQ(of_interval(0, 0, -1'500'000'000), "-00:00:01.5");
  EXPECT_EQ(of_interval(0, 2, 3'723'000'000'000), "2 days 01:02:03");
  EXPECT_EQ(of_interval(0, -2, -3'723'000'000'000), "-2 days -01:02:03");
  EXPECT_EQ(of_interval(2'136'000'000, 0, 0), "178000000 years");
  EXPECT_EQ(of_interval(0, 0, std::numeric_limits<std::int64_t>::min()),
            "-2562047:47:16.854775808");
}

TEST(TextOfTimes, ADurationHasHoursWithoutEnd) {
  EXPECT_EQ(texts(arrow::duration(TimeUnit::MICRO),
                  "[3020399000000, -3020399500000, 0, 91800000000]"),
            "838:59:59|-838:59:59.5|00:00:00|25:30:00");
}

TEST(TextOfText, TextIsItself) {
  EXPECT_EQ(texts(arrow::utf8(), R"(["", "a\"b", "\u00fc\u4e16\ud83d\ude00", null])"),
            "|a\"b|ü世😀|");
  EXPECT_EQ(texts(arrow::large_utf8(), R"(["x"])"), "x");
  EXPECT_EQ(texts(arrow::utf8_view(), R"(["x", "longer than twelve bytes"])"),
            "x|longer than twelve bytes");
}

TEST(TextOfText, BinaryIsHexAndAUuidItsOwnText) {
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.Append(std::string("\0\xff\n", 3)).ok());
  ASSERT_TRUE(builder.Append("").ok());
  EXPECT_EQ(texts(value_or_die(builder.Finish())), "\\x00ff0a|\\x");

  arrow::FixedSizeBinaryBuilder bytes(arrow::fixed_size_binary(16));
  ASSERT_TRUE(
      bytes
          .Append(std::string(
              "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00", 16))
          .ok());
  ASSERT_TRUE(bytes.Append(std::string(16, '\0')).ok());
  const auto storage = value_or_die(bytes.Finish());
  EXPECT_EQ(texts(arrow::ExtensionType::WrapArray(arrow::extension::uuid(), storage)),
            "123e4567-e89b-12d3-a456-426614174000|00000000-0000-0000-0000-000000000000");
}

TEST(TextOfText, AnExtensionTypeIsItsStorage) {
  const auto json = array_of(arrow::utf8(), R"(["{\"a\": 1}"])");
  EXPECT_EQ(texts(arrow::ExtensionType::WrapArray(arrow::extension::json(), json)),
            "{\"a\": 1}");
}

TEST(TextOfText, ADictionarysValueIsItsEntry) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  EXPECT_EQ(texts(value_or_die(arrow::json::DictArrayFromJSONString(
                type, "[1, null, 0, 2]", R"(["a", "b", null])"))),
            "b||a|");
}

TEST(TextOfNested, ListsAreAsPostgresqlPrintsThem) {
  EXPECT_EQ(texts(arrow::list(arrow::int32()), "[[1, 2, null], [], null]"),
            "{1,2,NULL}|{}|");
  EXPECT_EQ(
      texts(arrow::list(arrow::list(arrow::int32())), "[[[1, 2], [3, 4]], [null, []]]"),
      "{{1,2},{3,4}}|{NULL,{}}");
  EXPECT_EQ(
      texts(
          arrow::list(arrow::utf8()),
          R"([["a", "", "null", "NULL", "a b", "a,b", "a\"b", "a\\b", "{", "ü", "a\tb"]])"),
      "{a,\"\",\"null\",\"NULL\",\"a "
      "b\",\"a,b\",\"a\\\"b\",\"a\\\\b\",\"{\",ü,\"a\tb\"}");
  EXPECT_EQ(texts(arrow::list(arrow::boolean()), "[[true, false]]"), "{t,f}");
  EXPECT_EQ(
      texts(arrow::list(arrow::timestamp(TimeUnit::MICRO, "UTC")), "[[0, 1500000]]"),
      "{\"1970-01-01 00:00:00+00\",\"1970-01-01 00:00:01.5+00\"}");
  EXPECT_EQ(texts(arrow::large_list(arrow::date32()), "[[0]]"), "{1970-01-01}");
  EXPECT_EQ(
      texts(arrow::fixed_size_list(arrow::float64(), 2), "[[1.5, null], null, [2, 3]]"),
      "{1.5,NULL}||{2,3}");
  EXPECT_EQ(texts(arrow::list(arrow::binary()), R"([["a"]])"), "{\"\\\\x61\"}");
}

TEST(TextOfNested, ASliceOfAListHasItsOwnElements) {
  const auto list = array_of(arrow::list(arrow::int32()), "[[1], [2, 3], [4]]");
  EXPECT_EQ(texts(list->Slice(1)), "{2,3}|{4}");
}

TEST(TextOfNested, StructsAreAsPostgresqlPrintsThem) {
  const auto type = arrow::struct_(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())});
  EXPECT_EQ(texts(type, R"([[1, "x"], [null, "a b"], [2, ""], [3, "q\"\\"], null])"),
            "(1,x)|(,\"a b\")|(2,\"\")|(3,\"q\"\"\\\\\")|");
  EXPECT_EQ(texts(arrow::list(type), R"([[[1, "x"]]])"), "{\"(1,x)\"}");
  EXPECT_EQ(texts(array_of(type, R"([[1, "x"], [2, "y"]])")->Slice(1)), "(2,y)");
  EXPECT_EQ(texts(arrow::map(arrow::utf8(), arrow::int32()), R"([[["k", 1]]])"),
            "{\"(k,1)\"}");
}

TEST(TextOfNested, TypesWithoutATextAreKnown) {
  EXPECT_FALSE(has_text(*arrow::dense_union({arrow::field("a", arrow::int32())})));
  EXPECT_FALSE(
      has_text(*arrow::list(arrow::run_end_encoded(arrow::int32(), arrow::utf8()))));
  EXPECT_FALSE(has_text(*arrow::list_view(arrow::int32())));
  EXPECT_TRUE(has_text(*arrow::list(arrow::extension::uuid())));
  EXPECT_TRUE(has_text(*arrow::null()));
  EXPECT_EQ(texts(arrow::null(), "[null, null]"), "|");
}

}  // namespace
}  // namespace penstock
