// The client/server protocol on a connection that libmariadb has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mysql.h>
#include <span>
#include <string>
#include <string_view>

#include "dialect/socket_stream.h"

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
/// One thread at a time.
class Wire {
 public:
  /// `connection` has read a statement's columns and no row of it. What libmariadb had
  /// received already is taken over. `connection` must outlive this object.
  explicit Wire(MYSQL* connection);

  /// The next packet's payload, complete, valid until the next call. Throws
  /// Error{kUnavailable} for a connection that ends before its packet does or that speaks
  /// another protocol, and what SocketWait throws.
  std::string_view next(SocketWait& wait) {
    if (stream_.size() >= 4) {
      const std::uint32_t header = read_little<std::uint32_t>(stream_.data());
      const std::size_t size = header & 0xFFFFFF;
      if (size < kLongest && stream_.size() >= size + 4 && header >> 24 == sequence_) {
        ++sequence_;
        return take(size);
      }
    }
    return next_slow(wait);
  }

  /// Whether bytes are there that nobody has asked for.
  bool has_rest() const { return stream_.size() > 0; }

 private:
  // A packet of this size goes on in the next.
  static constexpr std::size_t kLongest = 0xFFFFFF;

  std::string_view take(std::size_t size) { return {stream_.take(size + 4) + 4, size}; }
  std::string_view next_slow(SocketWait& wait);
  std::string_view receive_packet(SocketWait& wait);

  SocketStream stream_;
  std::uint8_t sequence_;  // of the next packet
  std::string long_;       // a payload of several packets
};

}  // namespace penstock::mysql
