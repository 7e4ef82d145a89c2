// What resolve_dsn is made of: the two shapes of DSN, arguments, a service file.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/dsn.h"

namespace penstock {

/// For a message: where a DSN stands, by the variable it came from.
std::string place_of_dsn(const std::string& variable);
/// Throws Error{kDataSource}: "the DSN in env var X <what>".
[[noreturn]] void refuse_dsn(const std::string& variable, std::string_view code,
                             std::string_view what, std::string_view hint);

/// What stands where an option's name belongs may be the rest of a password: only a plain
/// word is given back, else "...".
std::string_view safe_option_name(std::string_view name);

/// The query keys that a network dialect's DSN may have. Everything else either changes
/// where we dial, what we send or what a session does, and is refused by name. service
/// and unix_socket are among them so that the guard can refuse them in the document's
/// words (RS-017).
const std::vector<std::string>& allowed_options(std::string_view dialect);

/// A port, or 0 for what is no number from 1 to 65535.
int port_of(std::string_view text);

/// A number of seconds above 0 and at most a day; nothing for anything else.
std::optional<std::chrono::milliseconds> seconds_of(std::string_view text);

/// What stands after "sqlite://".
void parse_sqlite_dsn(std::string_view rest, Dsn* dsn);
/// What stands after "postgresql://" or "mysql://".
void parse_network_dsn(std::string_view rest, Dsn* dsn);

/// Puts a connection's arguments over what the DSN says (FT-008).
void apply_arguments(const ConnectionConfig& connection, Dsn* dsn);

/// Replaces `service` by what the service file says of it, as libpq does
/// (https://www.postgresql.org/docs/15/libpq-pgservice.html): the file that PGSERVICEFILE
/// names, else ~/.pg_service.conf; where that does not have the service, pg_service.conf
/// in PGSYSCONFDIR or the system's folder. What the DSN says wins. Its keys are those
/// that a DSN may have, and no other service. No driver ever sees the name.
///
/// Throws Error{kDataSource}: "service_not_found", "service_file" for a file that cannot
/// be read or is none, "service_option" for a key, each with the file and its line.
void apply_service(const Environment& environment, Dsn* dsn);

/// Turns PostgreSQL's `options` into settings: what the server takes on its command line
/// ("-c search_path=shop"; a backslash escapes a blank,
/// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNECT-OPTIONS), but only
/// settings that change neither what a session may do nor how its values are read. Throws
/// Error{kDataSource}, code "dsn_option", for any other, by its name and with the list.
void apply_settings(Dsn* dsn);

}  // namespace penstock
