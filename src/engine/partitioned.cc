#include "engine/partitioned.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "penstock/error.h"

namespace penstock {
namespace {

// Of each partition: 16 MiB at most, 4 MiB a batch.
constexpr std::size_t kBatchesAhead = 4;

}  // namespace

PartitionedCursor::PartitionedCursor(std::vector<std::unique_ptr<Cursor>> cursors,
                                     std::stop_source cancel)
    : cursors_(std::move(cursors)), rows_(cursors_.size(), 0) {
  schema_ = cursors_.front()->schema();
  for (const auto& cursor : cursors_) {
    readers_.push_back(std::make_unique<ReadAhead>(
        [&cursor = *cursor] { return cursor.next(); }, cancel, kBatchesAhead));
  }
}

void PartitionedCursor::check(const arrow::RecordBatch& batch) const {
  for (int i = 0; i < schema_->num_fields(); ++i) {
    const auto& wanted = schema_->field(i);
    const auto& found = batch.schema()->field(i);
    if (wanted->type()->Equals(found->type())) continue;
    throw Error(Category::kDataSource, "partitions_differ",
                fmt::format("column '{}' is {} in one partition and {} in another",
                            wanted->name(), wanted->type()->ToString(),
                            found->type()->ToString()),
                "CAST it in the query, or set its type under types.columns");
  }
}

std::shared_ptr<arrow::RecordBatch> PartitionedCursor::next() {
  const std::size_t count = readers_.size();
  for (std::size_t tried = 0; tried < count; ++tried) {
    const std::size_t turn = turn_;
    turn_ = (turn_ + 1) % count;
    if (!readers_[turn]) continue;
    if (auto batch = readers_[turn]->next()) {
      check(*batch);
      rows_[turn] += batch->num_rows();
      return batch;
    }
    readers_[turn].reset();
  }
  return nullptr;
}

Ledger PartitionedCursor::ledger() const {
  Ledger sum = cursors_.front()->ledger();
  for (std::size_t i = 1; i < cursors_.size(); ++i) {
    const Ledger one = cursors_[i]->ledger();
    for (std::size_t column = 0; column < sum.size(); ++column) {
      sum[column].nulled += one[column].nulled;
      sum[column].as_text += one[column].as_text;
      sum[column].clamped += one[column].clamped;
    }
  }
  return sum;
}

}  // namespace penstock
