// Stage: base. How a connection is named: by a variable, never by a DSN.
#pragma once

#include <string>

namespace penstock {

/// Names the environment variable that holds the DSN; the DSN itself is read when the
/// query is opened (RS-003).
struct ConnectionConfig {
  std::string dsn_env;
};

}  // namespace penstock
