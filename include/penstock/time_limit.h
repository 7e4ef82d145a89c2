// Stage: base. The moment at which a run's time is over.
#pragma once

#include <chrono>
#include <string>

namespace penstock {

/// When a run must have ended, its rows written.
struct TimeLimit {
  using Clock = std::chrono::steady_clock;

  Clock::time_point at = Clock::time_point::max();  // max: never
  std::string hint;  // of the error: names the limit that says so

  bool passed() const { return at != Clock::time_point::max() && Clock::now() >= at; }
};

}  // namespace penstock
