// Opens a libmariadb connection to an admitted target, and to nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dialect/dialect.h"
#include "dialect/mysql/handles.h"
#include "dialect/mysql/link.h"

namespace penstock::mysql {

/// From the weakest to the strongest, as MySQL's --ssl-mode names them.
enum class TlsMode : std::uint8_t {
  kDisabled,
  kPreferred,  // TLS if the server offers it, not verified: the default
  kRequired,
  kVerifyCa,
  kVerifyIdentity,
};

struct Tls {
  TlsMode mode = TlsMode::kPreferred;
  std::string ca;  // empty: the system's
  std::string certificate;
  std::string key;
};

/// The ssl options of a DSN: ssl_mode names the mode; without it any other ssl option
/// asks for a verified certificate of the right name, less what ssl_verify_cert=false or
/// ssl_verify_identity=false takes away, and ssl=false turns TLS off. Throws
/// Error{kDataSource} for options that contradict each other and words that are none.
Tls tls_of(const Dsn& dsn);

/// A connection with the socket under it, which is there until libmariadb has let go.
struct Connected {
  std::unique_ptr<Link> link;
  Handle handle;
  std::size_t route = 0;  // of the target
};

/// Tries the target's routes in order until one answers; logs in. `target` must outlive
/// the connection. libmariadb gets options set one by one and never the DSN's text: no
/// option file, no command at start, no LOCAL INFILE, no password in clear but over a
/// verified link.
///
/// Throws Error: kRefused, kUnavailable, kTimeout, kInterrupted; none holds the DSN or
/// the password.
Connected connect(const Dsn& dsn, const Target& target, const Wait& wait);

/// Asks the server, over a connection of its own, to stop the statement of connection
/// `id`; takes no longer than `limits`, and is silent about what goes wrong.
void kill_query(const Dsn& dsn, const Target& target, std::size_t route, unsigned long id,
                const StopLimits& limits) noexcept;

}  // namespace penstock::mysql
