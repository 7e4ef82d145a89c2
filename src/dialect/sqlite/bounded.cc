#include "dialect/sqlite/bounded.h"

#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "dialect/sqlite/connection.h"
#include "dialect/sqlite/cursor.h"
#include "dialect/sqlite/worker.h"
#include "penstock/error.h"

namespace penstock::sqlite {
namespace {

class BoundedCursor final : public Cursor {
 public:
  BoundedCursor(std::shared_ptr<Worker> worker,
                std::shared_ptr<SqliteConnection> connection,
                std::shared_ptr<Cursor> cursor, Wait wait)
      : worker_(std::move(worker)),
        connection_(std::move(connection)),
        cursor_(std::move(cursor)),
        wait_(std::move(wait)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return cursor_->schema();
  }
  std::shared_ptr<arrow::RecordBatch> next() override {
    return worker_->run([cursor = cursor_] { return cursor->next(); }, wait_,
                        [this] { connection_->interrupt(); });
  }
  Ledger ledger() const override {
    return worker_->given_up() ? Ledger() : cursor_->ledger();
  }
  std::int64_t expected_rows() const override { return cursor_->expected_rows(); }
  std::int64_t affected() const override {
    return worker_->given_up() ? -1 : cursor_->affected();
  }

 private:
  std::shared_ptr<Worker> worker_;
  std::shared_ptr<SqliteConnection> connection_;
  std::shared_ptr<Cursor> cursor_;
  Wait wait_;
};

class BoundedConnection final : public Connection {
  template <typename Call>
  auto run(Call call) {
    return worker_->run(std::move(call), wait_, [this] { connection_->interrupt(); });
  }

 public:
  BoundedConnection(std::shared_ptr<SqliteConnection> connection, Wait wait)
      : connection_(std::move(connection)), wait_(std::move(wait)) {}

  std::unique_ptr<Cursor> execute(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) override {
    wait_ = wait;
    auto cursor = run([connection = connection_, statement, options, wait] {
      return shared(connection, connection->execute(statement, options, wait));
    });
    return std::make_unique<BoundedCursor>(worker_, connection_, std::move(cursor), wait);
  }
  Execution execute_write(const Statement& statement, const ReadOptions& options,
                          const Wait& wait) override {
    wait_ = wait;
    auto [cursor, affected] = run([connection = connection_, statement, options, wait] {
      Execution done = connection->execute_write(statement, options, wait);
      auto made = done.cursor ? shared(connection, std::move(done.cursor)) : nullptr;
      return std::pair(std::move(made), done.affected);
    });
    Execution execution;
    execution.affected = affected;
    if (cursor) {
      execution.cursor =
          std::make_unique<BoundedCursor>(worker_, connection_, std::move(cursor), wait);
    }
    return execution;
  }
  void commit(const Wait& wait) override {
    wait_ = wait;
    try {
      run([connection = connection_, wait] {
        connection->commit(wait);
        return true;
      });
    } catch (const Error& error) {
      if (!worker_->given_up()) throw;
      throw Error(error.category(), "commit_unknown",
                  fmt::format("while committing: {}", error.message()),
                  "the change may have been made or not: look before it is run again");
    }
  }
  std::vector<ColumnFacts> describe(const Statement& statement,
                                    const ReadOptions& options) override {
    return run([connection = connection_, statement, options] {
      return connection->describe(statement, options);
    });
  }
  std::vector<std::string> explain(const Statement& statement) override {
    return run(
        [connection = connection_, statement] { return connection->explain(statement); });
  }
  ChangeFacts describe_change(const Statement& statement,
                              const ReadOptions& options) override {
    return run([connection = connection_, statement, options] {
      return connection->describe_change(statement, options);
    });
  }
  std::vector<std::string> account() override { return connection_->account(); }
  std::vector<Statement> split(const Statement& statement, const Partition& partition,
                               const Wait& wait, std::string* how) override {
    wait_ = wait;
    auto [parts, by] = run([connection = connection_, statement, partition, wait] {
      std::string said;
      auto made = connection->split(statement, partition, wait, &said);
      return std::pair(std::move(made), std::move(said));
    });
    *how = std::move(by);
    return std::move(parts);
  }

 private:
  // A cursor refers to its connection.
  static std::shared_ptr<Cursor> shared(std::shared_ptr<SqliteConnection> connection,
                                        std::unique_ptr<Cursor> cursor) {
    return {cursor.release(),
            [connection = std::move(connection)](Cursor* made) { delete made; }};
  }

  std::shared_ptr<SqliteConnection> connection_;
  Wait wait_;
  std::shared_ptr<Worker> worker_ = std::make_shared<Worker>();
};

}  // namespace

std::unique_ptr<Connection> connect_bounded(const Target& target, const Session& session,
                                            const Wait& wait) {
  Worker worker;
  auto connection = worker.run(
      [target, session, wait] {
        return std::make_shared<SqliteConnection>(target, session, wait);
      },
      wait);
  return std::make_unique<BoundedConnection>(std::move(connection), wait);
}

std::vector<std::unique_ptr<Connection>> connect_group_bounded(const Target& target,
                                                               const Session& session,
                                                               const Wait& wait,
                                                               std::int64_t count,
                                                               std::string* why) {
  Worker worker;
  auto [group, said] = worker.run(
      [target, session, wait, count] {
        std::string reason;
        auto made = connect_to_one_version(target, session, wait, count, &reason);
        return std::pair(std::move(made), std::move(reason));
      },
      wait);
  *why = std::move(said);
  std::vector<std::unique_ptr<Connection>> bounded;
  for (auto& connection : group) {
    bounded.push_back(std::make_unique<BoundedConnection>(std::move(connection), wait));
  }
  return bounded;
}

}  // namespace penstock::sqlite
