// The bytes of a connection that a client library has opened.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/socket_wait.h"

namespace penstock {

/// Rows are read from the socket (or its SSL object) here and not through the client
/// library, which copies and converts each of them; the library has connected,
/// authenticated and encrypted before, and is not to touch the socket meanwhile.
///
/// Memory: one receive buffer, which grows to the longest message seen and never by a
/// length that the peer only declares: it doubles once it is full. One thread at a time.
class SocketStream {
 public:
  /// `socket` does not block; `ssl` is the library's SSL object on it, or null. Both must
  /// outlive this object.
  SocketStream(int socket, void* ssl) : socket_(socket), ssl_(ssl) {}

  /// Sends all of `bytes`. Throws Error{kUnavailable} for a lost connection, and what
  /// SocketWait throws.
  void send(std::string_view bytes, SocketWait& wait);

  /// What has been received and not yet taken; valid until the next call of receive() or
  /// put().
  const char* data() const { return buffer_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }

  /// Takes `bytes` of it, at most size(), and gives where they begin.
  const char* take(std::size_t bytes) {
    const char* at = buffer_.get() + begin_;
    begin_ += bytes;
    return at;
  }

  /// Waits until at least one byte more is there. Throws as send() does, also where the
  /// peer has closed the connection.
  void receive(SocketWait& wait);

  /// What the client library had received already.
  void put(std::string_view bytes);

 private:
  struct Free {
    void operator()(char* memory) const noexcept { std::free(memory); }
  };
  void make_room();
  void await_bytes(SocketWait& wait);
  std::size_t receive_plain(char* to, std::size_t room, SocketWait& wait);
  std::size_t receive_encrypted(char* to, std::size_t room, SocketWait& wait);
  void await_encrypted(int result, std::string_view what, SocketWait& wait);

  int socket_;
  void* ssl_;  // SSL*, or null
  std::unique_ptr<char, Free> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // of what has been received and not yet taken
  std::size_t end_ = 0;
  bool drained_ = false;  // the last read took all there was
  std::size_t received_ = 0;
};

/// Copies what the next read of `socket` (or of `ssl` on it, if not null) would give, and
/// leaves it there: at most `room` bytes, of TLS at most the rest of a record. 0: nothing
/// is there, or the peer has closed the connection.
std::size_t peek(int socket, void* ssl, char* to, std::size_t room) noexcept;

/// Throws Error{kUnavailable}, code connection_lost.
[[noreturn]] void connection_lost(std::string_view why);

}  // namespace penstock
