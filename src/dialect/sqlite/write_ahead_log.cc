#include "dialect/sqlite/write_ahead_log.h"

#include <algorithm>
#include <thread>

#include <sqlite3.h>

#include "dialect/sqlite/handles.h"
#include "penstock/error.h"

namespace penstock::sqlite {
namespace {

struct Patience {
  const Wait& wait;
  Deadline until;
};

int on_busy(void* patience, int calls) noexcept {
  const auto* of = static_cast<const Patience*>(patience);
  if (of->wait.stop.stop_requested() || of->until.passed()) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + calls, 25)));
  return 1;
}

}  // namespace

void set_write_ahead_log(const Target& target, const Session& session, const Wait& wait) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(target.path().c_str(), &raw,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW,
                                     nullptr);
  const Database db(raw);
  if (opened != SQLITE_OK) return;
  Patience patience{wait, wait.deadline.sooner(Deadline::after(session.limits.connect))};
  sqlite3_busy_handler(raw, on_busy, &patience);
  // Whoever writes to the file tidies it up; a reader does not.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  for (const char* pragma :
       {"PRAGMA mmap_size=0", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL"}) {
    if (sqlite3_exec(raw, pragma, nullptr, nullptr, nullptr) != SQLITE_OK) break;
  }
  if (wait.stop.stop_requested())
    throw Error(Category::kInterrupted, "interrupted", "interrupted");
}

}  // namespace penstock::sqlite
