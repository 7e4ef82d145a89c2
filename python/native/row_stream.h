// The rows of a running query for Python: read one batch ahead on a thread of their own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <arrow/type_fwd.h>

#include "native/row_source.h"

namespace penstock::python {

/// Thread contract: cancel() and close() from any thread; the rest from one at a time,
/// with the GIL or without it, since an Arrow consumer may call either way. The reading
/// thread never needs the GIL.
class RowStream {
 public:
  /// `stop` is the source of the token that `source` was opened with.
  RowStream(RowSource source, std::stop_source stop);
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;
  /// As close().
  ~RowStream();

  const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  const std::string& dialect() const noexcept { return dialect_; }

  /// The next batch, or null at the end. Waits without the GIL and lets Python handle
  /// signals; when a handler raises, the query is stopped and what was raised is thrown.
  /// Throws what RowSource::next() throws; Error{kUsage} after close() and when another
  /// thread is waiting in it.
  std::shared_ptr<arrow::RecordBatch> next();

  /// Asks the database to stop; next() then throws kInterrupted. Returns at once.
  void cancel() noexcept { stop_.request_stop(); }
  /// Cancels what is not read, and waits until the database has let go of it.
  void close();

  std::int64_t rows() const noexcept { return rows_; }  // given by next() so far
  std::int64_t expected_rows() const noexcept { return expected_rows_; }
  /// Complete once next() has given null, or the stream was closed.
  std::vector<LossyColumn> lossy() const { return lossy_; }
  Partitions partitions() const { return partitions_; }

 private:
  void read();
  void end();
  bool wait_for_batch(std::unique_lock<std::mutex>& lock);
  std::shared_ptr<arrow::RecordBatch> take();

  std::stop_source stop_;
  std::optional<RowSource> source_;  // the reading thread's, once it runs
  const std::shared_ptr<arrow::Schema> schema_;
  const std::string dialect_;
  const std::int64_t expected_rows_;
  std::int64_t rows_ = 0;
  std::vector<LossyColumn> lossy_;
  Partitions partitions_;

  std::mutex end_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<arrow::RecordBatch> ready_;
  std::exception_ptr failure_;
  bool ended_ = false;    // the reading thread has given null or thrown
  bool waiting_ = false;  // a thread is in next()
  bool closed_ = false;
  std::jthread thread_;
};

}  // namespace penstock::python
