// Keeps the password from a server that asks for it in clear.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/socket_wait.h"
#include "dialect/postgres/handles.h"

namespace penstock::postgres {

enum class Asked : std::uint8_t {
  kIncomplete,  // the last message is not all there
  kNothing,     // that the password would be sent for
  kPassword,    // AuthenticationCleartextPassword
};

/// What a server asks for with `bytes`, which begin with a message. Pure. libpq gives up
/// on anything but an authentication request here, and on one longer than 2000 bytes.
/// https://www.postgresql.org/docs/15/protocol-message-formats.html
Asked asked_by(std::string_view bytes) noexcept;

/// libpq 15 answers a request for the password itself whoever asks, with or without TLS.
/// What the server says is looked at before libpq reads it. One for a connection.
class PasswordGuard {
 public:
  /// To be called before each PQconnectPoll that will read the server's answer to the
  /// start-up message. Throws Error{kRefused}, code "password_not_sent", and what `wait`
  /// throws.
  void check(PGconn* connection, SocketWait& wait);

 private:
  std::string pending_;  // of a message that TLS gave us in parts
};

}  // namespace penstock::postgres
