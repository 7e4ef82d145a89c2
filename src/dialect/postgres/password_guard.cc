#include "dialect/postgres/password_guard.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "dialect/postgres/wire.h"
#include "dialect/socket_stream.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// Type, length and kind of an authentication request.
constexpr std::size_t kHeadBytes = 9;
// libpq gives up on a message that is shorter or longer before it has logged in.
constexpr std::size_t kLeastBytes = 8;
constexpr std::size_t kMostBytes = 2000;
constexpr std::uint32_t kOk = 0;
constexpr std::uint32_t kCleartextPassword = 3;
constexpr std::uint32_t kSaslFinal = 12;

// https://www.rfc-editor.org/rfc/rfc8446#section-5: a record's head, whose last two bytes
// are the length of what follows, and the most that may follow (of TLS 1.2).
constexpr std::size_t kRecordHeadBytes = 5;
constexpr std::size_t kRecordBytes = kRecordHeadBytes + 16384 + 2048;
// What libpq has room for in any case, so that one read takes all of a record.
constexpr std::size_t kReadBytes = 8192;

// What libpq makes of a message.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
enum class Kind {
  kFinal,     // the login's end: nothing behind it is answered
  kPassword,  // AuthenticationCleartextPassword
  kRequest,   // another one, which is answered
  kOther,
};

struct Message {
  Kind kind;
  std::size_t bytes = 0;  // of all of it; of a final one, which is left alone, 0
};

// The message that bytes begin with. Nothing: it cannot be told yet.
std::optional<Message> message_in(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() == 'E') return Message{Kind::kFinal};
  if (bytes.size() < 5) return std::nullopt;
  const std::size_t size = read_u32(bytes.data() + 1);
  if (size < kLeastBytes || size > kMostBytes) return Message{Kind::kFinal};
  if (bytes.front() != 'R') return Message{Kind::kOther, size + 1};
  if (bytes.size() < kHeadBytes) return std::nullopt;
  switch (read_u32(bytes.data() + 5)) {
    case kOk:
      return Message{Kind::kFinal};
    case kCleartextPassword:
      return Message{Kind::kPassword, size + 1};
    case kSaslFinal:
      return Message{Kind::kOther, size + 1};
    default:
      return Message{Kind::kRequest, size + 1};
  }
}

[[noreturn]] void refuse() {
  throw Error(Category::kRefused, "password_not_sent",
              "the server wants the password itself, which is sent only over TLS with "
              "a verified certificate",
              "add sslmode=verify-full and sslrootcert=FILE to the DSN, or set "
              "scram-sha-256 in the server's pg_hba.conf");
}

[[noreturn]] void no_login() {
  throw Error(Category::kUnavailable, "protocol_error",
              "what the server sends is no login");
}

// True: what can be read now is all there will be.
bool is_closed_by_peer(int socket) {
  pollfd polled{socket, POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) > 0 && polled.revents != 0;
}

std::string peeked(int socket, void* ssl, std::size_t room) {
  std::string bytes(room, '\0');
  bytes.resize(peek(socket, ssl, bytes.data(), room));
  return bytes;
}

