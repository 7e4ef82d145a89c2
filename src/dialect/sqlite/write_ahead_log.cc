#include "dialect/sqlite/write_ahead_log.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/text.h"
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

// What a journal begins with while its transaction has not ended
// (https://www.sqlite.org/fileformat2.html, "The Rollback Journal"). To open such a file
// for writing is to roll it back where its writer is gone, and that is not a reader's to
// do.
bool has_open_journal(const std::string& path) {
  constexpr std::string_view kMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
  std::ifstream journal(path + "-journal", std::ios::binary);
  std::string start(kMagic.size(), '\0');
  journal.read(start.data(), static_cast<std::streamsize>(start.size()));
  return journal.good() && start == kMagic;
}

// The mode that the file is in then; nothing, and the library's reason in `db`, if it
// could not be asked for.
std::string set_journal_mode(sqlite3* db) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &raw, nullptr);
  const Prepared prepared(raw);
  if (raw == nullptr || sqlite3_step(raw) != SQLITE_ROW) return "";
  const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
  return mode == nullptr ? "" : mode;
}

}  // namespace

std::string set_write_ahead_log(const Target& target, const Session& session,
                                const Wait& wait) {
  if (has_open_journal(target.path())) {
    return "another program is writing to the file, or crashed while it did";
  }
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(target.path().c_str(), &raw,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW,
                                     nullptr);
  const Database db(raw);
  if (opened != SQLITE_OK) return "";  // the read that follows says why
  Patience patience{wait, wait.deadline.sooner(Deadline::after(session.limits.connect))};
  sqlite3_busy_handler(raw, on_busy, &patience);
  // Whoever writes to the file tidies it up; a reader does not.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_exec(raw, "PRAGMA mmap_size=0; PRAGMA synchronous=NORMAL", nullptr, nullptr,
               nullptr);
  const std::string mode = set_journal_mode(raw);
  std::string trouble = mode.empty() ? printable(sqlite3_errmsg(raw), 200) : "";
  if (wait.stop.stop_requested())
    throw Error(Category::kInterrupted, "interrupted", "interrupted");
  if (mode == "wal" || !trouble.empty()) return trouble;
  return fmt::format("it stays in journal_mode {}", printable(mode, 20));
}

}  // namespace penstock::sqlite
