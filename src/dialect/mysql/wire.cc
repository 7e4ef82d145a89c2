#include "dialect/mysql/wire.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "dialect/mysql/plugin.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// Large enough that a system call is not felt, small enough to stay in the second-level
// cache.
constexpr std::size_t kReceiveBytes = 256 * 1024;
// The protocol's own limit: max_allowed_packet is at most 1 GB.
constexpr std::size_t kMaxPayloadBytes = std::size_t{1} << 30;

[[noreturn]] void lost(std::string_view why) {
  throw Error(Category::kUnavailable, "connection_lost",
              "the connection to the server was lost: " + std::string(why),
              "the result was not complete, so nothing was published");
}

}  // namespace

// HandshakeV10: header, version 10, server version\0, thread 4, nonce 8, 0, capabilities
// 2 (low half).
Greeting greeting_of(std::span<const unsigned char> bytes) {
  constexpr unsigned kClientSsl = 0x0800;
  if (bytes.size() < 5) return Greeting::kUnfinished;
  const std::size_t size = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  if (bytes[4] != 10) return Greeting::kOther;
  if (size > 2048) return Greeting::kOther;
  if (bytes.size() < size + 4) return Greeting::kUnfinished;
  const auto payload = bytes.subspan(4, size);
  const auto zero = std::find(payload.begin() + 1, payload.end(), 0);
  const auto at = static_cast<std::size_t>(zero - payload.begin()) + 1 + 4 + 8 + 1;
  if (at + 2 > payload.size()) return Greeting::kOther;
  const unsigned capabilities = payload[at] | payload[at + 1] << 8;
  return (capabilities & kClientSsl) != 0 ? Greeting::kTls : Greeting::kPlain;
}

Wire::Wire(MYSQL* connection)
    : socket_(mysql_get_socket(connection)),
      sequence_(static_cast<std::uint8_t>(connection->net.pkt_nr)) {
  MARIADB_PVIO* pvio = connection->net.pvio;
  if (pvio->ctls != nullptr) ssl_ = pvio->ctls->ssl;
  make_room();
  const uchar* cached = pvio->cache + pvio->cache_size;
  if (cached <= pvio->cache_pos) return;
  const auto size = static_cast<std::size_t>(cached - pvio->cache_pos);
  std::memcpy(buffer_.get(), pvio->cache_pos, size);
  end_ = size;
  pvio->cache_size = 0;
  pvio->cache_pos = pvio->cache;
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
    const ssize_t got = ::recv(socket_, to, room, 0);
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

std::string_view Wire::receive_packet(SocketWait& wait) {
  while (true) {
    if (end_ - begin_ >= 4) {
      const std::uint32_t header = read_little<std::uint32_t>(buffer_.get() + begin_);
      if (header >> 24 != sequence_) lost("its packets are out of order");
      const std::size_t size = header & 0xFFFFFF;
      if (end_ - begin_ >= size + 4) {
        ++sequence_;
        return take(size);
      }
    }
    make_room();
    end_ += receive(wait);
  }
}

std::string_view Wire::next_slow(SocketWait& wait) {
  std::string_view part = receive_packet(wait);
  if (part.size() < kLongest) return part;
  long_ = part;
  while (part.size() == kLongest) {
    part = receive_packet(wait);
    if (long_.size() + part.size() > kMaxPayloadBytes + kLongest)
      lost("a packet has no end");
    long_ += part;
  }
  return long_;
}

}  // namespace penstock::mysql
