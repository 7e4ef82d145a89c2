#include "dialect/sqlite/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <fmt/format.h>
#include <sqlite3.h>

namespace penstock::sqlite {
namespace {

constexpr std::int64_t kEpoch = 210'866'760'000'000;  // 1970 in Julian milliseconds

}  // namespace

struct StoppedClock::FileSystem : sqlite3_vfs {
  explicit FileSystem(const sqlite3_vfs& base) : sqlite3_vfs(base) {}

  static int time(sqlite3_vfs* self, sqlite3_int64* milliseconds) noexcept {
    *milliseconds = static_cast<FileSystem*>(self)->milliseconds;
    return SQLITE_OK;
  }

  sqlite3_int64 milliseconds = 0;  // Julian
};

StoppedClock::StoppedClock() {
  static std::atomic<std::uint64_t> made{0};
  file_system_ = std::make_unique<FileSystem>(*sqlite3_vfs_find(nullptr));
  name_ = fmt::format("penstock-stopped-clock-{}", ++made);  // SQLite goes by the name
  file_system_->zName = name_.c_str();
  file_system_->milliseconds =
      kEpoch + std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
  // The first version that has the clock below.
  file_system_->iVersion = std::max(file_system_->iVersion, 2);
  file_system_->xCurrentTimeInt64 = &FileSystem::time;
  sqlite3_vfs_register(file_system_.get(), 0);
}

StoppedClock::~StoppedClock() { sqlite3_vfs_unregister(file_system_.get()); }

}  // namespace penstock::sqlite
