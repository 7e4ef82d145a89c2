#include "native/row_stream.h"

#include <utility>

#include <arrow/record_batch.h>

#include "native/gil.h"
#include "native/interruptible.h"
#include "penstock/error.h"

namespace penstock::python {

namespace nb = nanobind;

RowStream::RowStream(RowSource source, std::stop_source stop)
    : stop_(std::move(stop)),
      source_(std::move(source)),
      schema_(source_->schema()),
      dialect_(source_->dialect()),
      expected_rows_(source_->expected_rows()),
      partitions_(source_->partitions()) {}

RowStream::~RowStream() {
  // At the end of the interpreter there is no GIL to give away.
  if (Py_IsInitialized() == 0) {
    end();
  } else {
    close();
  }
}

void RowStream::read() {
  std::exception_ptr failure;
  try {
    while (auto batch = source_->next()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !ready_ || closed_; });
      if (closed_) break;
      ready_ = std::move(batch);
      changed_.notify_all();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  lossy_ = source_->lossy();
  partitions_ = source_->partitions();
  failure_ = std::move(failure);
  ended_ = true;
  changed_.notify_all();
}

// Whether there is a batch, the end or a failure to take; false after so long that
// signals are to be looked at.
bool RowStream::wait_for_batch(std::unique_lock<std::mutex>& lock) {
  return changed_.wait_for(lock, kSignalPoll,
                           [&] { return ready_ || ended_ || closed_; });
}

std::shared_ptr<arrow::RecordBatch> RowStream::take() {
  if (closed_) {
    throw Error(Category::kUsage, "stream_closed", "the stream is closed");
  }
  if (ready_) {
    auto batch = std::exchange(ready_, nullptr);
    rows_ += batch->num_rows();
    changed_.notify_all();
    return batch;
  }
  if (failure_) std::rethrow_exception(failure_);
  return nullptr;
}

std::shared_ptr<arrow::RecordBatch> RowStream::next() {
  std::unique_lock lock(mutex_);
  if (waiting_) {
    throw Error(Category::kUsage, "stream_in_use",
                "another thread is waiting for this stream's rows",
                "read a stream from one thread at a time");
  }
  if (!thread_.joinable() && !closed_) thread_ = std::jthread([this] { read(); });
  if (ready_ || ended_ || closed_) return take();

  waiting_ = true;
  std::exception_ptr raised;
  bool there = false;
  while (!there) {
    lock.unlock();
    {
      const WithoutGil released;
      lock.lock();
      there = wait_for_batch(lock);
      lock.unlock();
    }
    if (!there || raised) {
      const WithGil gil;
      if (std::exception_ptr now = run_signal_handlers()) {
        raised = std::move(now);
        stop_.request_stop();
      }
    }
    lock.lock();
    // Stopped: what was read before is dropped, and the database has let go at the end.
    if (raised && ready_) {
      ready_.reset();
      changed_.notify_all();
    }
    there = raised ? ended_ || closed_ : there;
  }
  waiting_ = false;
  changed_.notify_all();
  if (raised) std::rethrow_exception(raised);
  return take();
}

void RowStream::close() {
  const WithoutGil released;
  end();
}

void RowStream::end() {
  stop_.request_stop();
  const std::lock_guard ending(end_mutex_);  // two may close at once, one can join
  {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !waiting_; });
    ready_.reset();
  }
  if (thread_.joinable()) thread_.join();
  source_.reset();
}

}  // namespace penstock::python
