#include "dialect/postgres/password_guard.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "dialect/postgres/wire.h"
#include "dialect/socket_stream.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

constexpr std::size_t kPeekBytes = 16 * 1024;  // libpq's buffer, and a TLS record
// Type, length and kind of an authentication request.
constexpr std::size_t kHeadBytes = 9;
// libpq gives up on a message that is shorter or longer before it has logged in.
constexpr std::size_t kLeastBytes = 8;
constexpr std::size_t kMostBytes = 2000;
constexpr std::uint32_t kOk = 0;
constexpr std::uint32_t kCleartextPassword = 3;

// The message that bytes begin with.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
struct Message {
  bool final = false;     // nothing behind it is answered with the password
  bool password = false;  // AuthenticationCleartextPassword
  std::size_t bytes = 0;  // of all of it
};

// Nothing: it cannot be told yet.
std::optional<Message> message_in(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() == 'E') return Message{true, false, 0};  // an error is the last
  if (bytes.size() < 5) return std::nullopt;
  const std::size_t size = read_u32(bytes.data() + 1);
  if (size < kLeastBytes || size > kMostBytes) return Message{true, false, 0};
  if (bytes.front() != 'R') return Message{false, false, size + 1};
  if (bytes.size() < kHeadBytes) return std::nullopt;
  const std::uint32_t request = read_u32(bytes.data() + 5);
  return Message{request == kOk, request == kCleartextPassword, size + 1};
}

[[noreturn]] void refuse() {
  throw Error(Category::kRefused, "password_not_sent",
              "the server wants the password itself, which is sent only over TLS with "
              "a verified certificate",
              "add sslmode=verify-full and sslrootcert=FILE to the DSN, or set "
              "scram-sha-256 in the server's pg_hba.conf");
}

bool is_closed_by_peer(int socket) {
  pollfd polled{socket, POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) > 0 && polled.revents != 0;
}

// For as long as it lives, what libpq knows as its socket holds one message and nothing
// behind it.
class OneMessage {
 public:
  OneMessage(int socket, std::string_view message) : socket_(socket) {
    int ends[2] = {-1, -1};
    real_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    const bool made =
        real_ >= 0 &&
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0;
    far_ = ends[1];
    const bool put = made &&
                     ::send(far_, message.data(), message.size(), MSG_NOSIGNAL) ==
                         static_cast<ssize_t>(message.size()) &&
                     ::dup3(ends[0], socket, O_CLOEXEC) == socket;
    const int error = errno;
    if (ends[0] >= 0) ::close(ends[0]);
    if (put) return;
    close_own();
    throw Error(Category::kUnexpected, "no_descriptor",
                std::string("cannot make a pair of sockets: ") + std::strerror(error));
  }
  ~OneMessage() {
    ::dup3(real_, socket_, O_CLOEXEC);
    close_own();
  }
  OneMessage(const OneMessage&) = delete;
  OneMessage& operator=(const OneMessage&) = delete;

  /// What libpq has written meanwhile.
  std::string answer() const {
    std::string bytes(kPeekBytes, '\0');
    const ssize_t got = ::recv(far_, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

 private:
  void close_own() const {
    for (const int one : {real_, far_}) {
      if (one >= 0) ::close(one);
    }
  }

  int socket_;
  int real_ = -1;
  int far_ = -1;
};

void send_all(int socket, std::string_view bytes, SocketWait& wait) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait.until_writable(socket);
    } else if (errno != EINTR) {
      return;  // libpq will say so at its next read
    }
  }
}

PostgresPollingStatusType poll_with(std::string_view message, PGconn* connection,
                                    SocketWait& wait) {
  const int socket = PQsocket(connection);
  PostgresPollingStatusType state = PGRES_POLLING_FAILED;
  std::string answer;
  {
    const OneMessage alone(socket, message);
    state = PQconnectPoll(connection);
    answer = alone.answer();
  }
  send_all(socket, answer, wait);
  return state;
}

PostgresPollingStatusType poll_plain(PGconn* connection, SocketWait& wait) {
  const int socket = PQsocket(connection);
  std::vector<char> bytes(kHeadBytes + kMostBytes);
  std::size_t seen = 0;
  while (true) {
    const std::size_t got = peek(socket, nullptr, bytes.data(), bytes.size());
    const auto message = message_in({bytes.data(), got});
    if (message && message->password) refuse();
    if (got == 0 || (message && message->final)) return PQconnectPoll(connection);
    if (message && got >= message->bytes) {
      // Taken from the socket: what was looked at, and no more.
      static_cast<void>(::recv(socket, bytes.data(), message->bytes, 0));
      return poll_with({bytes.data(), message->bytes}, connection, wait);
    }
    if (is_closed_by_peer(socket)) return PQconnectPoll(connection);  // it will say so
    // Not all of it yet: poll would return at once for what is already there.
    if (got == seen) ::usleep(1000);
    seen = got;
    wait.until_readable(socket);
  }
}

}  // namespace

PostgresPollingStatusType PasswordGuard::poll(PGconn* connection, SocketWait& wait) {
  if (PQsslInUse(connection) == 0) return poll_plain(connection, wait);
  check_record(connection);
  return PQconnectPoll(connection);
}

// What the record leaves open, the next one goes on with.
void PasswordGuard::check_record(PGconn* connection) {
  std::vector<char> bytes(kPeekBytes);
  const std::size_t got = peek(PQsocket(connection), PQsslStruct(connection, "OpenSSL"),
                               bytes.data(), bytes.size());
  pending_.append(bytes.data(), got);
  while (const auto message = message_in(pending_)) {
    if (message->password) refuse();
    if (message->final || pending_.size() < message->bytes) break;
    pending_.erase(0, message->bytes);
  }
}

}  // namespace penstock::postgres
