// How far a run is, on a terminal's last line.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "cli/events.h"
#include "penstock/fetch.h"

namespace penstock::cli {

enum class ProgressMode { kAuto, kAlways, kNever };

/// Redrawn ten times a second by a thread of its own, so that the clock goes on while the
/// database has no row to give. kAuto: on a terminal with text messages. kAlways without
/// a terminal: a line, or the event `fetch_progress`, every five seconds. Erased on
/// destruction.
class ProgressLine {
 public:
  ProgressLine(Messages& messages, ProgressMode mode, std::string label);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// Thread-safe.
  void update(const Progress& progress);

 private:
  void run(const std::stop_token& stop);
  void draw(const Progress& progress) const;

  Messages& messages_;
  const std::string label_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const bool on_terminal_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  Progress latest_;
  std::jthread thread_;
};

}  // namespace penstock::cli
