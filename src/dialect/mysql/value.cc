#include "dialect/mysql/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace penstock::mysql {
namespace {

constexpr int kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

int days_in(int year, int month) {
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kMonthDays[month - 1];
}

int byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

template <typename T>
std::optional<std::string> integer_text(std::string_view bytes) {
  if (bytes.size() != sizeof(T)) return std::nullopt;
  return fmt::format("{:d}", read_little<T>(bytes.data()));
}

template <typename T>
std::optional<std::string> float_text(std::string_view bytes) {
  if (bytes.size() != sizeof(T)) return std::nullopt;
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), read_little<T>(bytes.data()))
          .ptr;
  return std::string(text.data(), end);
}

std::string fraction_text(int micros, unsigned decimals) {
  if (decimals == 0 || decimals > 6)
    return micros == 0 ? "" : fmt::format(".{:06}", micros);
  return "." + fmt::format("{:06}", micros).substr(0, decimals);
}

std::optional<std::string> date_time_text(enum_field_types type, unsigned decimals,
                                          std::string_view bytes) {
  const auto value = read_date_time(bytes);
  if (!value) return std::nullopt;
  std::string day =
      fmt::format("{:04}-{:02}-{:02}", value->year, value->month, value->day);
  if (type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE) return day;
  return fmt::format("{} {:02}:{:02}:{:02}{}", day, value->hour, value->minute,
                     value->second, fraction_text(value->micros, decimals));
}

std::optional<std::string> time_text(unsigned decimals, std::string_view bytes) {
  const auto micros = read_time_us(bytes);
  if (!micros) return std::nullopt;
  const std::int64_t size = std::abs(*micros);
  const std::int64_t seconds = size / kMicrosPerSecond;
  return fmt::format("{}{:02}:{:02}:{:02}{}", *micros < 0 ? "-" : "", seconds / 3600,
                     seconds / 60 % 60, seconds % 60,
                     fraction_text(static_cast<int>(size % kMicrosPerSecond), decimals));
}

}  // namespace

int fixed_size(enum_field_types type) noexcept {
  switch (type) {
    case MYSQL_TYPE_TINY:
      return 1;
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_YEAR:
      return 2;
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_FLOAT:
      return 4;
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_DOUBLE:
      return 8;
    default:
      return 0;
  }
}

bool DateTime::is_day() const {
  return month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

DateTime DateTime::nearest() const {
  DateTime moved = *this;
  moved.month = std::clamp(month, 1, 12);
  moved.day = std::clamp(day, 1, days_in(year, moved.month));
  return moved;
}

std::optional<DateTime> read_date_time(std::string_view bytes) {
  DateTime value;
  const std::size_t size = bytes.size();
  if (size != 0 && size != 4 && size != 7 && size != 11) return std::nullopt;
  if (size >= 4) {
    value.year = read_little<std::uint16_t>(bytes.data());
    value.month = byte_at(bytes, 2);
    value.day = byte_at(bytes, 3);
  }
  if (size >= 7) {
    value.hour = byte_at(bytes, 4);
    value.minute = byte_at(bytes, 5);
    value.second = byte_at(bytes, 6);
  }
  if (size == 11) {
    const auto micros = read_little<std::uint32_t>(bytes.data() + 7);
    if (micros >= kMicrosPerSecond) return std::nullopt;
    value.micros = static_cast<int>(micros);
  }
  if (value.year > 9999 || value.month > 12 || value.day > 31 || value.hour > 23 ||
      value.minute > 59 || value.second > 59) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> read_time_us(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (bytes.size() != 8 && bytes.size() != 12) return std::nullopt;
  const auto days = read_little<std::uint32_t>(bytes.data() + 1);
  const int hours = byte_at(bytes, 5);
  const int minutes = byte_at(bytes, 6);
  const int seconds = byte_at(bytes, 7);
  std::uint32_t micros = 0;
  if (bytes.size() == 12) micros = read_little<std::uint32_t>(bytes.data() + 8);
  if (days > 10'000 || hours > 23 || minutes > 59 || seconds > 59 ||
      micros >= kMicrosPerSecond) {
    return std::nullopt;
  }
  const std::int64_t size = days * kMicrosPerDay +
                            ((hours * 60LL + minutes) * 60 + seconds) * kMicrosPerSecond +
                            micros;
  return bytes[0] != 0 ? -size : size;
}

std::optional<std::uint64_t> read_bits(std::string_view bytes) {
  if (bytes.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value = value << 8 | static_cast<std::uint64_t>(byte_at(bytes, i));
  return value;
}

std::optional<std::string> text_of(enum_field_types type, bool is_unsigned,
                                   unsigned decimals, std::string_view bytes) {
  switch (type) {
    case MYSQL_TYPE_TINY:
      return is_unsigned ? integer_text<std::uint8_t>(bytes)
                         : integer_text<std::int8_t>(bytes);
    case MYSQL_TYPE_SHORT:
      return is_unsigned ? integer_text<std::uint16_t>(bytes)
                         : integer_text<std::int16_t>(bytes);
    case MYSQL_TYPE_YEAR:
      if (bytes.size() != 2) return std::nullopt;
      return fmt::format("{:04}", read_little<std::uint16_t>(bytes.data()));
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
      return is_unsigned ? integer_text<std::uint32_t>(bytes)
                         : integer_text<std::int32_t>(bytes);
    case MYSQL_TYPE_LONGLONG:
      return is_unsigned ? integer_text<std::uint64_t>(bytes)
                         : integer_text<std::int64_t>(bytes);
    case MYSQL_TYPE_FLOAT:
      return float_text<float>(bytes);
    case MYSQL_TYPE_DOUBLE:
      return float_text<double>(bytes);
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
      return date_time_text(type, decimals, bytes);
    case MYSQL_TYPE_TIME:
      return time_text(decimals, bytes);
    case MYSQL_TYPE_BIT: {
      const auto bits = read_bits(bytes);
      return bits ? std::optional(fmt::format("{}", *bits)) : std::nullopt;
    }
    default:
      return std::string(bytes);
  }
}

std::optional<double> double_of(enum_field_types type, bool is_unsigned,
                                std::string_view bytes) {
  if (type == MYSQL_TYPE_FLOAT) {
    if (bytes.size() != sizeof(float)) return std::nullopt;
    return static_cast<double>(read_little<float>(bytes.data()));
  }
  if (type == MYSQL_TYPE_DOUBLE) {
    if (bytes.size() != sizeof(double)) return std::nullopt;
    return read_little<double>(bytes.data());
  }
  const auto text = text_of(type, is_unsigned, 0, bytes);
  if (!text) return std::nullopt;
  double value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (stop != end || error != std::errc()) return std::nullopt;
  return value;
}

std::string nearest_decimal(std::string_view text, int scale) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return std::string(text);
  const std::size_t kept = point + 1 + static_cast<std::size_t>(scale);
  if (kept >= text.size()) return std::string(text);
  const bool up = text[kept] >= '5';
  std::string number(text.substr(0, kept));
  for (std::size_t i = number.size(); up && i > 0; --i) {
    char& digit = number[i - 1];
    if (digit == '.') continue;
    if (digit == '-') {
      number.insert(1, 1, '1');
      return number;
    }
    if (digit != '9') {
      ++digit;
      return number;
    }
    digit = '0';
    if (i == 1) number.insert(0, 1, '1');
    if (i == 1) break;
  }
  return number;
}

}  // namespace penstock::mysql
