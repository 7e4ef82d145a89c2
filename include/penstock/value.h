// Stage: base. A parameter's value: what may be bound, never what may be spliced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace penstock {

/// A day of the proleptic Gregorian calendar; 0001-01-01 to 9999-12-31 can be bound.
struct Date {
  std::int32_t days = 0;  // since 1970-01-01
  friend bool operator==(const Date&, const Date&) = default;
};

/// A day and a time of day, to the microsecond.
struct DateTime {
  std::int64_t micros = 0;  // since 1970-01-01 00:00:00
  bool utc = false;         // a moment, in UTC; else a clock's reading of no known zone
  friend bool operator==(const DateTime&, const DateTime&) = default;
};

/// A length of time, of either sign, to the microsecond.
struct TimeDelta {
  std::int64_t micros = 0;
  friend bool operator==(const TimeDelta&, const TimeDelta&) = default;
};

/// Bytes that are not text.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// NULL, bool, 64-bit integer, double or UTF-8 text (RS-006, RS-008); of tasks also a
/// day, a time, a length of time and bytes (FT-004).
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Date,
                           DateTime, TimeDelta, Bytes>;

/// Parameter name (without the colon) -> value.
using Params = std::map<std::string, Value, std::less<>>;

/// "null", "bool", "int", "float", "str", "date", "datetime", "timedelta" or "bytes".
std::string_view type_name(const Value& value) noexcept;

}  // namespace penstock
