// The frontend/backend protocol on a connection that libpq has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dialect/postgres/handles.h"
#include "dialect/socket_stream.h"

namespace penstock::postgres {

/// Big-endian integers at an unaligned address.
inline std::uint16_t read_u16(const char* at) {
  std::uint16_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return __builtin_bswap16(value);
}
inline std::uint32_t read_u32(const char* at) {
  std::uint32_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return __builtin_bswap32(value);
}
inline std::uint64_t read_u64(const char* at) {
  std::uint64_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return __builtin_bswap64(value);
}
inline std::int16_t read_i16(const char* at) {
  return static_cast<std::int16_t>(read_u16(at));
}
inline std::int32_t read_i32(const char* at) {
  return static_cast<std::int32_t>(read_u32(at));
}
inline std::int64_t read_i64(const char* at) {
  return static_cast<std::int64_t>(read_u64(at));
}

/// Rows are read from the socket here and not through PQgetResult, which in single-row
/// mode makes an object of every row: that costs more than all of our decoding. libpq
/// connects, authenticates, encrypts, prepares and describes; while it is idle and has
/// nothing buffered, its socket (or its SSL object) is read directly, until ReadyForQuery
/// hands it back. One thread at a time.
class Wire {
 public:
  /// `connection` must be idle, and outlive this object.
  explicit Wire(PGconn* connection);

  struct Message {
    char type;
    std::string_view body;  // valid until the next call
  };

  /// Sends all of `bytes`. Throws Error{kUnavailable}, and what SocketWait throws.
  void send(std::string_view bytes, SocketWait& wait) { stream_.send(bytes, wait); }

  /// The next message, complete. Throws as send does, and Error{kUnavailable} for a
  /// connection that ends before its message does or that speaks another protocol.
  Message next(SocketWait& wait) {
    if (stream_.size() >= 5) {
      const std::size_t size = read_u32(stream_.data() + 1);
      if (size >= 4 && stream_.size() >= size + 1) return take(size);
    }
    return next_slow(wait);
  }

 private:
  Message take(std::size_t size) {
    const char* at = stream_.take(size + 1);
    return {*at, {at + 5, size - 4}};
  }
  Message next_slow(SocketWait& wait);

  SocketStream stream_;
};

}  // namespace penstock::postgres
