#include "dialect/postgres/password_guard.h"

#include <poll.h>
#include <unistd.h>
#include <vector>

#include "dialect/postgres/wire.h"
#include "dialect/socket_stream.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

constexpr std::size_t kPeekBytes = 16 * 1024;  // libpq's buffer, and a TLS record
constexpr std::uint32_t kOk = 0;
constexpr std::uint32_t kCleartextPassword = 3;

bool is_closed_by_peer(int socket) {
  pollfd polled{socket, POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) > 0 && polled.revents != 0;
}

}  // namespace

Asked asked_by(std::string_view bytes) noexcept {
  while (!bytes.empty() && bytes.front() == 'R') {
    if (bytes.size() < 9) return Asked::kIncomplete;
    const std::size_t size = read_u32(bytes.data() + 1);
    if (size < 8 || size > 2000) return Asked::kNothing;
    const std::uint32_t request = read_u32(bytes.data() + 5);
    if (request == kCleartextPassword) return Asked::kPassword;
    if (request == kOk) return Asked::kNothing;
    if (bytes.size() < size + 1) return Asked::kIncomplete;
    bytes.remove_prefix(size + 1);
  }
  return Asked::kNothing;
}

void PasswordGuard::check(PGconn* connection, SocketWait& wait) {
  const bool encrypted = PQsslInUse(connection) != 0;
  std::vector<char> bytes(kPeekBytes);
  std::size_t seen = 0;
  while (true) {
    const std::size_t got = peek(PQsocket(connection), PQsslStruct(connection, "OpenSSL"),
                                 bytes.data(), bytes.size());
    if (got == 0) return;
    const std::string_view there(bytes.data(), got);
    const Asked asked = asked_by(pending_ + std::string(there));
    if (asked == Asked::kPassword) {
      throw Error(
          Category::kRefused, "password_not_sent",
          "the server wants the password itself, which is sent only over TLS with "
          "a verified certificate",
          "add sslmode=verify-full and sslrootcert=FILE to the DSN, or set "
          "scram-sha-256 in the server's pg_hba.conf");
    }
    if (asked == Asked::kNothing || encrypted) {
      // A record of TLS is all that libpq will read; what it leaves open, the next one
      // goes on with.
      pending_ = asked == Asked::kIncomplete ? pending_.append(there) : std::string();
      return;
    }
    if (is_closed_by_peer(PQsocket(connection))) return;  // libpq will say so
    // Not all of it yet: poll would return at once for what is already there.
    if (got == seen) ::usleep(1000);
    seen = got;
    wait.until_readable(PQsocket(connection));
  }
}

}  // namespace penstock::postgres
