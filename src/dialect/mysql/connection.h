// One session: a read-only transaction with its time limits, and what is prepared in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/mysql/connect.h"
#include "dialect/mysql/cursor.h"
#include "dialect/mysql/session.h"
#include "dialect/mysql/types.h"

namespace penstock::mysql {

/// Invariants from the constructor on:
///  1. The session is read-only unless it is to write, or to plan what writes, since the
///     server prepares no change in a read-only transaction, and inside one transaction
///     begun so, which only commit() commits (and the server itself, at a change of the
///     schema): closing the connection rolls it back.
///  2. A statement is prepared, so it is one statement; it begins as a query does, means
///     the same under the server's sql_mode, and is run only if it returns columns, or
///     the session may write.
///  3. A value is bound, never text in the statement.
///  4. A statement that is given up is killed on the server, over a connection of its
///     own, and this connection is then cut.
class MysqlConnection final : public Connection {
 public:
  MysqlConnection(Dsn dsn, Target target, const Session& session, const Wait& wait);
  ~MysqlConnection() override;

  std::unique_ptr<Cursor> execute(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) override;
  std::vector<ColumnFacts> describe(const Statement& statement,
                                    const ReadOptions& options) override;
  std::vector<std::string> explain(const Statement& statement) override;
  ChangeFacts describe_change(const Statement& statement,
                              const ReadOptions& options) override;
  std::vector<std::string> account() override;
  Execution execute_write(const Statement& statement, const ReadOptions& options,
                          const Wait& wait) override;
  void commit(const Wait& wait) override;
  /// By ranges of the column, which `tables_to_lock` has looked at.
  std::vector<Statement> split(const Statement& statement, const Partition& partition,
                               const Wait& wait, std::string* how) override;

  /// For connect_to_one_version (one_version.h). The tables that `statement` names,
  /// quoted; none, and `why`, where several sessions cannot be shown to read one version
  /// of them. Throws Error{kRecipe} for a partition column that is no number.
  std::vector<std::string> tables_to_lock(const Statement& statement,
                                          const Partition& partition, std::string* why);
  /// LOCK TABLES ... READ; gives up after a short time. This session reads nothing else.
  void lock(const std::string& table, SocketWait& wait);
  void unlock(SocketWait& wait);
  /// The server's time, and that which NOW() and its kin give in this session from now
  /// on.
  std::string time(SocketWait& wait);
  void set_time(const std::string& time, SocketWait& wait);
  /// Begins a new transaction in two steps, so that several sessions can wait at once.
  void ask_for_snapshot(SocketWait& wait);
  void await_snapshot(SocketWait& wait);

 private:
  Rows ask(const std::string& sql, const std::vector<std::string>& values);
  void check_partition_column(const Statement& statement, const std::string& column);
  std::string why_no_subquery(const Statement& statement);
  std::vector<std::string> tables_named_in(const std::string& sql, std::string* why);
  std::string why_no_snapshot(const std::string& schema, const std::string& table);
  std::string why_unstable_column(const std::string& schema, const std::string& table);
  /// Ends as `wait` says, and by the DSN's read_timeout and write_timeout.
  std::unique_ptr<SocketWait> wait_of(const Wait& wait) const;
  void require_read_only() const;
  Rows run(const std::string& sql, SocketWait& wait);
  std::vector<std::string> grants(SocketWait& wait);
  void refuse_privileged(Access access, SocketWait& wait);
  void check_text(const Statement& statement, Access access) const;
  /// Waiting ends as `wait` says. Throws error_of, or what ended the wait; then the
  /// statement is killed.
  void prepare(const std::string& text, SocketWait& wait);
  void prepare_read(const Statement& statement, SocketWait& wait);
  void prepare_change(const Statement& statement, SocketWait& wait);
  void bind_and_execute(const Statement& statement, SocketWait& wait);
  std::unique_ptr<Cursor> open_cursor(const Statement& statement,
                                      const ReadOptions& options,
                                      std::unique_ptr<SocketWait> wait);
  std::unique_ptr<Cursor> start(const Statement& statement, const ReadOptions& options,
                                std::unique_ptr<SocketWait> wait);
  std::vector<ResultColumn> result_columns() const;
  void finished(const ResultEnd& end, SocketWait& wait);
  void refuse_cut_result(unsigned warnings, SocketWait& wait);
  void give_up(const SocketWait& wait) noexcept;
  [[noreturn]] void fail(SocketWait& wait);

  // Kept to kill a statement by; the Link refers to the target.
  Dsn dsn_;
  Target target_;
  Wait wait_;
  Connected connected_;
  SessionFacts facts_;
  Prepared prepared_;
};

/// A parameter as MySQL writes it.
std::string placeholder(int index);

}  // namespace penstock::mysql
