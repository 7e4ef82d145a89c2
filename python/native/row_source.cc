#include "native/row_source.h"

namespace penstock::python {

const BatchStream* RowSource::query() const {
  if (const auto* task = std::get_if<TaskRows>(&rows_)) return &task->source();
  return std::get_if<BatchStream>(&rows_);
}

std::shared_ptr<arrow::Schema> RowSource::schema() const {
  if (const auto* task = std::get_if<TaskRows>(&rows_)) return task->schema();
  if (const auto* held = std::get_if<HeldRows>(&rows_)) return held->schema;
  return query()->schema();
}

std::string RowSource::dialect() const {
  if (const auto* held = std::get_if<HeldRows>(&rows_)) return held->dialect;
  return query()->dialect();
}

std::shared_ptr<arrow::RecordBatch> RowSource::next() {
  if (auto* held = std::get_if<HeldRows>(&rows_)) {
    if (held->given == held->batches.size()) return nullptr;
    return std::move(held->batches[held->given++]);
  }
  if (auto* task = std::get_if<TaskRows>(&rows_)) return task->next();
  return std::get<BatchStream>(rows_).next();
}

std::int64_t RowSource::expected_rows() const {
  return query() == nullptr ? -1 : query()->expected_rows();
}

std::vector<LossyColumn> RowSource::lossy() const {
  if (const auto* held = std::get_if<HeldRows>(&rows_)) return held->lossy;
  return query()->lossy();
}

Partitions RowSource::partitions() const {
  return query() == nullptr ? Partitions() : query()->partitions();
}

}  // namespace penstock::python
