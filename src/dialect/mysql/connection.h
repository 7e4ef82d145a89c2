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
///  1. The session is read-only, and inside one transaction begun READ ONLY, which is
///     never committed: closing the connection rolls it back.
///  2. A statement is prepared, so it is one statement; it begins as a query does, means
///     the same under the server's sql_mode, and is run only if it returns columns.
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
  std::vector<std::string> account() override;

 private:
  Rows run(const std::string& sql, SocketWait& wait);
  std::vector<std::string> grants(SocketWait& wait);
  void refuse_privileged(SocketWait& wait);
  void check_text(const Statement& statement) const;
  /// Waiting ends as `wait` says. Throws error_of, or what ended the wait; then the
  /// statement is killed.
  void prepare(const std::string& text, SocketWait& wait);
  void prepare_read(const Statement& statement, SocketWait& wait);
  void bind_and_execute(const Statement& statement, SocketWait& wait);
  std::unique_ptr<Cursor> start(const Statement& statement, const ReadOptions& options,
                                std::unique_ptr<SocketWait> wait);
  std::vector<ResultColumn> result_columns() const;
  void finished(const ResultEnd& end, SocketWait& wait);
  void refuse_cut_result(unsigned warnings, SocketWait& wait);
  void give_up() noexcept;
  [[noreturn]] void fail(SocketWait& wait);

  // Kept to kill a statement by; the Link refers to the target.
  Dsn dsn_;
  Target target_;
  Wait wait_;
  Connected connected_;
  SessionFacts facts_;
  Prepared prepared_;
};

}  // namespace penstock::mysql
