// One session: a read-only transaction with its timeout, and what is prepared in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/postgres/handles.h"
#include "dialect/postgres/types.h"

namespace penstock::postgres {

/// Invariants from the constructor on:
///  1. The session is inside one transaction, begun READ ONLY; everything set is SET
///  LOCAL, so a pooler
///     in transaction mode sees nothing of it. The transaction is never committed.
///  2. A statement is prepared by the extended protocol, so it is one statement, and is
///  run only if it
///     returns columns.
///  3. A value is bound, never text in the statement.
class PostgresConnection final : public Connection {
 public:
  PostgresConnection(const Dsn& dsn, const Target& target, const Session& session,
                     const Wait& wait);

  std::unique_ptr<Cursor> execute(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) override;
  std::vector<ColumnFacts> describe(const Statement& statement,
                                    const ReadOptions& options) override;
  std::vector<std::string> explain(const Statement& statement) override;
  std::vector<std::string> account() override;

 private:
  Result run(const std::string& sql, const std::vector<std::string>& values = {});
  std::vector<ColumnPlan> prepare(const Statement& statement, const TypeChoices& choices);

  Connected connection_;
  Wait wait_;
};

}  // namespace penstock::postgres
