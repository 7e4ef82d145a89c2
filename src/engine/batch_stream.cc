#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "engine/stream_state.h"
#include "penstock/error.h"

namespace penstock {

TimeLimit time_limit(const Limits& limits, Deadline whole, Deadline until) {
  const bool of_whole = whole.at() <= until.at();
  const auto limit = of_whole ? limits.total : limits.statement;
  return {until.at(),
          fmt::format("the limit is {}: {:g}; narrow the query, or raise it",
                      of_whole ? "limits.seconds" : "statement_timeout_seconds",
                      static_cast<double>(limit.count()) / 1000)};
}

Error named(const Error& error, const TimeLimit& limit) {
  if (error.code() != "deadline_passed" && error.code() != "statement_timeout") {
    return error;
  }
  return Error(error.category(), error.code(), error.message(), limit.hint,
               error.sqlstate());
}

void BatchStream::State::begin() {
  schema = cursor->schema();
  expected_rows = cursor->expected_rows();
  if (time_limit.at == Deadline::never().at()) return;
  watch = std::jthread([this](const std::stop_token& over) {
    std::unique_lock lock(mutex);
    const auto done = [this] { return ended || failure; };
    // A call of next() holds the lock, and ends in time by itself.
    if (changed.wait_until(lock, over, time_limit.at, done) || over.stop_requested())
      return;
    failure = std::make_exception_ptr(
        Error(Category::kTimeout, "statement_timeout",
              "the query ran past its time limit and was stopped", time_limit.hint));
    release();
  });
}

void BatchStream::State::release() noexcept {
  // Of partitions that have not ended others may still be reading.
  if (ended || partitioned == nullptr) ledger = cursor->ledger();
  if (partitioned != nullptr) partition_rows = partitioned->rows();
  affected = cursor->affected();
  partitioned = nullptr;
  cursor.reset();
  connections.clear();
  if (failure && lender != nullptr) lender->reset();
}

std::exception_ptr BatchStream::State::close() {
  const std::lock_guard lock(mutex);
  ended = true;
  return failure;
}

std::shared_ptr<arrow::RecordBatch> BatchStream::State::read() {
  std::shared_ptr<arrow::RecordBatch> batch;
  try {
    batch = cursor->next();
  } catch (const Error& error) {
    throw named(error, time_limit);
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
  return state_->schema;
}
const std::string& BatchStream::dialect() const noexcept { return state_->dialect; }
std::int64_t BatchStream::rows() const noexcept { return state_->rows; }
std::int64_t BatchStream::bytes() const noexcept { return state_->bytes; }
std::int64_t BatchStream::batches() const noexcept { return state_->batches; }
std::int64_t BatchStream::expected_rows() const noexcept { return state_->expected_rows; }
const TimeLimit& BatchStream::time_limit() const noexcept { return state_->time_limit; }

std::shared_ptr<arrow::RecordBatch> BatchStream::next() {
  const std::lock_guard lock(state_->mutex);
  if (state_->failure) std::rethrow_exception(state_->failure);
  if (state_->ended) return nullptr;
  try {
    if (auto batch = state_->read()) return batch;
    state_->ended = true;
  } catch (const Error& error) {
    state_->failure = std::make_exception_ptr(state_->redactor(error));
  } catch (...) {
    state_->failure = std::current_exception();
  }
  state_->release();
  state_->changed.notify_all();
  if (state_->failure) std::rethrow_exception(state_->failure);
  return nullptr;
}

std::vector<LossyColumn> BatchStream::lossy() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<LossyColumn> columns;
  const Ledger ledger = state_->cursor ? state_->cursor->ledger() : state_->ledger;
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    const LossyCounts& counts = ledger[i];
    if (counts.nulled + counts.as_text + counts.clamped == 0) continue;
    columns.push_back({schema()->field(static_cast<int>(i))->name(), counts.nulled,
                       counts.as_text, counts.clamped});
  }
  return columns;
}

Partitions BatchStream::partitions() const {
  const std::lock_guard lock(state_->mutex);
  const PartitionedCursor* running = state_->partitioned;
  return {state_->partitioned_how, running ? running->rows() : state_->partition_rows};
}

}  // namespace penstock
