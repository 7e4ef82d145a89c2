// The two shapes of DSN, behind parse_dsn.
#pragma once

#include <string>
#include <string_view>

#include "guard/dsn.h"

namespace penstock {

/// Throws Error{kDataSource}: "the DSN in env var X <what>".
[[noreturn]] void refuse_dsn(const std::string& variable, std::string_view code,
                             std::string_view what, std::string_view hint);

/// What stands where an option's name belongs may be the rest of a password: only a plain
/// word is given back, else "...".
std::string_view safe_option_name(std::string_view name);

/// What stands after "sqlite://".
void parse_sqlite_dsn(std::string_view rest, Dsn* dsn);
/// What stands after "postgresql://" or "mysql://".
void parse_network_dsn(std::string_view rest, Dsn* dsn);

}  // namespace penstock
