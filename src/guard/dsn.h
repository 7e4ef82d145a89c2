// A data source name, taken apart once. Its errors give an offset, never the text.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/redactor.h"
#include "penstock/connection.h"
#include "penstock/environment.h"
#include "penstock/secret.h"

namespace penstock {

struct Dsn {
  std::string dialect;   // "postgresql", "mysql" or "sqlite": the canonical name
  std::string variable;  // the environment variable it came from; empty: a task's uri

  // SQLite.
  std::string path;        // the file as written; empty: a database in memory
  bool read_only = false;  // mode=ro

  // PostgreSQL, MySQL, MariaDB. Everything decoded.
  std::string user;
  Secret password;
  std::string host;  // of the authority; may be empty
  int port = 0;      // 0: the dialect's
  std::string database;
  Secret key_password;  // of the client certificate's key
  /// The query keys, by name; only those the dialect allows, each at most once, and none
  /// that is a secret.
  std::map<std::string, std::string, std::less<>> options;

  /// PostgreSQL: a setting of the server that `options` asks for.
  struct Setting {
    std::string name;
    std::string value;
  };
  std::vector<Setting> settings;

  /// MySQL, MariaDB: how long one wait for the server may last; zero: the other limits
  /// say.
  std::chrono::milliseconds read_timeout{0};
  std::chrono::milliseconds write_timeout{0};

  /// What a task's arguments ask for; wins over the query's own limit.
  std::optional<std::chrono::milliseconds> connect_timeout;
  /// Knows every secret of this connection.
  Redactor redactor;

  /// For a message: "the DSN in env var X", or "connection.uri".
  std::string place() const;
  /// The value of an option, or "".
  std::string_view option(std::string_view name) const;
};

/// Takes a DSN apart (RS-010). Throws Error{kDataSource}: RS-011's message for an unknown
/// dialect, a query key that is not allowed (named, with the list), a key given twice,
/// and every form that is not one.
Dsn parse_dsn(const Secret& text, const std::string& variable);

/// Reads and parses the DSN that `connection` names (RS-003), or its uri. Throws RS-004's
/// message if the variable is unset or blank, and what parse_dsn throws.
Dsn read_dsn(const ConnectionConfig& connection, const Environment& environment);

/// As read_dsn, puts the connection's arguments over it (FT-008), and, opted in (RS-018),
/// fills in what the DSN leaves to a libpq service file. Throws, too, Error{kTask} for an
/// argument that is not known or is none, and what apply_service throws.
Dsn resolve_dsn(const ConnectionConfig& connection, const Environment& environment);

/// How long connecting may take: what the arguments say, else the sooner of the DSN's
/// connect_timeout and `limit`.
std::chrono::milliseconds connect_limit(const Dsn& dsn, std::chrono::milliseconds limit);

/// Throws Error{kRefused}, code "dsn_read_only", for a DSN with mode=ro: what it opens is
/// not written to, whatever a task declares.
void require_writable(const Dsn& dsn);

/// Whether the connection may go in plaintext by what the DSN says (RS-015): PostgreSQL
/// without sslmode or with disable, allow or prefer; MySQL and MariaDB without any ssl
/// option, or with one that turns it off.
bool tls_not_configured(const Dsn& dsn);

}  // namespace penstock
