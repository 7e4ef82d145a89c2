// The rows of an executed statement.
#pragma once

#include <functional>
#include <memory>

#include "base/socket_wait.h"
#include "dialect/dialect.h"
#include "dialect/mysql/decode.h"
#include "dialect/mysql/handles.h"
#include "dialect/mysql/wire.h"

namespace penstock::mysql {

/// How a result ended, as its last packet says.
struct ResultEnd {
  unsigned warnings = 0;
  unsigned status = 0;  // SERVER_STATUS_... bits
};

/// Runs a statement's result to its end. While rows come, the connection belongs to this
/// object.
class MysqlCursor final : public Cursor {
 public:
  /// What the connection does when all rows have come, or when none is wanted any more.
  struct Owner {
    std::function<void(const ResultEnd&)> finished;  // throws for a result that was cut
    std::function<void()> abandoned;                 // never throws
    std::vector<Value> values;                       // bound, and in no message
  };

  /// `connection` has executed a statement and read its columns.
  MysqlCursor(MYSQL* connection, std::vector<ColumnPlan> plans,
              const ReadOptions& options, std::unique_ptr<SocketWait> wait, Owner owner);
  ~MysqlCursor() override;

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return decoder_.schema();
  }
  std::shared_ptr<arrow::RecordBatch> next() override;
  Ledger ledger() const override { return decoder_.ledger(); }
  std::int64_t expected_rows() const override { return -1; }

 private:
  void finish(std::string_view payload);

  BatchSize batch_;
  std::unique_ptr<SocketWait> wait_;
  Owner owner_;
  Wire wire_;
  RowDecoder decoder_;
  bool running_ = true;  // the server may still be working
};

}  // namespace penstock::mysql
