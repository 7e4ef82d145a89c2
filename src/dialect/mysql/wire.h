// The client/server protocol on a connection that libmariadb has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mysql.h>
#include <span>
#include <string>
#include <string_view>

#include "base/socket_wait.h"

namespace penstock::mysql {

/// Little-endian integers at an unaligned address.
template <typename T>
T read_little(const char* at) {
  T value;
  __builtin_memcpy(&value, at, sizeof(value));
  return value;
}

/// What a server says first.
enum class Greeting : std::uint8_t { kUnfinished, kPlain, kTls, kOther };
/// Pure. kOther: not a greeting of protocol 10 (an error packet, another protocol).
Greeting greeting_of(std::span<const unsigned char> bytes);

/// Reads the rows of a prepared statement from the socket, and not through
/// mysql_stmt_fetch, which copies every packet and converts every value. libmariadb
/// connects, authenticates, encrypts, prepares and executes; from the first row to the
/// end the socket (or its SSL object) is read here.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
///
/// Memory: one receive buffer, which grows to the longest packet seen, never by a length
/// that the peer only declares. One thread at a time.
class Wire {
 public:
  /// `connection` has read a statement's columns and no row of it. What libmariadb had
  /// received already is taken over. `connection` must outlive this object.
  explicit Wire(MYSQL* connection);

  /// The next packet's payload, complete, valid until the next call. Throws
  /// Error{kUnavailable} for a connection that ends before its packet does or that speaks
  /// another protocol, and what SocketWait throws.
  std::string_view next(SocketWait& wait) {
    if (end_ - begin_ >= 4) {
      const std::uint32_t header = read_little<std::uint32_t>(buffer_.get() + begin_);
      const std::size_t size = header & 0xFFFFFF;
      if (size < kLongest && end_ - begin_ >= size + 4 && header >> 24 == sequence_) {
        ++sequence_;
        return take(size);
      }
    }
    return next_slow(wait);
  }

  /// Whether bytes are there that nobody has asked for.
  bool has_rest() const { return end_ > begin_; }

 private:
  struct Free {
    void operator()(char* memory) const noexcept { std::free(memory); }
  };
  // A packet of this size goes on in the next.
  static constexpr std::size_t kLongest = 0xFFFFFF;

  std::string_view take(std::size_t size) {
    const char* at = buffer_.get() + begin_ + 4;
    begin_ += size + 4;
    return {at, size};
  }
  std::string_view next_slow(SocketWait& wait);
  std::string_view receive_packet(SocketWait& wait);
  void make_room();
  std::size_t receive(SocketWait& wait);

  int socket_;
  void* ssl_ = nullptr;  // SSL*, or null
  std::unique_ptr<char, Free> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // of what has been received and not yet taken
  std::size_t end_ = 0;
  std::uint8_t sequence_;  // of the next packet
  std::string long_;       // a payload of several packets
};

}  // namespace penstock::mysql
