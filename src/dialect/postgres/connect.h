// Opens a libpq connection to an admitted target, and to nothing else.
#pragma once

#include <functional>
#include <string>

#include "dialect/dialect.h"
#include "dialect/postgres/handles.h"

namespace penstock::postgres {

/// Tries the target's addresses in order until one answers. libpq is given keywords,
/// never the DSN's text, with expand_dbname off; `hostaddr` is the pinned number and
/// `host` the name the certificate must be for. Before anything is sent, libpq's own view
/// of its options is compared with ours: any value that we did not set (from PG*
/// variables, a service file) refuses the connection by the option's name. No password
/// file and no client certificate is read but those the DSN names. The password itself is
/// sent to a verified server or through a Unix socket alone, whatever a server asks for.
///
/// Throws Error: kRefused, kUnavailable, kTimeout, kInterrupted; none holds the DSN or
/// the password.
Connected connect(const Dsn& dsn, const Target& target, const Wait& wait);

/// Asks the server to cancel what `connection` runs, from a thread of its own, and waits
/// for that no longer than the silence that `stop_limits(deadline)` allows
/// (https://www.postgresql.org/docs/15/libpq-cancel.html).
void cancel(PGconn* connection, Deadline deadline);

/// The result of what was sent last, waiting as `wait` says; throws server_error for an
/// error, whose position in the statement, if it has one, `where` turns into a place in
/// the user's file. What is not waited for any more is cancelled on the server.
Result await_result(PGconn* connection, const Wait& wait,
                    const std::function<std::string(int position)>& where = {});

}  // namespace penstock::postgres
