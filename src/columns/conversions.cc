#include "columns/conversions.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace penstock {
namespace {

// Reads a fixed number of digits off the front.
std::optional<int> take_digits(std::string_view* text, int count) {
  int value = 0;
  if (text->size() < static_cast<std::size_t>(count)) return std::nullopt;
  for (int i = 0; i < count; ++i) {
    const char c = (*text)[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(static_cast<std::size_t>(count));
  return value;
}

bool take(std::string_view* text, char expected) {
  if (!text->starts_with(expected)) return false;
  text->remove_prefix(1);
  return true;
}

// The digits after a decimal point; past the sixth only zeros are exact.
std::optional<std::int64_t> take_fraction_us(std::string_view* text) {
  std::int64_t micros = 0;
  int digits = 0;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    const int digit = text->front() - '0';
    if (digits < 6) {
      micros = micros * 10 + digit;
    } else if (digit != 0) {
      return std::nullopt;
    }
    ++digits;
    text->remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::optional<std::int64_t> take_time_us(std::string_view* text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t micros = (*hour * 60 + *minute) * 60 * kMicrosPerSecond;
  if (!take(text, ':')) return micros;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  micros += *second * kMicrosPerSecond;
  if (!take(text, '.')) return micros;
  const auto fraction = take_fraction_us(text);
  if (!fraction) return std::nullopt;
  return micros + *fraction;
}

// Nothing left, "Z", or an offset; the offset in microseconds.
std::optional<std::int64_t> take_zone_us(std::string_view* text) {
  if (text->empty()) return 0;
  if (take(text, 'Z')) return 0;
  const bool east = text->front() == '+';
  if (!east && text->front() != '-') return std::nullopt;
  text->remove_prefix(1);
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 14 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const std::int64_t micros = (*hour * 60 + *minute) * 60 * kMicrosPerSecond;
  return east ? micros : -micros;
}

bool has_digits(Int128 value, int precision) {
  const Int128 limit = power_of_ten(precision);
  return value > -limit && value < limit;
}

}  // namespace

std::optional<std::int32_t> parse_date(std::string_view text) {
  std::int32_t days = 0;
  if (text.size() != 10 || !read_date(text.data(), &days)) return std::nullopt;
  return days;
}

std::optional<std::int64_t> parse_time_us(std::string_view text) {
  const auto micros = take_time_us(&text);
  return text.empty() ? micros : std::nullopt;
}

std::optional<std::int64_t> parse_timestamp_us(std::string_view text) {
  const auto days = parse_date(text.substr(0, 10));
  if (!days) return std::nullopt;
  text.remove_prefix(10);
  std::int64_t micros = *days * kMicrosPerDay;
  if (text.empty()) return micros;
  if (!take(&text, ' ') && !take(&text, 'T')) return std::nullopt;
  const auto time = take_time_us(&text);
  if (!time) return std::nullopt;
  const auto zone = take_zone_us(&text);
  if (!zone || !text.empty()) return std::nullopt;
  return micros + *time - *zone;
}

std::optional<std::int64_t> timestamp_us_from_julian_day(double julian_day) {
  // SQLite's own range of Julian days: 0 is -4713-11-24, 5373484.5 is 9999-12-31 24:00.
  if (!(julian_day >= 0.0 && julian_day < 5373484.5)) return std::nullopt;
  const auto millis = static_cast<std::int64_t>(julian_day * 86'400'000.0 + 0.5);
  constexpr std::int64_t kUnixEpochMillis = 210'866'760'000'000;  // Julian day 2440587.5
  return (millis - kUnixEpochMillis) * 1000;
}

Int128 power_of_ten(int exponent) {
  Int128 value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

std::optional<Int128> decimal_from_int(std::int64_t value, int precision, int scale) {
  // The digits before the point must fit precision - scale; checked first, so that the
  // product cannot overflow.
  if (!has_digits(value, precision - scale)) return std::nullopt;
  return value * power_of_ten(scale);
}

std::optional<Int128> decimal_from_text(std::string_view text, int precision, int scale) {
  const bool negative = take(&text, '-');
  if (!negative) take(&text, '+');
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view tail = text.substr(e + 1);
    take(&tail, '+');
    const auto [end, error] =
        std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
    if (error != std::errc() || end != tail.data() + tail.size()) return std::nullopt;
    if (exponent < -1000 || exponent > 1000) return std::nullopt;
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  std::string digits(text.substr(0, point));
  if (point != std::string_view::npos) {
    digits += text.substr(point + 1);
    exponent -= static_cast<int>(text.size() - point - 1);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  while (digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits == "0") return Int128{0};
  const int zeros = exponent + scale;
  if (zeros < 0 || static_cast<int>(digits.size()) + zeros > precision)
    return std::nullopt;
  digits.append(static_cast<std::size_t>(zeros), '0');
  Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return negative ? -value : value;
}

std::optional<Int128> decimal_from_double(double value, int precision, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  char text[64];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return decimal_from_text({text, static_cast<std::size_t>(end - text)}, precision,
                           scale);
}

std::optional<Int128> nearest_decimal(double value, int precision, int scale) {
  const double scaled = std::nearbyint(value * std::pow(10.0, scale));
  if (!(std::fabs(scaled) < 1.0e38)) return std::nullopt;
  const auto integer = static_cast<Int128>(scaled);
  if (!has_digits(integer, precision)) return std::nullopt;
  return integer;
}

std::string text_from_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char text[64];
  std::string out(text, std::to_chars(text, text + sizeof(text), value).ptr);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    std::size_t length = std::min<std::size_t>(4, bytes.size());
    while (length > 0 && !(is_valid_utf8(bytes.substr(0, length)))) --length;
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      length = 1;
    } else {
      out += bytes.substr(0, length);
    }
    bytes.remove_prefix(length);
  }
  return out;
}

}  // namespace penstock
