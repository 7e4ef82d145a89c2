// Days, times and lengths of time as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "penstock/value.h"

namespace penstock {

/// "2026-01-31".
std::string text_of(const Date& date);
/// "2026-01-31 12:30:05", with ".000001" where there are microseconds and "+00:00" for a
/// moment.
std::string text_of(const DateTime& time);
/// "-1 day 02:03:04.5" is never written: "93784.5" seconds, of either sign, without zeros
/// at the end.
std::string seconds_text(const TimeDelta& delta);
/// "[-]HHH:MM:SS[.ffffff]".
std::string clock_text(const TimeDelta& delta);

/// YYYY-MM-DD of a day that exists, years 0001 to 9999.
std::optional<Date> date_from_text(std::string_view text);
/// A day, then 'T' or a blank, HH:MM[:SS[.f...]], then nothing (a clock's reading), Z or
/// +HH:MM (a moment). A day alone is its midnight. Fractions past microseconds are not
/// read: nothing is rounded.
std::optional<DateTime> datetime_from_text(std::string_view text);
/// [-]seconds[.f], [-][N day[s],] HH:MM:SS[.f], or ISO 8601's [-]PnDTnHnMnS (weeks too;
/// no months or years, whose length is not fixed).
std::optional<TimeDelta> timedelta_from_text(std::string_view text);

}  // namespace penstock
