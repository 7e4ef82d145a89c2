// What a program that holds secrets does to its own process. For main() only, before a
// second thread exists.
#pragma once

#include <initializer_list>
#include <string_view>

namespace penstock {

/// No core dump of this process will be written: it would hold the DSN.
void forbid_core_dumps() noexcept;

/// Overwrites the value of every environment variable whose name starts with one of
/// `prefixes`, where it stands, so that neither /proc/self/environ nor getenv() shows it
/// any more. Copies taken before (Environment::of_process()) keep it.
void overwrite_environment(std::initializer_list<std::string_view> prefixes) noexcept;

/// Removes every variable that libpq and libmariadb read by themselves (PG*, MYSQL_*,
/// MARIADB_*, LIBMYSQL_*): none of them may change where we dial or what we send.
void remove_driver_variables() noexcept;

}  // namespace penstock
