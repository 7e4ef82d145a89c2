// PostgreSQL's binary numeric: base-10000 digits with a weight (numeric.c, numeric_send).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/util/decimal.h>

#include "columns/conversions.h"
#include "dialect/postgres/wire.h"

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

/// What decimal128_of gives, for nearly every number there is: at most four base-10000
/// digits, so that 64 bits are enough. False: ask decimal128_of.
inline bool small_decimal(std::string_view bytes, int scale, std::int64_t* value) {
  static constexpr std::int64_t kPowers[] = {1,
                                             10,
                                             100,
                                             1'000,
                                             10'000,
                                             100'000,
                                             1'000'000,
                                             10'000'000,
                                             100'000'000,
                                             1'000'000'000,
                                             10'000'000'000,
                                             100'000'000'000,
                                             1'000'000'000'000};
  if (bytes.size() < 8) return false;
  const unsigned count = read_u16(bytes.data());
  const unsigned sign = read_u16(bytes.data() + 4);
  if (count > 4 || bytes.size() != 8 + 2 * count || (sign & ~0x4000U) != 0) return false;
  std::int64_t number = 0;
  unsigned worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned digit = read_u16(bytes.data() + 8 + 2 * i);
    worst = digit > worst ? digit : worst;
    number = number * 10'000 + digit;
  }
  // Of the last digit, in powers of ten of the result.
  const int exponent =
      4 * (read_i16(bytes.data() + 2) - static_cast<int>(count) + 1) + scale;
  const int most = 18 - 4 * static_cast<int>(count);
  if (worst > 9'999 || exponent < -4 || exponent > (most < 12 ? most : 12)) return false;
  if (exponent < 0) {
    const std::int64_t divisor = kPowers[-exponent];
    if (number % divisor != 0) return false;
    number /= divisor;
  } else {
    number *= kPowers[exponent];
  }
  *value = sign != 0 ? -number : number;
  return true;
}

/// The number times 10^scale, if it is an integer of at most `precision` digits (<= 38).
std::optional<Int128> decimal128_of(const Numeric& numeric, int precision, int scale);
/// The same to 76 digits.
std::optional<arrow::Decimal256> decimal256_of(const Numeric& numeric, int precision,
                                               int scale);
/// The same, rounded and cut to what fits, for the `clamp` policy; nothing for NaN.
std::optional<arrow::Decimal256> nearest_decimal(const Numeric& numeric, int precision,
                                                 int scale);
/// As the server prints it: "-12.50", "NaN", "Infinity".
std::string text_of(const Numeric& numeric);

}  // namespace penstock::postgres