// For as long as it lives, what libpq (and OpenSSL for it) knows as its socket holds
// `bytes`, which are taken from the real one, and nothing behind them but, if `end`, the
// connection's end.
class Handed {
 public:
  Handed(PGconn* connection, std::string bytes, bool end)
      : connection_(connection), socket_(PQsocket(connection)) {
    int ends[2] = {-1, -1};
    real_ = ::fcntl(socket_, F_DUPFD_CLOEXEC, 0);
    const bool made =
        real_ >= 0 &&
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0;
    far_ = ends[1];
    const bool put = made &&
                     ::send(far_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                         static_cast<ssize_t>(bytes.size()) &&
                     (!end || ::shutdown(far_, SHUT_WR) == 0) &&
                     ::dup3(ends[0], socket_, O_CLOEXEC) == socket_;
    const int error = errno;
    if (ends[0] >= 0) ::close(ends[0]);
    if (put) {
      // They are the first that the socket has: they were looked at, and not taken.
      static_cast<void>(::recv(real_, bytes.data(), bytes.size(), 0));
      return;
    }
    close_own();
    throw Error(Category::kUnexpected, "no_descriptor",
                std::string("cannot make a pair of sockets: ") + std::strerror(error));
  }
  ~Handed() {
    // libpq may have closed it; its number is then another's.
    if (PQsocket(connection_) == socket_) ::dup3(real_, socket_, O_CLOEXEC);
    close_own();
  }
  Handed(const Handed&) = delete;
  Handed& operator=(const Handed&) = delete;

  /// What has been written meanwhile.
  std::string answer() const {
    std::string all;
    char bytes[4096];
    while (true) {
      const ssize_t got = ::recv(far_, bytes, sizeof(bytes), 0);
      if (got <= 0) return all;
      all.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  void close_own() const {
    for (const int one : {real_, far_}) {
      if (one >= 0) ::close(one);
    }
  }

  PGconn* connection_;
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

// What the socket begins with, once `size_of` it has arrived (nothing: it cannot be told
// yet), or the connection's end.
struct Begun {
  std::string bytes;
  bool end = false;
};
template <class SizeOf>
Begun await_begun(int socket, std::size_t room, SizeOf size_of, SocketWait& wait) {
  std::size_t seen = 0;
  while (true) {
    // Asked first: what arrives after it is not all there will be.
    const bool end = is_closed_by_peer(socket);
    std::string bytes = peeked(socket, nullptr, room);
    const std::optional<std::size_t> size = size_of(bytes);
    if (size && bytes.size() >= *size) {
      bytes.resize(*size);
      return {std::move(bytes), false};
    }
    if (end) return {std::move(bytes), true};
    // Not all of it yet: poll would return at once for what is already there.
    if (bytes.size() == seen) ::usleep(1000);
    seen = bytes.size();
    wait.until_readable(socket);
  }
}

// Does `step` while libpq has what has begun and nothing else, then sends what it wrote.
template <class Step>
PostgresPollingStatusType hand(PGconn* connection, const Begun& begun, SocketWait& wait,
                               Step step) {
  const int socket = PQsocket(connection);
  auto state = PGRES_POLLING_FAILED;
  std::string answer;
  {
    const Handed handed(connection, begun.bytes, begun.end);
    state = step();
    answer = handed.answer();
  }
  send_all(socket, answer, wait);
  return state;
}

std::optional<std::size_t> size_of_record(std::string_view bytes) {
  if (bytes.size() < kRecordHeadBytes) return std::nullopt;
  const std::size_t size = kRecordHeadBytes + read_u16(bytes.data() + 3);
  return std::min(size, kRecordBytes);  // OpenSSL refuses a longer one by its head
}

PostgresPollingStatusType poll_plain(PGconn* connection, SocketWait& wait) {
  bool final = false;
  const auto size_of = [&final](std::string_view bytes) -> std::optional<std::size_t> {
    const auto message = message_in(bytes);
    if (!message) return std::nullopt;
    if (message->kind == Kind::kPassword) refuse();
    final = message->kind == Kind::kFinal;
    return message->bytes;
  };
  const Begun begun =
      await_begun(PQsocket(connection), kHeadBytes + kMostBytes, size_of, wait);
  if (final) return PQconnectPoll(connection);
  return hand(connection, begun, wait, [=] { return PQconnectPoll(connection); });
}

}  // namespace

PostgresPollingStatusType PasswordGuard::poll(PGconn* connection, SocketWait& wait) {
  if (PQsslInUse(connection) == 0) return poll_plain(connection, wait);
  if (final_of_tls_) return PQconnectPoll(connection);
  const Begun record =
      await_begun(PQsocket(connection), kRecordBytes, size_of_record, wait);
  const auto state = hand(connection, record, wait, [&] {
    final_of_tls_ = look_into_record(connection);
    return final_of_tls_ ? PGRES_POLLING_READING : PQconnectPoll(connection);
  });
  return final_of_tls_ ? PQconnectPoll(connection) : state;
}

// What the record leaves open, the next one goes on with.
bool PasswordGuard::look_into_record(PGconn* connection) {
  const std::string bytes =
      peeked(PQsocket(connection), PQsslStruct(connection, "OpenSSL"), kRecordBytes);
  pending_ += bytes;
  int requests = 0;
  while (const auto message = message_in(pending_)) {
    if (message->kind == Kind::kPassword) refuse();
    if (message->kind == Kind::kFinal) return true;
    if (pending_.size() < message->bytes) break;
    requests += message->kind == Kind::kRequest ? 1 : 0;
    pending_.erase(0, message->bytes);
  }
  // A server waits for its answer, and libpq must have room for both.
  if (requests > 1 || bytes.size() > kReadBytes) no_login();
  return false;
}

}  // namespace penstock::postgres
