// Stage: base. How a connection is named: by a variable, or by a task's URI and
// arguments.
#pragma once

#include <map>
#include <string>

#include "penstock/secret.h"
#include "penstock/value.h"

namespace penstock {

/// Where a query goes. A recipe has `dsn_env` and nothing else; a task has either
/// `dsn_env` or `uri`, and arguments for both. All of it is resolved when the query is
/// opened.
struct ConnectionConfig {
  /// Names the environment variable that holds the DSN (RS-003).
  std::string dsn_env;

  /// The DSN itself, as a task may have it; a Secret, since it may hold a password.
  Secret uri{};

  /// What a Python driver takes besides the URI (FT-008), and wins over it. A mapping in
  /// a mapping is written with a dot (`ssl.ca`). NULL: as if it were not there. Unknown
  /// names are an error that lists the known ones of the dialect; `host` and `port` are
  /// routes, which the guard checks as it does those of the URI.
  Params connect_args{};

  /// The same, already resolved from wherever secrets are kept. These win over
  /// `connect_args`, and their values are taken out of every error.
  std::map<std::string, Secret, std::less<>> secret_connect_args{};
};

}  // namespace penstock
