// Where a stream's rows come from: a query, a task, or memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/engine.h"
#include "penstock/run_task.h"

namespace penstock::python {

/// Rows that have been read: what a change gave before it was committed.
struct HeldRows {
  std::shared_ptr<arrow::Schema> schema;
  std::string dialect;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<LossyColumn> lossy;
  std::size_t given = 0;
};

/// Thread contract: one thread at a time. Errors as BatchStream's.
class RowSource {
 public:
  explicit RowSource(BatchStream rows) : rows_(std::move(rows)) {}
  explicit RowSource(TaskRows rows) : rows_(std::move(rows)) {}
  explicit RowSource(HeldRows rows) : rows_(std::move(rows)) {}

  std::shared_ptr<arrow::Schema> schema() const;
  std::string dialect() const;
  /// The next batch, or null at the end.
  std::shared_ptr<arrow::RecordBatch> next();
  std::int64_t expected_rows() const;
  std::vector<LossyColumn> lossy() const;
  Partitions partitions() const;

 private:
  const BatchStream* query() const;  // null: the rows are held

  std::variant<BatchStream, TaskRows, HeldRows> rows_;
};

}  // namespace penstock::python
