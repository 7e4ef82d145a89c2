#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "engine/stream_state.h"
#include "penstock/error.h"

namespace penstock {

Error TimeCap::named(const Error& error) const {
  if (error.code() != "deadline_passed" && error.code() != "statement_timeout") {
    return error;
  }
  const double seconds = static_cast<double>(limit.count()) / 1000;
  return Error(
      error.category(), error.code(), error.message(),
      fmt::format("the limit is {}: {:g}; narrow the query, or raise it", name, seconds),
      error.sqlstate());
}

std::shared_ptr<arrow::RecordBatch> BatchStream::State::read() {
  std::shared_ptr<arrow::RecordBatch> batch;
  try {
    batch = cursor->next();
  } catch (const Error& error) {
    throw time_cap.named(error);
  }
  if (!batch) return batch;
  rows += batch->num_rows();
  bytes += arrow::util::TotalBufferSize(*batch);
  ++batches;
  if (rows > cap.rows) {
    throw Error(
        Category::kLimit, "row_limit",
        fmt::format("query result exceeds {}={} rows; tighten the query or raise the cap",
                    cap.name, cap.rows));
  }
  if (max_bytes > 0 && bytes > max_bytes) {
    throw Error(Category::kLimit, "byte_limit",
                fmt::format("query result exceeds the limit of {} bytes; tighten the "
                            "query or raise the cap",
                            max_bytes),
                "limits.bytes in the recipe, --max-bytes on the command line");
  }
  return batch;
}

BatchStream::BatchStream(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
BatchStream::BatchStream(BatchStream&&) noexcept = default;
BatchStream& BatchStream::operator=(BatchStream&&) noexcept = default;

BatchStream::~BatchStream() {
  if (state_ && !state_->ended) state_->stop.request_stop();
}

const std::shared_ptr<arrow::Schema>& BatchStream::schema() const noexcept {
  return state_->cursor->schema();
}
const std::string& BatchStream::dialect() const noexcept { return state_->dialect; }
std::int64_t BatchStream::rows() const noexcept { return state_->rows; }
std::int64_t BatchStream::bytes() const noexcept { return state_->bytes; }
std::int64_t BatchStream::batches() const noexcept { return state_->batches; }
std::int64_t BatchStream::expected_rows() const noexcept {
  return state_->cursor->expected_rows();
}

std::shared_ptr<arrow::RecordBatch> BatchStream::next() {
  if (state_->failure) std::rethrow_exception(state_->failure);
  if (state_->ended) return nullptr;
  try {
    auto batch = state_->read();
    state_->ended = batch == nullptr;
    return batch;
  } catch (...) {
    state_->failure = std::current_exception();
    throw;
  }
}

std::vector<LossyColumn> BatchStream::lossy() const {
  std::vector<LossyColumn> columns;
  const Ledger ledger = state_->cursor->ledger();
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    const LossyCounts& counts = ledger[i];
    if (counts.nulled + counts.as_text + counts.clamped == 0) continue;
    columns.push_back({schema()->field(static_cast<int>(i))->name(), counts.nulled,
                       counts.as_text, counts.clamped});
  }
  return columns;
}

Partitions BatchStream::partitions() const {
  Partitions partitions{state_->partitioned_how, {}};
  if (state_->partitioned != nullptr) partitions.rows = state_->partitioned->rows();
  return partitions;
}

}  // namespace penstock
