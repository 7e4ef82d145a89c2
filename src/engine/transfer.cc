#include "engine/transfer.h"

#include <atomic>

#include <arrow/record_batch.h>

#include "engine/read_ahead.h"
#include "penstock/error.h"

namespace penstock {
namespace {

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested())
    throw Error(Category::kInterrupted, "interrupted", "interrupted");
}

}  // namespace

OutputSummary transfer(BatchStream& stream, Output& output, const Provenance& provenance,
                       const std::stop_source& cancel, const std::stop_token& stop,
                       const Transferred& told) {
  output.limit_time(stream.time_limit());
  output.begin(stream.schema(), provenance);
  if (told) told(0, 0);
  std::int64_t rows = 0;
  std::atomic<std::int64_t> decoded_bytes = 0;  // the stream belongs to the other thread
  {
    const auto read = [&] {
      auto batch = stream.next();
      decoded_bytes = stream.bytes();
      return batch;
    };
    ReadAhead batches(read, cancel);
    while (const auto batch = batches.next()) {
      throw_if_stopped(stop);
      output.write(batch);
      rows += batch->num_rows();
      if (told) told(rows, decoded_bytes);
    }
  }
  throw_if_stopped(stop);
  return output.commit();
}

}  // namespace penstock
