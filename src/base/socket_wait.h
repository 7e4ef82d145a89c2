// Waiting for a socket, but no longer than we may.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/deadline.h"

namespace penstock {

/// How long a single wait to read or to write may last; zero: as long as the deadline
/// lets it.
struct Silence {
  std::chrono::milliseconds read{0};
  std::chrono::milliseconds write{0};
};

/// A deadline and a stop token that end a wait on a socket. Made once for a statement,
/// since being told of a stop costs a file descriptor. One thread at a time.
class SocketWait {
 public:
  SocketWait(Deadline deadline, const std::stop_token& stop, const Silence& silence = {});
  ~SocketWait();
  SocketWait(const SocketWait&) = delete;
  SocketWait& operator=(const SocketWait&) = delete;

  /// Returns when `socket` can be read, or written. Throws Error{kInterrupted} once the
  /// token is triggered, Error{kTimeout} once the deadline has passed, or
  /// "server_silent" after the silence, Error{kUnexpected} if poll fails.
  void until_readable(int socket) { until(socket, true, kForEver); }
  void until_writable(int socket) { until(socket, false, kForEver); }
  /// The same, but false where `socket` cannot be read within `at_most`.
  bool until_readable(int socket, std::chrono::milliseconds at_most) {
    return until(socket, true, at_most);
  }

  /// Throws as above without waiting.
  void check() const;
  Deadline deadline() const { return deadline_; }

 private:
  static constexpr auto kForEver = std::chrono::milliseconds::max();

  bool until(int socket, bool readable, std::chrono::milliseconds at_most);

  Deadline deadline_;
  std::stop_token stop_;
  Silence silence_;
  int event_;
  std::optional<std::stop_callback<std::function<void()>>> wake_;
};

}  // namespace penstock
