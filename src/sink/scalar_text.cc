#include "sink/scalar_text.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <arrow/type.h>

namespace penstock {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Two digits at a time: dates and times are most of what a CSV writer prints.
constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (int i = 0; i < 100; ++i) {
    digits[static_cast<std::size_t>(2 * i)] = static_cast<char>('0' + i / 10);
    digits[static_cast<std::size_t>(2 * i + 1)] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

char* put_two(std::int64_t value, char* to) {
  std::memcpy(to, &kTwoDigits[static_cast<std::size_t>(value) * 2], 2);
  return to + 2;
}

char* put_padded(std::int64_t value, int width, char* to) {
  for (int i = width - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return to + width;
}

std::int64_t units_per_second(arrow::TimeUnit::type unit) {
  constexpr std::int64_t kUnits[] = {1, 1'000, 1'000'000, 1'000'000'000};
  return kUnits[unit];
}

struct Divided {
  std::int64_t quotient;
  std::int64_t remainder;  // never negative
};

Divided floor_divide(std::int64_t value, std::int64_t by) {
  Divided result{value / by, value % by};
  if (result.remainder < 0) {
    --result.quotient;
    result.remainder += by;
  }
  return result;
}

// `fraction` of a second in units of 1/`per_second`.
char* put_fraction(std::int64_t fraction, std::int64_t per_second, bool trim, char* to) {
  const std::int64_t nanoseconds = fraction * (1'000'000'000 / per_second);
  if (trim && nanoseconds == 0) return to;
  *to++ = '.';
  if (!trim && nanoseconds % 1'000 == 0) return put_padded(nanoseconds / 1'000, 6, to);
  to = put_padded(nanoseconds, 9, to);
  while (trim && to[-1] == '0') --to;
  return to;
}

char* put_date(std::int64_t days, char* to) {
  // Howard Hinnant's civil_from_days, in 64 bits:
  // https://howardhinnant.github.io/date_algorithms.html
  const auto [era, day_of_era] = floor_divide(days + 719'468, 146'097);
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) /
      365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) {
    *to++ = '-';
    year = -year;
  }
  if (year <= 9999) {
    to = put_two(year % 100, put_two(year / 100, to));
  } else {
    to = std::to_chars(to, to + 20, year).ptr;
  }
  *to++ = '-';
  to = put_two(month, to);
  *to++ = '-';
  return put_two(day, to);
}

char* put_time(std::int64_t seconds, std::int64_t fraction, std::int64_t per_second,
               bool trim, char* to) {
  to = put_two(seconds / 3'600, to);
  *to++ = ':';
  to = put_two(seconds / 60 % 60, to);
  *to++ = ':';
  return put_fraction(fraction, per_second, trim, put_two(seconds % 60, to));
}

// PostgreSQL's choice between 1500 and 1.5e+03: an exponent below -4, or from `largest`
// on (src/common/d2s.c, f2s.c).
template <typename Float>
void append_floating(Float value, int largest, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char text[40];
  const char* const end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const char* mark = end;
  while (*--mark != 'e') {
  }
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  if (exponent < -4 || exponent >= largest) {
    out.append(text, static_cast<std::size_t>(end - text));
    return;
  }
  const char* digits = text;
  if (*digits == '-') out += *digits++;
  std::array<char, 24> plain{};  // the digits without their point
  std::size_t count = 0;
  for (const char* c = digits; c != mark; ++c) {
    if (*c != '.') plain[count++] = *c;
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out.append(plain.data(), count);
    return;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (count <= whole) {
    out.append(plain.data(), count).append(whole - count, '0');
    return;
  }
  out.append(plain.data(), whole)
      .append(1, '.')
      .append(plain.data() + whole, count - whole);
}

// One field of an interval, as AddPostgresInt in PostgreSQL's
// src/backend/utils/adt/datetime.c.
struct IntervalText {
  std::string& out;
  bool empty = true;
  bool negative_before = false;

  void add(std::int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (!empty) out += ' ';
    if (negative_before && value > 0) out += '+';
    append_integer(value, out);
    out += ' ';
    out += unit;
    if (value != 1) out += 's';
    negative_before = value < 0;
    empty = false;
  }
};

void append_clock(std::int64_t value, std::int64_t per_second, std::string_view plus,
                  std::string& out) {
  // Divided before the sign is dropped: the least int64 has no positive twin.
  const std::int64_t seconds = std::abs(value / per_second);
  const std::int64_t fraction = std::abs(value % per_second);
  out += value < 0 ? "-" : plus;
  char text[32];
  char* to = text;
  if (const std::int64_t hours = seconds / 3'600; hours < 100) {
    to = put_two(hours, to);
  } else {
    to = std::to_chars(to, to + 20, hours).ptr;
  }
  *to++ = ':';
  to = put_two(seconds / 60 % 60, to);
  *to++ = ':';
  out.append(text, put_fraction(fraction, per_second, true, put_two(seconds % 60, to)));
}

}  // namespace

void append_double(double value, std::string& out) { append_floating(value, 15, out); }
void append_float(float value, std::string& out) { append_floating(value, 6, out); }

void append_decimal(std::string_view digits, std::int32_t scale, std::string& out) {
  if (digits.starts_with('-')) {
    out += '-';
    digits.remove_prefix(1);
  }
  if (scale <= 0) {
    out += digits;
    if (digits != "0") out.append(static_cast<std::size_t>(-scale), '0');
    return;
  }
  const auto places = static_cast<std::size_t>(scale);
  if (digits.size() > places) {
    out += digits.substr(0, digits.size() - places);
    out += '.';
    out += digits.substr(digits.size() - places);
  } else {
    out += "0.";
    out.append(places - digits.size(), '0');
    out += digits;
  }
}

void append_date(std::int64_t days, std::string& out) {
  char text[40];
  out.append(text, put_date(days, text));
}

void append_time(std::int64_t value, arrow::TimeUnit::type unit, const TimeStyle& style,
                 std::string& out) {
  const std::int64_t per_second = units_per_second(unit);
  if (value < 0 ||
      value / per_second > 86'400) {  // no time of day: only a broken producer has one
    append_duration(value, unit, out);
    return;
  }
  char text[40];
  out.append(text, put_time(value / per_second, value % per_second, per_second,
                            style.trim_fraction, text));
}

void append_timestamp(std::int64_t value, arrow::TimeUnit::type unit,
                      const TimeStyle& style, std::string& out) {
  const std::int64_t per_second = units_per_second(unit);
  const auto [total_seconds, fraction] = floor_divide(value, per_second);
  const auto [days, seconds] = floor_divide(total_seconds, 86'400);
  char text[64];
  char* to = put_date(days, text);
  *to++ = style.separator;
  out.append(text, put_time(seconds, fraction, per_second, style.trim_fraction, to));
  out += style.zone_suffix;
}

void append_interval(std::int64_t months, std::int64_t days, std::int64_t nanoseconds,
                     std::string& out) {
  IntervalText text{out};
  text.add(months / 12, "year");
  text.add(months % 12, "mon");
  text.add(days, "day");
  if (!text.empty && nanoseconds == 0) return;
  if (!text.empty) out += ' ';
  append_clock(nanoseconds, 1'000'000'000, text.negative_before ? "+" : "", out);
}

void append_duration(std::int64_t value, arrow::TimeUnit::type unit, std::string& out) {
  append_clock(value, units_per_second(unit), "", out);
}

void append_hex(std::string_view bytes, std::string& out) {
  out += "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

void append_uuid(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  while (true) {
    const auto at = text.find('"');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    out += "\"\"";
    text.remove_prefix(at + 1);
  }
  out += '"';
}

}  // namespace penstock
