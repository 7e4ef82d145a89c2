// Keeps the password from a server that asks for it in clear.
#pragma once

#include <string>

#include "base/socket_wait.h"
#include "dialect/postgres/handles.h"

namespace penstock::postgres {

/// libpq 15 answers a request for the password itself whoever asks, with or without TLS.
/// What the server says is looked at before libpq reads it: of TLS, a record at a time,
/// as libpq reads it; without, libpq is handed one message, so that none can arrive
/// between the look and the read. One for a connection, one thread at a time.
class PasswordGuard {
 public:
  /// PQconnectPoll of a connection that awaits the answer to its start-up message or to
  /// an authentication. Throws Error{kRefused}, code "password_not_sent", in place of
  /// answering a request for the password, and what `wait` throws.
  PostgresPollingStatusType poll(PGconn* connection, SocketWait& wait);

 private:
  void check_record(PGconn* connection);

  std::string pending_;  // of a message that TLS gave us in parts
};

}  // namespace penstock::postgres
