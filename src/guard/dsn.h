// A data source name, taken apart once. Its errors give an offset, never the text.
#pragma once

#include <string>

#include "penstock/connection.h"
#include "penstock/environment.h"
#include "penstock/secret.h"

namespace penstock {

struct Dsn {
  std::string dialect;   // "postgresql", "mysql" or "sqlite": the canonical name
  std::string variable;  // the environment variable it came from
  std::string path;      // SQLite: the file as written; empty: a database in memory
};

/// Takes a DSN apart (RS-010). Throws Error{kDataSource}: RS-011's message for an unknown
/// dialect; for SQLite also a query key that is not allowed (named, with the list) and
/// every other form.
Dsn parse_dsn(const Secret& text, const std::string& variable);

/// Reads and parses the DSN that `connection` names (RS-003). Throws RS-004's message if
/// it is unset or blank.
Dsn resolve_dsn(const ConnectionConfig& connection, const Environment& environment);

}  // namespace penstock
