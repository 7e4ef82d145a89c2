// Single values as text: the spelling that CSV, JSON lines and the terminal share.
//
// Numbers, intervals and what stands in lists are spelled as PostgreSQL spells them,
// dates and times by ISO 8601. Years have at least four digits, a minus before year 0
// (the year before 1), and no plus above 9999. Every function appends.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

namespace penstock {

template <typename Integer>
void append_integer(Integer value, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

/// The fewest digits that read back as the same number; NaN, Infinity, -Infinity.
void append_double(double value, std::string& out);
void append_float(float value, std::string& out);

/// Puts the point into an integer's digits; never an exponent.
void append_decimal(std::string_view digits, std::int32_t scale, std::string& out);

/// How a day and a time of day are put together.
struct TimeStyle {
  char separator = ' ';
  bool trim_fraction =
      false;  // as PostgreSQL prints them; else six digits, nine where a value needs them
  std::string_view zone_suffix;  // after a timestamp that has a zone
};

void append_date(std::int64_t days, std::string& out);
/// A time of day; 24:00:00 is one.
void append_time(std::int64_t value, arrow::TimeUnit::type unit, const TimeStyle& style,
                 std::string& out);
void append_timestamp(std::int64_t value, arrow::TimeUnit::type unit,
                      const TimeStyle& style, std::string& out);
/// PostgreSQL's intervalstyle "postgres": "1 mon -1 days +00:00:00.000001".
void append_interval(std::int64_t months, std::int64_t days, std::int64_t nanoseconds,
                     std::string& out);
/// A span of time without days: "-838:59:59.5".
void append_duration(std::int64_t value, arrow::TimeUnit::type unit, std::string& out);

/// \x and lower-case hex.
void append_hex(std::string_view bytes, std::string& out);
/// Sixteen bytes as 8-4-4-4-12 hex digits.
void append_uuid(std::string_view bytes, std::string& out);

/// `text` in quotes, each quote in it doubled.
void append_quoted(std::string_view text, std::string& out);

}  // namespace penstock
