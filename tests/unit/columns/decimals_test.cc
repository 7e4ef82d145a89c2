// Decimals: the grammar, the limits, and the short way against the long one.
#include <bit>
#include <cmath>
#include <random>

#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "columns/conversions.h"
#include "columns/value_writer.h"
#include "unit/columns/show.h"

namespace penstock {
namespace {

constexpr auto kNone = std::nullopt;

TEST(DecimalDigits, PlainAndExponentFormsAreExact) {
  EXPECT_EQ(decimal_digits("-12.50", 4, 2), "-1250");
  EXPECT_EQ(decimal_digits("+12.5", 4, 2), "1250");
  EXPECT_EQ(decimal_digits("1e3", 4, 0), "1000");
  EXPECT_EQ(decimal_digits("1E+3", 4, 0), "1000");
  EXPECT_EQ(decimal_digits("125e-2", 3, 2), "125");
  EXPECT_EQ(decimal_digits(".5", 1, 1), "5");
  EXPECT_EQ(decimal_digits("5.", 1, 0), "5");
  EXPECT_EQ(decimal_digits("0012.3400", 4, 2), "1234");
  EXPECT_EQ(decimal_digits("1.500000000000000000000000000000000000000000", 2, 1), "15");
  EXPECT_EQ(decimal_digits("-0.00", 1, 0), "0");
  EXPECT_EQ(decimal_digits("0e5", 1, 0), "0");
  EXPECT_EQ(decimal_digits("100", 3, 0), "100");
  EXPECT_EQ(decimal_digits("0.000067", 6, 6), "67");
}

TEST(DecimalDigits, WhatDoesNotFitIsRefusedAndNeverRounded) {
  EXPECT_EQ(decimal_digits("1.005", 10, 2), kNone);
  EXPECT_EQ(decimal_digits("100", 2, 0), kNone);
  EXPECT_EQ(decimal_digits("1", 2, 2), kNone);
  EXPECT_EQ(decimal_digits("1e76", 76, 0), kNone);
  EXPECT_EQ(decimal_digits("1e1000", 76, 0), kNone);
  EXPECT_EQ(decimal_digits("1e-1000", 76, 76), kNone);
}

TEST(DecimalDigits, WhatIsNoNumberIsRefused) {
  for (const char* text : {"",         "-",
                           "+",        ".",
                           "e5",       "1e",
                           "1e+",      "1e+-5",
                           "1e--5",    "1e5.0",
                           "--1",      "+-1",
                           "1 ",       " 1",
                           "1_000",    "1,5",
                           "0x10",     "NaN",
                           "Infinity", "-.",
                           "1.2.3",    "1e99999999999",
                           "1e1001",   "1e9223372036854775808",
                           "\xFF",     "١"}) {
    EXPECT_EQ(decimal_digits(text, 38, 2), kNone) << text;
  }
}

// A decimal(76,2) of text like this once made Arrow read past its table of powers.
TEST(DecimalDigits, HugeScalesAndLongTextsAreRefusedInLinearTime) {
  EXPECT_EQ(decimal_digits("1e-200", 76, 2), kNone);
  EXPECT_EQ(decimal_digits(std::string(10'000'000, '9'), 76, 0), kNone);
  EXPECT_EQ(decimal_digits("0." + std::string(10'000'000, '0') + "1", 76, 76), kNone);
  EXPECT_EQ(decimal_digits("1." + std::string(10'000'000, '0'), 76, 0), "1");
  EXPECT_EQ(decimal_digits(std::string(10'000'000, '0') + "1", 76, 0), "1");
}

TEST(DecimalFromInt, TheDigitsBeforeThePointDecide) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(decimal_from_int(99, 4, 2), Int128{9900});
  EXPECT_EQ(decimal_from_int(100, 4, 2), kNone);
  EXPECT_EQ(decimal_from_int(-99, 4, 2), Int128{-9900});
  EXPECT_EQ(decimal_from_int(0, 2, 2), Int128{0});
  EXPECT_EQ(decimal_from_int(1, 2, 2), kNone);
  EXPECT_EQ(decimal_from_int(kLow, 38, 19), Int128{kLow} * power_of_ten(19));
  EXPECT_EQ(decimal_from_int(kLow, 38, 20), kNone);
}

TEST(NearestDecimal, IsThatOfTheDoubleItselfAndNotOfItsText) {
  EXPECT_EQ(nearest_decimal_text(0.125, 2), "0.12");  // a tie, to even
  EXPECT_EQ(nearest_decimal_text(1.115, 2), "1.11") << "1.115 is a little less";
  EXPECT_EQ(nearest_decimal_text(-2.5, 0), "-2");
  EXPECT_EQ(nearest_decimal_text(5e-324, 76).size(), 78U);
  EXPECT_EQ(nearest_decimal_text(1.7976931348623157e308, 76).size(), 386U);
}

// What the writer of a decimal(p,s) column makes of `value`: NULL where it has no place.
std::string written(double value, const TypeName& type) {
  ValueWriter writer({"d", "", OnLossy::kNull}, type);
  writer.start(1);
  writer.set_real(0, value);
  return testing::shown(*writer.finish(1), 0);
}

// The same by printing and parsing alone.
std::string by_text(double value, const TypeName& type) {
  if (!std::isfinite(value)) return "NULL";
  const auto digits = decimal_digits(text_from_double(value), type.precision, type.scale);
  if (!digits) return "NULL";
  return arrow::Decimal256(*digits).ToString(type.scale);
}

const TypeName kDecimals[] = {
    {TypeName::Kind::kDecimal, 12, 2},  {TypeName::Kind::kDecimal, 5, 5},
    {TypeName::Kind::kDecimal, 15, 0},  {TypeName::Kind::kDecimal, 38, 10},
    {TypeName::Kind::kDecimal, 38, 15}, {TypeName::Kind::kDecimal, 18, 16},
    {TypeName::Kind::kDecimal, 76, 30}};

TEST(ShortDecimals, DoublesOfFewDigitsTakeThePlaceOfTheirShortestText) {
  std::mt19937_64 random(1);  // NOLINT: the same every time
  for (int i = 0; i < 60'000; ++i) {
    const auto digits =
        static_cast<std::int64_t>(random() % 2'000'000'000'000'000ULL) >> (random() % 50);
    const double value = static_cast<double>(i % 2 == 0 ? digits : -digits) /
                         std::pow(10.0, static_cast<double>(random() % 18));
    const TypeName& type = kDecimals[random() % std::size(kDecimals)];
    ASSERT_EQ(written(value, type), by_text(value, type))
        << text_from_double(value) << " in " << to_string(type);
  }
}

TEST(ShortDecimals, DoublesOfAnyBitsTakeThePlaceOfTheirShortestText) {
  std::mt19937_64 random(2);  // NOLINT: the same every time
  for (int i = 0; i < 60'000; ++i) {
    // Half of them of a size that may fit.
    const std::uint64_t exponent = i % 2 == 0 ? random() % 2048 : 1000 + random() % 80;
    const auto value =
        std::bit_cast<double>((random() & 0x800FFFFFFFFFFFFFULL) | (exponent << 52));
    const TypeName& type = kDecimals[random() % std::size(kDecimals)];
    ASSERT_EQ(written(value, type), by_text(value, type))
        << text_from_double(value) << " in " << to_string(type);
  }
}

TEST(ShortDecimals, TheNeighboursOfADecimalAreNotIt) {
  const TypeName type{TypeName::Kind::kDecimal, 12, 2};
  for (const double value : {0.07, 1.1, 999'999.99, 9'999'999'999.99}) {
    EXPECT_NE(written(value, type), "NULL") << value;
    EXPECT_EQ(written(std::nextafter(value, INFINITY), type), "NULL") << value;
    EXPECT_EQ(written(std::nextafter(value, 0), type), "NULL") << value;
  }
  EXPECT_EQ(written(9'999'999'999.99, type), "9999999999.99");
  EXPECT_EQ(written(10'000'000'000.0, type), "NULL");
  EXPECT_EQ(written(-0.0, type), "0.00");
}

TEST(Decimals, TheWidestHoldTheirLastDigit) {
  const std::string nines38(38, '9');
  const std::string nines76(76, '9');
  for (const auto& [text, type] :
       {std::pair(nines38, TypeName{TypeName::Kind::kDecimal, 38, 0}),
        std::pair("-" + nines38, TypeName{TypeName::Kind::kDecimal, 38, 0}),
        std::pair("0." + nines38, TypeName{TypeName::Kind::kDecimal, 38, 38}),
        std::pair(nines76, TypeName{TypeName::Kind::kDecimal, 76, 0}),
        std::pair("-" + nines76, TypeName{TypeName::Kind::kDecimal, 76, 0}),
        std::pair("-0." + nines76, TypeName{TypeName::Kind::kDecimal, 76, 76}),
        std::pair(nines38 + "." + nines38, TypeName{TypeName::Kind::kDecimal, 76, 38})}) {
    ValueWriter writer({"d", "", OnLossy::kError}, type);
    writer.start(1);
    writer.set_text(0, text.data(), static_cast<std::int64_t>(text.size()));
    const auto column = writer.finish(1);
    EXPECT_EQ(testing::shown(*column, 0), text);
    EXPECT_TRUE(column->ValidateFull().ok());
  }
}

}  // namespace
}  // namespace penstock
