// Points in time that every wait takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <stop_token>

namespace penstock {

/// A moment of the steady clock after which to give up. Cheap to copy.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline never() { return Deadline(Clock::time_point::max()); }
  /// Zero, negative, or longer than the clock can tell: never.
  static Deadline after(std::chrono::milliseconds wait) {
    if (wait.count() <= 0) return never();
    const Clock::time_point now = Clock::now();
    if (wait >=
        std::chrono::floor<std::chrono::milliseconds>(Clock::time_point::max() - now)) {
      return never();
    }
    return Deadline(now + wait);
  }
  Deadline sooner(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

  bool passed() const { return at_ != Clock::time_point::max() && Clock::now() >= at_; }
  Clock::time_point at() const { return at_; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace penstock
