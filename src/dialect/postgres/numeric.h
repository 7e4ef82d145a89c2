// PostgreSQL's binary numeric: base-10000 digits with a weight (numeric.c, numeric_send).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/util/decimal.h>

#include "columns/conversions.h"

namespace penstock::postgres {

/// What a numeric may be beside a number.
enum class NumericSign : std::uint16_t {
  kPositive = 0x0000,
  kNegative = 0x4000,
  kNan = 0xC000,
  kInfinity = 0xD000,
  kMinusInfinity = 0xF000,
};

/// A value's bytes, looked at but not copied. Invalid bytes read as no digits and `valid`
/// false.
struct Numeric {
  explicit Numeric(std::string_view bytes);

  bool valid = false;
  NumericSign sign = NumericSign::kPositive;
  int digits = 0;  // base-10000 digits
  int weight = 0;  // of the first, in powers of 10000
  int scale = 0;   // digits after the point when printed
  const char* first = nullptr;

  bool is_number() const {
    return valid && (sign == NumericSign::kPositive || sign == NumericSign::kNegative);
  }
  int digit(int index) const;
};

/// The number times 10^scale, if it is an integer of at most `precision` digits (<= 38).
std::optional<Int128> decimal128_of(const Numeric& numeric, int precision, int scale);
/// The same to 76 digits.
std::optional<arrow::Decimal256> decimal256_of(const Numeric& numeric, int precision,
                                               int scale);
/// As the server prints it: "-12.50", "NaN", "Infinity".
std::string text_of(const Numeric& numeric);

}  // namespace penstock::postgres
