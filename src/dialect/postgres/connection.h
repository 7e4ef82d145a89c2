// One session: a read-only transaction with its timeout, and what is prepared in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/postgres/handles.h"
#include "dialect/postgres/session.h"
#include "dialect/postgres/types.h"

namespace penstock::postgres {

/// Invariants from the constructor on:
///  1. The session is inside one transaction, begun READ ONLY unless the session may
///  write and is not to plan only; everything set is SET LOCAL, so a pooler
///     in transaction mode sees nothing of it. Only commit() commits it.
///  2. A statement is prepared by the extended protocol, so it is one statement, and is
///  run only if it
///     returns columns, or the session may write.
///  3. A value is bound, never text in the statement.
class PostgresConnection final : public Connection {
 public:
  PostgresConnection(const Dsn& dsn, const Target& target, const Session& session,
                     const Wait& wait, const Version& version = {});

  /// Exports this transaction's version of the data, for as long as it lasts.
  std::string snapshot();

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

 private:
  std::int64_t run_prepared(const Statement& statement);
  std::vector<std::string> explain(const Statement& statement, std::string_view options);
  /// Of a statement that prepare or prepare_any has taken.
  std::vector<std::string> explain_prepared(const Statement& statement,
                                            std::string_view options);
  std::vector<std::string> parameter_types();
  void check_partition_column(const Statement& statement, const std::string& column);
  bool scans_a_range(const Statement& part);
  std::vector<Statement> split_by_page(const Statement& statement, std::int64_t count,
                                       std::string* how);
  Run runner();
  /// As await_result, without the statement's values in an error.
  Result await_bound(const Statement& statement);
  Result run(const std::string& sql, const std::vector<std::string>& values = {});
  /// As the unnamed statement, its parameters of types_.
  void parse(const Statement& statement);
  /// As parse, and sets types_: a text is of the type that the server infers from its
  /// place (date, uuid, ...), and a text where that says nothing (concat(...), ... IS
  /// NULL). Leaves a savepoint if there is such a parameter.
  void parse_by_place(const Statement& statement);
  /// Only a read, which returns columns.
  std::vector<ColumnPlan> prepare(const Statement& statement, const TypeChoices& choices);
  /// One whose columns are not looked at.
  std::vector<ColumnPlan> prepare(const Statement& statement);
  /// Anything; nothing for a statement without columns.
  std::vector<ColumnPlan> prepare_any(const Statement& statement,
                                      const TypeChoices& choices);

  Connected connection_;
  Wait wait_;
  std::vector<Oid> types_;  // of the parameters of what was prepared last
};

}  // namespace penstock::postgres
