// Keeps the password from a server that asks for it in clear.
#pragma once

#include <string>

#include "base/socket_wait.h"
#include "dialect/postgres/handles.h"

namespace penstock::postgres {

/// libpq 15 answers a request for the password itself whoever asks, with or without TLS.
/// What the server says is looked at before libpq reads it, and libpq is handed what was
/// looked at and nothing else, so that nothing can arrive between the look and the read:
/// without TLS a message at a time, with it a record. Only what ends the login (an error,
/// or that all is well) libpq reads by itself. One for a connection, one thread at a
/// time.
class PasswordGuard {
 public:
  /// PQconnectPoll of a connection that awaits the answer to its start-up message or to
  /// an authentication. Throws Error{kRefused}, code "password_not_sent", in place of
  /// answering a request for the password, Error{kUnavailable}, code "protocol_error",
  /// for a record of several requests, which no server sends, and what `wait` throws.
  PostgresPollingStatusType poll(PGconn* connection, SocketWait& wait);

 private:
  bool look_into_record(PGconn* connection);

  std::string pending_;  // of a message that TLS gave us in parts
  bool final_of_tls_ = false;
};

}  // namespace penstock::postgres
