#include "engine/read_ahead.h"

#include <utility>

#include <arrow/record_batch.h>

namespace penstock {

ReadAhead::ReadAhead(Read read, std::stop_source cancel, std::size_t depth)
    : read_(std::move(read)),
      cancel_(std::move(cancel)),
      depth_(depth),
      thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    if (!ended_) cancel_.request_stop();
  }
  changed_.notify_all();
}

void ReadAhead::run() {
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    std::exception_ptr failure;
    try {
      batch = read_();
    } catch (...) {
      failure = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < depth_ || abandoned_; });
    if (abandoned_) return;
    ended_ = batch == nullptr;
    failure_ = std::move(failure);
    if (batch) waiting_.push_back(std::move(batch));
    changed_.notify_all();
    if (ended_) return;
  }
}

std::shared_ptr<arrow::RecordBatch> ReadAhead::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
  if (!waiting_.empty()) {
    auto batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return batch;
  }
  if (failure_) std::rethrow_exception(failure_);
  return nullptr;
}

}  // namespace penstock
