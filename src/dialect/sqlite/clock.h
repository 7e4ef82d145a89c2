// A moment that several connections share.
#pragma once

#include <memory>
#include <string>

namespace penstock::sqlite {

/// SQLite's file system with a clock that stands still, at the moment this was made: what
/// 'now', CURRENT_TIMESTAMP and a date function without arguments are in a connection
/// that is opened with it. Must outlive them.
class StoppedClock {
 public:
  StoppedClock();
  ~StoppedClock();
  StoppedClock(const StoppedClock&) = delete;
  StoppedClock& operator=(const StoppedClock&) = delete;

  /// What sqlite3_open_v2 is to be told.
  const char* file_system() const noexcept { return name_.c_str(); }

 private:
  struct FileSystem;
  std::string name_;
  std::unique_ptr<FileSystem> file_system_;
};

}  // namespace penstock::sqlite
