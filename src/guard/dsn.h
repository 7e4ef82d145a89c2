// A data source name, taken apart once. Its errors give an offset, never the text.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "penstock/environment.h"
#include "penstock/query.h"
#include "penstock/secret.h"

namespace penstock {

struct Dsn {
  std::string dialect;   // "postgresql", "mysql", "sqlite": the canonical name
  std::string variable;  // the environment variable it came from
  std::string user;
  Secret password;
  std::string host;
  int port = 0;
  std::string database;  // SQLite: the file's path, empty for a database in memory
  std::map<std::string, std::string> options;  // the query keys, decoded; SQLite: only the allowed ones
};

/// Takes a DSN apart. Throws Error{kDataSource}: RS-011's message for an unknown dialect; for SQLite also an unknown
/// query key (named with the list) or a form that RS-010 does not have.
Dsn parse_dsn(const Secret& text, const std::string& variable);

/// Reads and parses the DSN of `connection` (RS-003). Throws RS-004's message if the variable is unset or blank.
Dsn resolve_dsn(const ConnectionConfig& connection, const Environment& environment);

}  // namespace penstock
