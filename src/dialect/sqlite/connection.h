// One open database and the rules it is under.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/sqlite/handles.h"

namespace penstock::sqlite {

/// Invariants from the constructor on:
///  1. The file was opened read-only and is never created; nothing can be attached.
///  2. query_only is on (read back), the schema is untrusted, DEFENSIVE is on, extensions
///  are off.
///  3. Every statement is authorised by authorize_read, and only one that reads is run.
///  4. A running statement ends soon after its Wait ends: the progress handler looks
///  every few thousand opcodes.
class SqliteConnection final : public Connection {
 public:
  SqliteConnection(const Target& target, const Session& session, const Wait& wait);

  std::unique_ptr<Cursor> execute(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) override;
  std::vector<ColumnFacts> describe(const Statement& statement,
                                    const ReadOptions& options) override;
  std::vector<std::string> explain(const Statement& statement) override;
  std::vector<std::string> account() override;

  /// The error of a failed step: the deadline or the stop token if they ended it, else
  /// SQLite's.
  [[noreturn]] void fail(std::string_view what, std::string_view where = {});
  sqlite3* handle() const { return db_.get(); }

 private:
  enum class Ended : std::uint8_t { kNo, kDeadline, kStopped };

  void open(const std::string& path);
  void harden();
  void run(const char* pragma);
  std::int64_t read_int(const char* pragma);
  Prepared prepare(const std::string& text, const Statement* statement);
  Prepared prepare_read(const Statement& statement);
  static int on_progress(void* self) noexcept;
  static int on_busy(void* self, int calls) noexcept;
  bool wait_is_over();

  std::string path_;
  Database db_;
  Wait wait_;
  std::chrono::milliseconds busy_timeout_;
  Deadline busy_until_ = Deadline::never();
  Ended ended_ = Ended::kNo;
};

}  // namespace penstock::sqlite
