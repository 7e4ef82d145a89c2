// One value of a binary row: where it ends, and what it is as text, a date or a number.
#pragma once

#include <cstdint>
#include <mysql.h>
#include <optional>
#include <string>
#include <string_view>

#include "columns/conversions.h"
#include "dialect/mysql/wire.h"

namespace penstock::mysql {

/// A length in front of bytes, or a count
/// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_dt_integers.html).
/// Moves `at` past it; false if it does not end before `end` or is none.
inline bool read_length(const char** at, const char* end, std::uint64_t* length) {
  if (*at == end) return false;
  const auto first = static_cast<std::uint8_t>(**at);
  ++*at;
  if (first < 251) {
    *length = first;
    return true;
  }
  const std::ptrdiff_t more = first == 252 ? 2 : first == 253 ? 3 : first == 254 ? 8 : -1;
  if (more < 0 || end - *at < more) return false;
  *length = 0;
  __builtin_memcpy(length, *at, static_cast<std::size_t>(more));
  *at += more;
  return true;
}

/// Bytes of every value of a type, or 0 where a length stands before it.
int fixed_size(enum_field_types type) noexcept;

/// DATE, DATETIME or TIMESTAMP: 0, 4, 7 or 11 bytes, what is missing being zero. The
/// server may hold days that are in no calendar.
struct DateTime {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;

  bool is_zero() const { return year == 0 && month == 0 && day == 0; }
  bool is_day() const;
  /// What `clamp` makes of a day that is none: each part moved into its range.
  DateTime nearest() const;
  std::int32_t days() const { return days_from_civil(year, month, day); }
  std::int64_t time_us() const {
    return ((hour * 60LL + minute) * 60 + second) * kMicrosPerSecond + micros;
  }
};
std::optional<DateTime> read_date_time(std::string_view bytes);

/// TIME: 0, 8 or 12 bytes -> microseconds.
std::optional<std::int64_t> read_time_us(std::string_view bytes);

/// BIT(n): at most 8 bytes, the highest first.
std::optional<std::uint64_t> read_bits(std::string_view bytes);

/// Any value as text: dates and times as the server prints them, with `decimals` digits
/// of the second, floats as their shortest digits. Nothing for bytes that are no such
/// value.
std::optional<std::string> text_of(enum_field_types type, bool is_unsigned,
                                   unsigned decimals, std::string_view bytes);
/// Any number as the nearest double.
std::optional<double> double_of(enum_field_types type, bool is_unsigned,
                                std::string_view bytes);

/// "-123.45", with exactly `scale` digits after the point, as the integer -12345: the
/// form in which the server sends a DECIMAL(p, scale). Nothing for more than 18 digits or
/// any other form: decimal_digits reads those.
inline std::optional<std::int64_t> short_decimal(const char* at, std::size_t size,
                                                 int scale) {
  const bool negative = size > 0 && *at == '-';
  if (negative) {
    ++at;
    --size;
  }
  const auto fraction = static_cast<std::size_t>(scale);
  if (size == 0 || size > 19 || (scale > 0 && size < fraction + 2)) return std::nullopt;
  const std::size_t whole = scale > 0 ? size - fraction - 1 : size;
  if (whole + fraction > 18 || (scale > 0 && at[whole] != '.')) return std::nullopt;
  std::int64_t value = 0;
  unsigned worst = 0;
  for (std::size_t i = 0; i < whole; ++i) {
    const auto digit = static_cast<unsigned>(at[i]) - '0';
    worst |= digit > 9 ? 1U : 0U;
    value = value * 10 + digit;
  }
  for (std::size_t i = size - fraction; i < size; ++i) {
    const auto digit = static_cast<unsigned>(at[i]) - '0';
    worst |= digit > 9 ? 1U : 0U;
    value = value * 10 + digit;
  }
  if (worst != 0) return std::nullopt;
  return negative ? -value : value;
}

/// The number of `scale` places nearest to a plain decimal ("12.345" -> "12.35"), ties
/// away from zero: the `clamp` policy.
std::string nearest_decimal(std::string_view text, int scale);

}  // namespace penstock::mysql
