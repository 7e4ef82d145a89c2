// The rows of a prepared statement.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/socket_wait.h"
#include "dialect/dialect.h"
#include "dialect/postgres/decode.h"
#include "dialect/postgres/handles.h"
#include "dialect/postgres/wire.h"

namespace penstock::postgres {

/// A parameter in the text form that Bind takes; nothing for NULL.
std::optional<std::string> text_of_value(const Value& value);

/// The count of a command's tag ("UPDATE 3", "INSERT 0 3"); -1 for one that changes no
/// row.
std::int64_t affected_of(std::string_view tag) noexcept;

/// Runs the unnamed statement of `connection` to its end. While rows come, the connection
/// belongs to this object; destroyed before the end, it cancels the query on the server.
class PostgresCursor final : public Cursor {
 public:
  PostgresCursor(PGconn* connection, const Statement& statement,
                 std::vector<ColumnPlan> plans, const ReadOptions& options,
                 const Wait& wait);
  ~PostgresCursor() override;

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return decoder_.schema();
  }
  std::shared_ptr<arrow::RecordBatch> next() override;
  Ledger ledger() const override { return decoder_.ledger(); }
  std::int64_t expected_rows() const override { return -1; }
  std::int64_t affected() const override { return affected_; }

 private:
  bool handle(const Wire::Message& message);
  [[noreturn]] void fail(std::string_view body);

  PGconn* connection_;
  std::vector<Value> values_;  // bound, and in no message
  BatchSize batch_;
  SocketWait wait_;
  Wire wire_;
  RowDecoder decoder_;
  std::int64_t affected_ = -1;
  bool running_ = false;  // the server may still be working
};

}  // namespace penstock::postgres
