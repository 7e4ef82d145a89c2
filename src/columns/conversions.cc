#include "columns/conversions.h"

#include <algorithm>
#include <array>
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
  std::int64_t micros = std::int64_t{*hour * 60 + *minute} * 60 * kMicrosPerSecond;
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
  const std::int64_t micros = std::int64_t{*hour * 60 + *minute} * 60 * kMicrosPerSecond;
  return east ? micros : -micros;
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
  const std::int64_t millis = std::llround(julian_day * 86'400'000.0);
  constexpr std::int64_t kUnixEpochMillis = 210'866'760'000'000;  // Julian day 2440587.5
  return (millis - kUnixEpochMillis) * 1000;
}

Int128 power_of_ten(int exponent) {
  static constexpr auto kPowers = [] {
    std::array<Int128, 39> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[static_cast<std::size_t>(exponent)];
}

std::optional<Int128> decimal_from_int(std::int64_t value, int precision, int scale) {
  // The digits before the point must fit precision - scale; checked first, so that the
  // product cannot overflow.
  const Int128 limit = power_of_ten(precision - scale);
  if (value <= -limit || value >= limit) return std::nullopt;
  return value * power_of_ten(scale);
}

std::optional<std::string> decimal_digits(std::string_view text, int precision,
                                          int scale) {
  const bool negative = take(&text, '-');
  if (!negative) take(&text, '+');
  std::int64_t exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view tail = text.substr(e + 1);
    const bool plus = take(&tail, '+');
    const auto [end, error] =
        std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
    if (error != std::errc() || end != tail.data() + tail.size()) return std::nullopt;
    if ((plus && tail.front() == '-') || exponent < -1000 || exponent > 1000) {
      return std::nullopt;
    }
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  std::string digits(text.substr(0, point));
  if (point != std::string_view::npos) {
    digits += text.substr(point + 1);
    exponent -= static_cast<std::int64_t>(text.size() - point - 1);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits == "0") return digits;
  const auto last = digits.find_last_not_of('0');
  exponent += static_cast<std::int64_t>(digits.size() - 1 - last);
  digits.resize(last + 1);
  const std::int64_t zeros = exponent + scale;
  if (zeros < 0 || static_cast<std::int64_t>(digits.size()) + zeros > precision)
    return std::nullopt;
  digits.append(static_cast<std::size_t>(zeros), '0');
  return negative ? "-" + digits : digits;
}

Int128 integer_from_digits(std::string_view digits) {
  const bool negative = take(&digits, '-');
  Int128 value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return negative ? -value : value;
}

std::string nearest_decimal_text(double value, int scale) {
  std::array<char, 512> text{};  // at most 309 digits, a point and 76 more
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, scale)
                       .ptr;
  return {text.data(), end};
}

std::string text_from_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  // Digits alone where they are few, as most people would write them.
  const double size = std::fabs(value);
  const bool plain = value == 0 || (size >= 1e-4 && size < 1e16);
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  std::string out(text.data(), end);
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
