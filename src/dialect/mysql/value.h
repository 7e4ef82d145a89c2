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

/// The number that eight digits are, the first in the lowest byte; false if one is none.
/// Three multiplications for eight digits
/// (https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/).
inline bool read_eight_digits(std::uint64_t word, std::int64_t* number) {
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  if ((((word + 0x4646464646464646) | (word - kZeros)) & 0x8080808080808080) != 0)
    return false;
  word -= kZeros;
  word = word * 10 + (word >> 8);
  *number = static_cast<std::int64_t>(
      ((word & 0x000000FF000000FF) * 0x000F424000000064 +
       (word >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
      32);
  return true;
}

/// "-123.45", with exactly `scale` digits after the point, as the integer -12345: the
/// form in which the server sends a DECIMAL(p, scale). Nothing for more than 18 digits or
/// any other form: decimal_digits reads those. `rest` bytes are readable at `at`.
inline std::optional<std::int64_t> short_decimal(const char* at, std::size_t size,
                                                 std::size_t rest, int scale) {
  const bool negative = size > 0 && *at == '-';
  at += negative ? 1 : 0;
  size -= negative ? 1 : 0;
  const auto fraction = static_cast<std::size_t>(scale);
  const std::size_t tail = fraction > 0 ? fraction + 1 : 0;
  if (size <= tail || (fraction > 0 && at[size - tail] != '.')) return std::nullopt;
  const std::size_t whole = size - tail;
  const std::size_t digits = whole + fraction;
  std::int64_t value = 0;
  if (digits <= 8 && rest >= size + 9) {
    // The digits before and after the point put together, with zeros before them.
    const auto first = read_little<std::uint64_t>(at);
    const auto second = read_little<std::uint64_t>(at + size - fraction);
    constexpr std::uint64_t kZeros = 0x3030303030303030;
    const std::size_t bits = 8 * whole;
    const std::uint64_t word =
        bits == 64 ? first : (first & ((std::uint64_t{1} << bits) - 1)) | second << bits;
    const std::uint64_t aligned =
        digits == 8 ? word : word << (64 - 8 * digits) | kZeros >> (8 * digits);
    if (!read_eight_digits(aligned, &value)) return std::nullopt;
    return negative ? -value : value;
  }
  if (digits > 18) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i) {
    if (i == whole) continue;  // the point
    const auto digit = static_cast<unsigned>(at[i]) - '0';
    if (digit > 9) return std::nullopt;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/// The number of `scale` places nearest to a plain decimal ("12.345" -> "12.35"), ties
/// away from zero: the `clamp` policy.
std::string nearest_decimal(std::string_view text, int scale);

}  // namespace penstock::mysql
