// SIGINT and SIGTERM as a stop token; SIGPIPE and SIGXFSZ as an error of write().
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace penstock::cli {

/// The first SIGINT or SIGTERM asks for a stop; a second one ends the process at once. A
/// signal that was ignored when the program started (nohup, a shell's background job)
/// stays ignored.
///
/// Thread contract: construct it in main() before any other thread exists, so that every
/// thread has both blocked.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  std::stop_token stop() const { return source_.get_token(); }
  /// SIGINT, SIGTERM, or 0.
  int received() const { return received_; }

 private:
  void wait();

  std::stop_source source_;
  std::atomic<int> received_ = 0;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

}  // namespace penstock::cli
