// Decoding and encoding overlap: a stream is read on a thread of its own, ahead of its
// consumer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include <arrow/type_fwd.h>

namespace penstock {

/// At most `depth` + 2 batches are alive at once: one being decoded, those that wait, one
/// with the consumer.
///
/// Thread contract: next() from one thread; `read` runs on another, one call at a time,
/// until it gives null or throws. What `read` refers to must outlive this object.
class ReadAhead {
 public:
  using Read = std::function<std::shared_ptr<arrow::RecordBatch>()>;

  /// `cancel` is the source of the token that `read` obeys: it is asked to stop when this
  /// object is destroyed before the end. Reading pauses while `depth` batches wait.
  ReadAhead(Read read, std::stop_source cancel, std::size_t depth = 1);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  /// Waits until `read` has returned.
  ~ReadAhead();

  /// What `read` gave next: a batch, or null at the end and from then on. Rethrows what
  /// `read` threw, after the batches before it.
  std::shared_ptr<arrow::RecordBatch> next();

 private:
  void run();

  const Read read_;
  std::stop_source cancel_;
  const std::size_t depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<arrow::RecordBatch>> waiting_;
  std::exception_ptr failure_;
  bool ended_ = false;      // `read` gave null or threw
  bool abandoned_ = false;  // the consumer is gone
  std::jthread thread_;     // last, so that it starts when all else exists
};

}  // namespace penstock
