#include "dialect/postgres/wire.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// Large enough that a system call is not felt, small enough to stay in the second-level
// cache.
constexpr std::size_t kReceiveBytes = 256 * 1024;
// The protocol's own limit on a message is 2^31; a value is at most 1 GB.
constexpr std::size_t kMaxMessageBytes = 0x7FFFFFFF;

[[noreturn]] void lost(std::string_view why) {
  throw Error(Category::kUnavailable, "connection_lost",
              "the connection to the server was lost: " + std::string(why),
              "the result was not complete, so nothing was published");
}

}  // namespace

Wire::Wire(PGconn* connection)
    : socket_(PQsocket(connection)), ssl_(PQsslStruct(connection, "OpenSSL")) {}

void Wire::send(std::string_view bytes, SocketWait& wait) {
  while (!bytes.empty()) {
    ssize_t sent = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      sent = SSL_write(static_cast<SSL*>(ssl_), bytes.data(),
                       static_cast<int>(bytes.size()));
      if (sent <= 0) {
        const int code = SSL_get_error(static_cast<SSL*>(ssl_), static_cast<int>(sent));
        if (code == SSL_ERROR_WANT_READ) {
          wait.until_readable(socket_);
        } else if (code == SSL_ERROR_WANT_WRITE) {
          wait.until_writable(socket_);
        } else {
          lost("TLS write failed");
        }
        continue;
      }
    } else {
      sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
          wait.until_writable(socket_);
        } else if (errno != EINTR) {
          lost(std::strerror(errno));
        }
        continue;
      }
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Wire::receive(SocketWait& wait) {
  char* to = buffer_.get() + end_;
  const std::size_t room = capacity_ - end_;
  while (true) {
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int got = SSL_read(static_cast<SSL*>(ssl_), to, static_cast<int>(room));
      if (got > 0) return static_cast<std::size_t>(got);
      const int code = SSL_get_error(static_cast<SSL*>(ssl_), got);
      if (code == SSL_ERROR_WANT_READ) {
        wait.until_readable(socket_);
      } else if (code == SSL_ERROR_WANT_WRITE) {
        wait.until_writable(socket_);
      } else if (code == SSL_ERROR_ZERO_RETURN) {
        lost("the server closed it");
      } else {
        lost("TLS read failed");
      }
      continue;
    }
    // After a short read there is nothing left: waiting at once saves a call that would
    // say so.
    if (drained_) wait.until_readable(socket_);
    const ssize_t got = ::recv(socket_, to, room, 0);
    drained_ = got < static_cast<ssize_t>(room);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) lost("the server closed it");
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait.until_readable(socket_);
    } else if (errno != EINTR) {
      lost(std::strerror(errno));
    }
  }
}

// Moves what is there to the front; doubles only once the buffer is full, so never
// because of a length that the peer merely declares.
void Wire::make_room() {
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

Wire::Message Wire::next_slow(SocketWait& wait) {
  while (true) {
    if (end_ - begin_ >= 5) {
      const std::size_t size = read_u32(buffer_.get() + begin_ + 1);
      if (size < 4 || size > kMaxMessageBytes) lost("it does not speak the protocol");
      if (end_ - begin_ >= size + 1) return take(size);
    }
    make_room();
    end_ += receive(wait);
  }
}

}  // namespace penstock::postgres
