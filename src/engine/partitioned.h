// Several cursors read at once and given as one.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "engine/read_ahead.h"

namespace penstock {

/// Batches in turn, one of each partition: in parallel and yet in the same order every
/// time. One thread a partition reads a few batches ahead, so that none waits for another
/// that is slower for a moment; memory grows with the number of partitions and not with
/// the result.
class PartitionedCursor final : public Cursor {
 public:
  /// The cursors' columns must be alike but for those of empty partitions; throws
  /// Error{kDataSource}, hint CAST, if the first rows of one gave another type. `cancel`
  /// is the source of the token that every cursor obeys.
  PartitionedCursor(std::vector<std::unique_ptr<Cursor>> cursors,
                    std::stop_source cancel);

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::shared_ptr<arrow::RecordBatch> next() override;
  Ledger ledger() const override;
  std::int64_t expected_rows() const override { return -1; }
  /// Rows given so far, by partition.
  const std::vector<std::int64_t>& rows() const { return rows_; }

 private:
  void check(const arrow::RecordBatch& batch) const;

  std::vector<std::unique_ptr<Cursor>> cursors_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<ReadAhead>> readers_;  // null: at its end
  std::vector<std::int64_t> rows_;
  std::size_t turn_ = 0;
};

}  // namespace penstock
