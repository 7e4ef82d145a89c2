#include "base/moments.h"

#include <charconv>
#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace penstock {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

std::string fraction(std::int64_t micros) {
  if (micros == 0) return "";
  std::string text = fmt::format(".{:06}", micros);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

// Reads from the front of a text.
struct Reader {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  // 1 to `most` digits; exactly `most` if `least` says so.
  std::optional<std::int64_t> digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    while (count < most && count < rest.size() && rest[count] >= '0' &&
           rest[count] <= '9') {
      ++count;
    }
    if (count < least || count == 0) return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(rest.data(), rest.data() + count, value);
    rest.remove_prefix(count);
    return value;
  }
  // What stands after a point, in microseconds; nothing for more than six digits that are
  // not zero.
  std::optional<std::int64_t> micros() {
    if (!take('.')) return 0;
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; ++count) {
      const int digit = rest.front() - '0';
      if (count < 6) {
        value = value * 10 + digit;
      } else if (digit != 0) {
        return std::nullopt;
      }
      rest.remove_prefix(1);
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) value *= 10;
    return value;
  }
};

std::optional<Date> read_date(Reader& in) {
  const auto year = in.digits(4, 4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.digits(2, 2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.digits(2, 2);
  if (!day || *year == 0) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(*month)),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Date{
      static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count())};
}

// HH:MM[:SS[.f]].
std::optional<std::int64_t> read_clock(Reader& in, std::int64_t most_hours,
                                       bool needs_seconds) {
  const auto hours = in.digits(needs_seconds ? 1 : 2, most_hours > 99 ? 9 : 2);
  if (!hours || *hours > most_hours || !in.take(':')) return std::nullopt;
  const auto minutes = in.digits(2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  std::int64_t micros = *hours * kHour + *minutes * kMinute;
  if (!in.take(':')) return needs_seconds ? std::nullopt : std::optional(micros);
  const auto seconds = in.digits(2, 2);
  const auto rest = seconds ? in.micros() : std::nullopt;
  if (!seconds || *seconds > 59 || !rest) return std::nullopt;
  return micros + *seconds * kSecond + *rest;
}

std::optional<std::int64_t> times(std::int64_t count, std::int64_t unit) {
  if (count > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return count * unit;
}

// PnWnDTnHnMn.nS, without the sign.
std::optional<std::int64_t> read_iso(Reader in) {
  if (!in.take('P') || in.rest.empty()) return std::nullopt;
  std::int64_t sum = 0;
  bool time = false;
  bool any = false;
  while (!in.rest.empty()) {
    if (!time && in.take('T')) {
      time = true;
      continue;
    }
    const auto count = in.digits(1, 12);
    const auto part = count ? in.micros() : std::nullopt;
    if (!part || in.rest.empty()) return std::nullopt;
    const char letter = in.rest.front();
    in.rest.remove_prefix(1);
    const std::int64_t unit = !time && letter == 'W'   ? 7 * kDay
                              : !time && letter == 'D' ? kDay
                              : time && letter == 'H'  ? kHour
                              : time && letter == 'M'  ? kMinute
                              : time && letter == 'S'  ? kSecond
                                                       : 0;
    if (unit == 0 || (*part != 0 && unit != kSecond)) return std::nullopt;
    const auto micros = times(*count, unit);
    if (!micros || *micros > std::numeric_limits<std::int64_t>::max() - sum - *part)
      return std::nullopt;
    sum += *micros + *part;
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

std::optional<std::int64_t> read_seconds(Reader in) {
  const auto seconds = in.digits(1, 13);
  const auto rest = seconds ? in.micros() : std::nullopt;
  if (!rest || !in.rest.empty()) return std::nullopt;
  return times(*seconds, kSecond).value_or(0) + *rest;
}

// "[N day[s][,] ]HH:MM:SS".
std::optional<std::int64_t> read_days(Reader in) {
  std::int64_t sum = 0;
  if (const auto at = in.rest.find("day"); at != std::string_view::npos) {
    const auto days = in.digits(1, 9);
    in.rest = trim(in.rest);
    if (!days || !in.rest.starts_with("day")) return std::nullopt;
    in.rest.remove_prefix(3);
    in.take('s');
    in.take(',');
    in.rest = trim(in.rest);
    sum = *days * kDay;
    if (in.rest.empty()) return sum;
  }
  const auto clock = read_clock(in, 999'999'999, true);
  if (!clock || !in.rest.empty()) return std::nullopt;
  return sum + *clock;
}

}  // namespace

std::string text_of(const Date& date) {
  const std::chrono::year_month_day day{
      std::chrono::sys_days(std::chrono::days(date.days))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string text_of(const DateTime& time) {
  std::int64_t days = time.micros / kDay;
  std::int64_t rest = time.micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  return fmt::format("{} {:02}:{:02}:{:02}{}{}",
                     text_of(Date{static_cast<std::int32_t>(days)}), rest / kHour,
                     rest / kMinute % 60, rest / kSecond % 60, fraction(rest % kSecond),
                     time.utc ? "+00:00" : "");
}

std::string seconds_text(const TimeDelta& delta) {
  const bool negative = delta.micros < 0;
  const auto size = negative ? ~static_cast<std::uint64_t>(delta.micros) + 1
                             : static_cast<std::uint64_t>(delta.micros);
  constexpr auto kUnsigned = static_cast<std::uint64_t>(kSecond);
  return fmt::format("{}{}{}", negative ? "-" : "", size / kUnsigned,
                     fraction(static_cast<std::int64_t>(size % kUnsigned)));
}

std::string clock_text(const TimeDelta& delta) {
  const std::int64_t size = delta.micros < 0 ? -delta.micros : delta.micros;
  return fmt::format("{}{:02}:{:02}:{:02}{}", delta.micros < 0 ? "-" : "", size / kHour,
                     size / kMinute % 60, size / kSecond % 60, fraction(size % kSecond));
}

std::optional<Date> date_from_text(std::string_view text) {
  Reader in{text};
  const auto date = read_date(in);
  return in.rest.empty() ? date : std::nullopt;
}

std::optional<DateTime> datetime_from_text(std::string_view text) {
  Reader in{text};
  const auto date = read_date(in);
  if (!date) return std::nullopt;
  DateTime time{date->days * kDay, false};
  if (in.rest.empty()) return time;
  if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
  const auto clock = read_clock(in, 23, false);
  if (!clock) return std::nullopt;
  time.micros += *clock;
  if (in.rest.empty()) return time;
  time.utc = true;
  if (in.take('Z') || in.take('z'))
    return in.rest.empty() ? std::optional(time) : std::nullopt;
  const bool west = in.take('-');
  if (!west && !in.take('+')) return std::nullopt;
  const auto zone = read_clock(in, 23, false);
  if (!zone || !in.rest.empty()) return std::nullopt;
  time.micros += west ? *zone : -*zone;
  // A year that no text of ours has.
  const bool fits =
      time.micros >= -62'135'596'800 * kSecond && time.micros < 253'402'300'800 * kSecond;
  return fits ? std::optional(time) : std::nullopt;
}

std::optional<TimeDelta> timedelta_from_text(std::string_view text) {
  const bool negative = text.starts_with('-');
  Reader in{negative ? text.substr(1) : text};
  if (!negative) in.take('+');
  std::optional<std::int64_t> micros = read_iso(in);
  if (!micros) micros = read_seconds(in);
  if (!micros) micros = read_days(in);
  if (!micros) return std::nullopt;
  return TimeDelta{negative ? -*micros : *micros};
}

}  // namespace penstock
