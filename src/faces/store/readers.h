// How many read at once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

namespace penstock {

/// A counted gate. Thread-safe; outlives its permits.
class Readers {
 public:
  explicit Readers(std::int64_t most) : free_(most) {}

  struct GiveBack {
    void operator()(Readers* readers) const noexcept;
  };
  /// Held while one reads.
  using Permit = std::unique_ptr<Readers, GiveBack>;

  /// Waits until fewer than `most` hold one. Throws Error{kInterrupted} if `stop` comes
  /// first.
  Permit take(const std::stop_token& stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::int64_t free_;
};

}  // namespace penstock
