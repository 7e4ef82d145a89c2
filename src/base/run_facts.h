// What every receipt begins with.
#pragma once

#include <string>

namespace penstock {

/// Now, as RFC 3339 in UTC with milliseconds.
std::string utc_now();

/// 32 hex digits at random.
std::string new_run_id();

}  // namespace penstock
