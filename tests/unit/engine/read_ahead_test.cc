#include "engine/read_ahead.h"

#include <atomic>
#include <stdexcept>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {

std::shared_ptr<arrow::RecordBatch> batch_of(std::int64_t rows) {
  return arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), rows,
                                  arrow::ArrayVector{});
}

// RS-021
TEST(ReadAhead, GivesEveryBatchInOrderAndThenNullForEver) {
  std::int64_t made = 0;
  const auto read = [&] { return ++made <= 100 ? batch_of(made) : nullptr; };
  ReadAhead batches(read, std::stop_source());
  for (std::int64_t expected = 1; expected <= 100; ++expected) {
    ASSERT_EQ(batches.next()->num_rows(), expected);
  }
  EXPECT_EQ(batches.next(), nullptr);
  EXPECT_EQ(batches.next(), nullptr);
}

// RS-021
TEST(ReadAhead, IsNeverMoreThanTwoBatchesAhead) {
  std::atomic<std::int64_t> made = 0;
  const auto read = [&] { return ++made <= 200 ? batch_of(1) : nullptr; };
  ReadAhead batches(read, std::stop_source());
  for (std::int64_t taken = 1; batches.next() != nullptr; ++taken) {
    // One waits, one is being made; a third would mean that memory is not bounded.
    ASSERT_LE(made, taken + 2);
  }
}

TEST(ReadAhead, RethrowsAfterTheBatchesBeforeTheFailure) {
  int made = 0;
  const auto read = [&] {
    if (++made == 3) throw std::runtime_error("the third");
    return batch_of(made);
  };
  ReadAhead batches(read, std::stop_source());
  EXPECT_EQ(batches.next()->num_rows(), 1);
  EXPECT_EQ(batches.next()->num_rows(), 2);
  for (int again = 0; again < 2; ++again) {
    try {
      batches.next();
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "the third");
    }
  }
}

TEST(ReadAhead, DestructionAsksAReaderThatIsStillAtWorkToStop) {
  std::stop_source cancel;
  std::atomic<bool> reading = false;
  std::atomic<bool> stopped = false;
  {
    const auto read =
        [&, stop = cancel.get_token()]() -> std::shared_ptr<arrow::RecordBatch> {
      reading = true;
      while (!stop.stop_requested()) std::this_thread::yield();
      stopped = true;
      throw std::runtime_error("stopped");
    };
    const ReadAhead batches(read, cancel);
    while (!reading) std::this_thread::yield();
  }
  EXPECT_TRUE(stopped);
}

TEST(ReadAhead, DestructionFreesAReaderWhoseBatchNobodyTook) {
  std::stop_source cancel;
  std::atomic<int> made = 0;
  {
    const auto read = [&] {
      ++made;
      return batch_of(1);
    };
    const ReadAhead batches(read, cancel);
    while (made < 2) std::this_thread::yield();
  }
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(cancel.stop_requested());
}

TEST(ReadAhead, AFinishedReaderIsNotCancelled) {
  std::stop_source cancel;
  {
    ReadAhead batches([] { return nullptr; }, cancel);
    EXPECT_EQ(batches.next(), nullptr);
  }
  EXPECT_FALSE(cancel.stop_requested());
}

}  // namespace
}  // namespace penstock
