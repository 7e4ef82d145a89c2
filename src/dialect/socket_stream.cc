#include "dialect/socket_stream.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "penstock/error.h"

namespace penstock {
namespace {

// Large enough that a system call is not felt, small enough to stay in the second-level
// cache.
constexpr std::size_t kReceiveBytes = 256 * 1024;
// Servers send some 8 to 16 KiB at a time. Waking for each costs both sides more than the
// decoding does, so that a wait in the middle of many rows is for this much, but not
// long.
constexpr int kMuchBytes = 128 * 1024;
constexpr std::chrono::milliseconds kSoon{2};

// For as long as it lives, a socket counts as readable only once it holds this much, or
// its end.
class LowWater {
 public:
  LowWater(int socket, int bytes) : socket_(socket) { set(bytes); }
  ~LowWater() { set(1); }
  LowWater(const LowWater&) = delete;
  LowWater& operator=(const LowWater&) = delete;

 private:
  void set(int bytes) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
  }
  int socket_;
};

}  // namespace

void connection_lost(std::string_view why) {
  throw Error(Category::kUnavailable, "connection_lost",
              "the connection to the server was lost: " + std::string(why),
              "the result was not complete, so nothing was published");
}

// What a call of SSL_read or SSL_write waits for may be the other direction.
void SocketStream::await_encrypted(int result, std::string_view what, SocketWait& wait) {
  const int code = SSL_get_error(static_cast<SSL*>(ssl_), result);
  if (code == SSL_ERROR_WANT_READ) {
    await_bytes(wait);
  } else if (code == SSL_ERROR_WANT_WRITE) {
    wait.until_writable(socket_);
  } else if (code == SSL_ERROR_ZERO_RETURN) {
    connection_lost("the server closed it");
  } else {
    connection_lost(what);
  }
}

void SocketStream::await_bytes(SocketWait& wait) {
  if (received_ >= static_cast<std::size_t>(kMuchBytes)) {
    const LowWater much(socket_, kMuchBytes);
    if (wait.until_readable(socket_, kSoon)) return;
  }
  wait.until_readable(socket_);
}

void SocketStream::send(std::string_view bytes, SocketWait& wait) {
  while (!bytes.empty()) {
    ssize_t sent = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      sent = SSL_write(static_cast<SSL*>(ssl_), bytes.data(),
                       static_cast<int>(bytes.size()));
      if (sent <= 0) {
        await_encrypted(static_cast<int>(sent), "TLS write failed", wait);
        continue;
      }
    } else {
      sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
          wait.until_writable(socket_);
        } else if (errno != EINTR) {
          connection_lost(std::strerror(errno));
        }
        continue;
      }
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t SocketStream::receive_encrypted(char* to, std::size_t room,
                                            SocketWait& wait) {
  while (true) {
    ERR_clear_error();
    const int got = SSL_read(static_cast<SSL*>(ssl_), to, static_cast<int>(room));
    if (got > 0) return static_cast<std::size_t>(got);
    await_encrypted(got, "TLS read failed", wait);
  }
}

// After a short read there is nothing left: waiting at once saves a call that would say
// so.
std::size_t SocketStream::receive_plain(char* to, std::size_t room, SocketWait& wait) {
  while (true) {
    if (drained_) await_bytes(wait);
    const ssize_t got = ::recv(socket_, to, room, 0);
    drained_ = got < static_cast<ssize_t>(room);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) connection_lost("the server closed it");
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      connection_lost(std::strerror(errno));
    }
  }
}

void SocketStream::receive(SocketWait& wait) {
  make_room();
  char* to = buffer_.get() + end_;
  const std::size_t room = capacity_ - end_;
  const std::size_t got =
      ssl_ == nullptr ? receive_plain(to, room, wait) : receive_encrypted(to, room, wait);
  end_ += got;
  received_ += got;
}

void SocketStream::put(std::string_view bytes) {
  while (!bytes.empty()) {
    make_room();
    const std::size_t some = std::min(bytes.size(), capacity_ - end_);
    std::memcpy(buffer_.get() + end_, bytes.data(), some);
    end_ += some;
    bytes.remove_prefix(some);
  }
}

// Moves what is there to the front; doubles only once the buffer is full.
void SocketStream::make_room() {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ < capacity_) return;
  const std::size_t wanted = capacity_ == 0 ? kReceiveBytes : capacity_ * 2;
  char* grown = static_cast<char*>(std::realloc(buffer_.get(), wanted));
  if (grown == nullptr) {
    throw Error(Category::kLimit, "out_of_memory", "not enough memory for a row");
  }
  [[maybe_unused]] char* old = buffer_.release();
  buffer_.reset(grown);
  capacity_ = wanted;
}

std::size_t peek(int socket, void* ssl, char* to, std::size_t room) noexcept {
  if (ssl == nullptr) {
    const ssize_t got = ::recv(socket, to, room, MSG_PEEK);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  ERR_clear_error();
  const int got = SSL_peek(static_cast<SSL*>(ssl), to, static_cast<int>(room));
  ERR_clear_error();
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

}  // namespace penstock
