// One documented rule for each conversion between a database's loose value and an Arrow
// type (docs/reference/types.md). Pure. Every function gives nothing where the value has
// no exact place; none rounds.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

__extension__ using Int128 = __int128;

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar, which must be one.
/// https://howardhinnant.github.io/date_algorithms.html#days_from_civil, for years from
/// 0.
constexpr std::int32_t days_from_civil(std::int32_t year, std::int32_t month,
                                       std::int32_t day) {
  const std::int32_t y = year + 400 - (month <= 2);
  const std::int32_t era = y / 400;
  const std::int32_t of_era = y - era * 400;
  const std::int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return (era - 1) * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
         719'468;
}

/// The digits of "YYYY-MM-DD" at `text`, at least 10 bytes; false if it is not a day of
/// the calendar.
inline bool read_date(const char* text, std::int32_t* days) {
  const auto digit = [text](int i) { return static_cast<std::uint32_t>(text[i] - '0'); };
  std::uint32_t worst = 0;
  for (const int i : {0, 1, 2, 3, 5, 6, 8, 9})
    worst = digit(i) > worst ? digit(i) : worst;
  if (worst > 9 || text[4] != '-' || text[7] != '-') return false;
  const auto year = static_cast<std::int32_t>(digit(0) * 1000 + digit(1) * 100 +
                                              digit(2) * 10 + digit(3));
  const auto month = static_cast<std::int32_t>(digit(5) * 10 + digit(6));
  const auto day = static_cast<std::int32_t>(digit(8) * 10 + digit(9));
  constexpr std::array<std::int8_t, 13> kDays{0,  31, 28, 31, 30, 31, 30,
                                              31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > kDays[static_cast<std::size_t>(month)]) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month != 2 || day != 29 || !leap) return false;
  }
  *days = days_from_civil(year, month, day);
  return true;
}

/// "YYYY-MM-DD" -> days since 1970-01-01.
std::optional<std::int32_t> parse_date(std::string_view text);
/// "HH:MM[:SS[.FFFFFF]]" -> microseconds since midnight, below 24:00.
std::optional<std::int64_t> parse_time_us(std::string_view text);
/// "YYYY-MM-DD[( |T)HH:MM[:SS[.FFFFFF]][Z|(+|-)HH:MM]]" -> microseconds since 1970-01-01
/// 00:00 UTC. Without a zone the text is taken as UTC, as SQLite's own functions do
/// (https://www.sqlite.org/lang_datefunc.html).
std::optional<std::int64_t> parse_timestamp_us(std::string_view text);
/// A Julian day number to the millisecond, as SQLite's own functions take it ->
/// microseconds since 1970-01-01 00:00 UTC.
std::optional<std::int64_t> timestamp_us_from_julian_day(double julian_day);

/// 10^exponent, 0..38.
Int128 power_of_ten(int exponent);

/// `value` times 10^scale, if it has at most `precision` digits there; precision to 38.
std::optional<Int128> decimal_from_int(std::int64_t value, int precision, int scale);
/// A decimal number in plain or exponent form ("-12.50", "1e3"), exactly, as the digits
/// of an integer times 10^-scale ("-1250"), if it has at most `precision` digits there.
std::optional<std::string> decimal_digits(std::string_view text, int precision,
                                          int scale);
/// The digits of an integer, at most 38 of them, as decimal_digits gives them.
Int128 integer_from_digits(std::string_view digits);
/// The decimal of `scale` places nearest to `value`, as text: the `clamp` policy.
std::string nearest_decimal_text(double value, int scale);

/// The integer that `value` is, if it is one and fits.
inline std::optional<std::int64_t> int_from_double(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0))
    return std::nullopt;
  const auto integer = static_cast<std::int64_t>(value);
  if (static_cast<double>(integer) != value) return std::nullopt;
  return integer;
}

/// Whether a double holds `value` exactly.
inline bool fits_double(std::int64_t value) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  return value >= -kExact && value <= kExact;
}

/// The shortest digits that read back as `value`, with an exponent below 10^-4 and from
/// 10^16: "1.0", "0.1", "100000.0", "1e+20", "NaN", "-Infinity".
std::string text_from_double(double value);

/// The bytes with every invalid sequence of UTF-8 replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace penstock
