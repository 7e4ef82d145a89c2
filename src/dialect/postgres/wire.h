// The frontend/backend protocol on a connection that libpq has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/socket_wait.h"
#include "dialect/postgres/handles.h"

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
/// hands it back.
///
/// Memory: one receive buffer, which grows to the longest message seen and never by a
/// length that the peer only declares: it grows as bytes arrive. One thread at a time.
class Wire {
 public:
  /// `connection` must be idle, and outlive this object.
  explicit Wire(PGconn* connection);

  struct Message {
    char type;
    std::string_view body;  // valid until the next call
  };

  /// Sends all of `bytes`. Throws Error{kUnavailable}, and what SocketWait throws.
  void send(std::string_view bytes, SocketWait& wait);

  /// The next message, complete. Throws as send does, and Error{kUnavailable} for a
  /// connection that ends before its message does or that speaks another protocol.
  Message next(SocketWait& wait) {
    if (end_ - begin_ >= 5) {
      const std::size_t size = read_u32(buffer_.get() + begin_ + 1);
      if (size >= 4 && end_ - begin_ >= size + 1) return take(size);
    }
    return next_slow(wait);
  }

 private:
  struct Free {
    void operator()(char* memory) const noexcept { std::free(memory); }
  };

  Message take(std::size_t size) {
    const char* at = buffer_.get() + begin_;
    begin_ += size + 1;
    return {*at, {at + 5, size - 4}};
  }
  Message next_slow(SocketWait& wait);
  void make_room();
  std::size_t receive(SocketWait& wait);

  int socket_;
  void* ssl_;  // SSL*, or null
  std::unique_ptr<char, Free> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // of what has been received and not yet taken
  std::size_t end_ = 0;
  bool drained_ = false;  // the last read took all there was
};

}  // namespace penstock::postgres
