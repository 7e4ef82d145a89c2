// One open database and the rules it is under.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/sqlite/clock.h"
#include "dialect/sqlite/handles.h"

namespace penstock::sqlite {

/// Invariants from the constructor on:
///  1. The file was opened read-only, unless the session may write and is not to plan
///  only, and is never created; nothing can be attached.
///  2. query_only is on (read back) where it was; the schema is untrusted, DEFENSIVE is
///  on, extensions are off.
///  3. Every statement is authorised by authorize_read, and only one that reads is run;
///  in a session that may write, by authorize_write, inside one transaction.
///  4. A statement ends soon after its Wait ends: the progress handler looks every few
///  thousand opcodes, the authorizer while one is being prepared, and interrupt() ends
///  what has no opcodes to count (a count(*) of a whole table). What SQLite does within
///  one call of a function runs to its end: bounded.h does not wait for it.
class SqliteConnection final : public Connection {
 public:
  /// With a `clock`, it is always that moment.
  SqliteConnection(const Target& target, const Session& session, const Wait& wait,
                   std::shared_ptr<const StoppedClock> clock = nullptr);

  std::unique_ptr<Cursor> execute(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) override;
  std::vector<ColumnFacts> describe(const Statement& statement,
                                    const ReadOptions& options) override;
  std::vector<std::string> explain(const Statement& statement) override;
  ChangeFacts describe_change(const Statement& statement,
                              const ReadOptions& options) override;
  std::vector<std::string> account() override;
  std::vector<Statement> split(const Statement& statement, const Partition& partition,
                               const Wait& wait, std::string* how) override;

  Execution execute_write(const Statement& statement, const ReadOptions& options,
                          const Wait& wait) override;
  void commit(const Wait& wait) override;

  /// Begins a transaction that sees, from now on, one version of the data.
  void begin_read();
  /// Changes when another connection has committed.
  std::int64_t data_version();

  /// Asks what runs to end; from any thread.
  void interrupt() noexcept { sqlite3_interrupt(db_.get()); }

  /// Throws if the wait of the running statement is over.
  void check_wait();
  /// The error of a failed step.
  [[noreturn]] void fail_step();

 private:
  /// A query that gives every row of one table, and the edges of its rowid.
  struct PlainScan {
    std::string table;
    std::string rowid;  // a name for it that no column hides
    std::int64_t low;
    std::int64_t high;
  };

  enum class Ended : std::uint8_t { kNo, kDeadline, kStopped };
  struct Interrupt {
    sqlite3* db;
    void operator()() const noexcept { sqlite3_interrupt(db); }
  };

  void open(const std::string& path);
  void harden();
  void allow_writing();
  void authorize();
  std::optional<PlainScan> plain_scan(const Statement& statement);
  std::string_view random_function(const Statement& statement);
  Prepared prepare_own(const std::string& text);
  void set_wait(const Wait& wait);
  /// Throws if the deadline or the stop token ended the last call.
  void throw_if_ended() const;
  /// Throws that too where the last call was interrupted, or a stop was asked for.
  void throw_if_interrupted();
  /// Throws if that or the authorizer did.
  void throw_if_denied() const;
  [[noreturn]] void fail(std::string_view what, std::string_view where = {});
  void run(const char* pragma);
  std::int64_t read_int(const char* pragma);
  Prepared prepare(const std::string& text, const Statement* statement);
  Prepared prepare_read(const Statement& statement);
  /// A change, or a query; bound.
  Prepared prepare_change(const Statement& statement);
  /// Of a statement that was prepared before.
  std::vector<std::string> explain_prepared(const Statement& statement);
  void bind(sqlite3_stmt* prepared, const Statement& statement);
  static int on_authorize(void* self, int action, const char* first, const char* second,
                          const char* database, const char* trigger) noexcept;
  static int on_progress(void* self) noexcept;
  static int on_busy(void* self, int calls) noexcept;
  bool wait_is_over();

  std::string path_;
  const bool writes_;
  const bool plan_only_;
  bool own_statement_ = false;                 // BEGIN and COMMIT are ours
  std::shared_ptr<const StoppedClock> clock_;  // before db_, which goes by it
  Database db_;
  Wait wait_{Deadline::never(), {}};
  std::chrono::milliseconds busy_timeout_;
  Deadline busy_until_ = Deadline::never();
  Ended ended_ = Ended::kNo;
  bool executing_ = false;
  bool text_bound_ = false;
  std::string denied_;  // what the authorizer refused in the last statement prepared
  // After db_, so that it is gone before the handle is closed.
  std::optional<std::stop_callback<Interrupt>> interrupt_on_stop_;
};

/// A parameter as SQLite writes it.
std::string placeholder(int index);

/// At most `count` sessions in read transactions that see one version of the file, and
/// all of them one time; `why` not more.
std::vector<std::shared_ptr<SqliteConnection>> connect_to_one_version(
    const Target& target, const Session& session, const Wait& wait, std::int64_t count,
    std::string* why);

}  // namespace penstock::sqlite
