#include "dialect/mysql/value.h"

#include <gtest/gtest.h>

namespace penstock::mysql {
namespace {

using namespace std::string_literals;

TEST(MysqlLength, IsReadInEachOfItsForms) {
  const auto read = [](const std::string& bytes) -> std::optional<std::uint64_t> {
    const char* at = bytes.data();
    std::uint64_t length = 0;
    if (!read_length(&at, bytes.data() + bytes.size(), &length)) return std::nullopt;
    return length;
  };
  EXPECT_EQ(read("\x00"s), 0U);
  EXPECT_EQ(read("\xFA"s), 250U);
  EXPECT_EQ(read("\xFC\x01\x02"s), 0x0201U);
  EXPECT_EQ(read("\xFD\x01\x02\x03"s), 0x030201U);
  EXPECT_EQ(read("\xFE\x01\x02\x03\x04\x05\x06\x07\x08"s), 0x0807060504030201U);
  EXPECT_EQ(read(""), std::nullopt);
  EXPECT_EQ(read("\xFB"s), std::nullopt);  // NULL of the text protocol
  EXPECT_EQ(read("\xFF"s), std::nullopt);
  EXPECT_EQ(read("\xFC\x01"s), std::nullopt);
  EXPECT_EQ(read("\xFE\x01\x02\x03\x04\x05\x06\x07"s), std::nullopt);
}

// At the end of a row, and before more of it, which is read along and must not count.
std::optional<std::int64_t> decimal(const std::string& text, int scale) {
  const auto alone = short_decimal(text.data(), text.size(), text.size(), scale);
  for (const std::string rest : {"999999999999", "............", "------------"}) {
    const std::string row = text + rest;
    EXPECT_EQ(short_decimal(row.data(), text.size(), row.size(), scale), alone) << row;
  }
  return alone;
}

TEST(MysqlDecimal, TheUsualFormIsReadWithoutDetours) {
  EXPECT_EQ(decimal("0.00", 2), 0);
  EXPECT_EQ(decimal("-0.01", 2), -1);
  EXPECT_EQ(decimal("12345.67", 2), 1234567);
  EXPECT_EQ(decimal("123456.78", 2), 12345678);
  EXPECT_EQ(decimal("1234567.89", 2), 123456789);
  EXPECT_EQ(decimal("42", 0), 42);
  EXPECT_EQ(decimal("12345678", 0), 12345678);
  EXPECT_EQ(decimal("-12345678", 0), -12345678);
  EXPECT_EQ(decimal("0.1234567", 7), 1234567);
  EXPECT_EQ(decimal("-9999999999999999.99", 2), -999999999999999999);
  EXPECT_EQ(decimal("999999999999999999", 0), 999999999999999999);
}

TEST(MysqlDecimal, AnyOtherFormIsLeftToTheGeneralParser) {
  for (const std::string text :
       {"", "-", ".12", "1.2", "1.234", "12", "1,23", "1.2x", "+1.23", "--1.23", "1 .23",
        "12345678901234567.89", "1e2.34", "x.23", "1.\xB0\xB1"}) {
    EXPECT_EQ(decimal(text, 2), std::nullopt) << text;
  }
  EXPECT_EQ(decimal("1234567890123456789", 0), std::nullopt);
  EXPECT_EQ(decimal("1.0", 0), std::nullopt);
  EXPECT_EQ(decimal("1234567x", 0), std::nullopt);
}

TEST(MysqlDecimal, TheNearestOfFewerPlaces) {
  EXPECT_EQ(nearest_decimal("1.25", 1), "1.3");
  EXPECT_EQ(nearest_decimal("-1.25", 1), "-1.3");
  EXPECT_EQ(nearest_decimal("1.24", 1), "1.2");
  EXPECT_EQ(nearest_decimal("9.99", 1), "10.0");
  EXPECT_EQ(nearest_decimal("-9.99", 1), "-10.0");
  EXPECT_EQ(nearest_decimal("99.5", 0), "100.");
  EXPECT_EQ(nearest_decimal("1.5", 3), "1.5");
  EXPECT_EQ(nearest_decimal("15", 3), "15");
  EXPECT_EQ(nearest_decimal("-0.96", 1), "-1.0");
}

TEST(MysqlTime, ADayIsOneOfTheCalendar) {
  const auto date = [](int year, int month, int day) {
    DateTime value;
    value.year = year;
    value.month = month;
    value.day = day;
    return value;
  };
  EXPECT_TRUE(date(2024, 2, 29).is_day());
  EXPECT_FALSE(date(2023, 2, 29).is_day());
  EXPECT_FALSE(date(1900, 2, 29).is_day());
  EXPECT_TRUE(date(2000, 2, 29).is_day());
  EXPECT_FALSE(date(2025, 4, 31).is_day());
  EXPECT_FALSE(date(2025, 0, 1).is_day());
  EXPECT_FALSE(date(2025, 1, 0).is_day());
  EXPECT_TRUE(date(0, 1, 1).is_day());
  EXPECT_EQ(date(2025, 2, 31).nearest().day, 28);
  EXPECT_EQ(date(2025, 0, 0).nearest().month, 1);
  EXPECT_EQ(date(1970, 1, 1).days(), 0);
  EXPECT_EQ(date(0, 1, 1).days(), -719528);
}

TEST(MysqlTime, BytesThatAreNoTimeAreNone) {
  EXPECT_FALSE(read_date_time("abc"));
  EXPECT_FALSE(read_date_time("\xE9\x07\x0D\x01"s));              // month 13
  EXPECT_FALSE(read_date_time("\xE9\x07\x01\x01\x18\x00\x00"s));  // hour 24
  EXPECT_FALSE(read_date_time("\xE9\x07\x01\x01\x00\x00\x00\x40\x42\x0F\x00"s));
  EXPECT_FALSE(read_date_time("\x10\x27\x01\x01"s));  // year 10000
  EXPECT_FALSE(read_time_us("abc"));
  EXPECT_FALSE(read_time_us("\x00\xFF\xFF\xFF\xFF\x00\x00\x00"s));
  EXPECT_FALSE(read_time_us("\x00\x00\x00\x00\x00\x18\x00\x00"s));
  EXPECT_FALSE(read_bits("123456789"));
  EXPECT_FALSE(text_of(MYSQL_TYPE_LONG, false, 0, "abc"));
  EXPECT_FALSE(text_of(MYSQL_TYPE_DATE, false, 0, "abc"));
  EXPECT_FALSE(double_of(MYSQL_TYPE_DOUBLE, false, "abc"));
  EXPECT_FALSE(double_of(MYSQL_TYPE_NEWDECIMAL, false, "abc"));
}

// cast('-26:03:04.000005' as time(6)), as the protocol has it.
TEST(MysqlTime, ADurationMayBeLongerThanADayAndNegative) {
  const std::string bytes = "\x01\x01\x00\x00\x00\x02\x03\x04\x05\x00\x00\x00"s;
  EXPECT_EQ(read_time_us(bytes), -93'784'000'005);
  EXPECT_EQ(text_of(MYSQL_TYPE_TIME, false, 6, bytes), "-26:03:04.000005");
  EXPECT_EQ(text_of(MYSQL_TYPE_TIME, false, 0, ""), "00:00:00");
}

}  // namespace
}  // namespace penstock::mysql
