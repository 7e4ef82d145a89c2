// One output: lock, temporary, encode, publish. Knows no SQL.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include <arrow/type_fwd.h>

#include "penstock/output.h"
#include "sink/file_calls.h"

namespace penstock {

/// Rows become the file at `options.path`, whole or not at all.
///
/// Invariants:
///  1. The final name is only ever touched by one rename(2) of a finished, fsync'ed file
///  in the same folder.
///  2. The temporary holds its own flock as long as its writer lives, so a temporary
///  whose lock is free is stale; opening
///     removes those of this output.
///  3. Destroyed before commit(), an Output leaves nothing but its lock file.
///  4. Standard output is written as bytes come; a format that needs its end is not
///  closed unless commit() is reached.
/// Thread contract: one thread at a time. Errors: Error{kOutput} with the path and the
/// system's reason, Error{kBrokenPipe}, Error{kLocked}, Error{kInterrupted} while waiting
/// for the lock.
class Output {
 public:
  /// Takes the lock `<path>.lock` (0600, O_NOFOLLOW, never deleted), makes the folders,
  /// sweeps stale temporaries. The file itself is opened by begin(), so that a query that
  /// fails to start touches nothing.
  ///
  /// What the path may be, symbolic links and devices included, is in sink/destination.h.
  /// A path that cannot be written fails here, before any query. `calls` is for tests.
  Output(OutputOptions options, const LockOptions& lock, std::stop_token stop,
         FileCalls calls = {});
  /// Into an open file of the caller's, which stays open: no lock, no name.
  /// `options.path` is not used.
  Output(int descriptor, OutputOptions options, std::stop_token stop);
  Output(Output&&) noexcept;
  ~Output();

  /// The file will say that it was modified then, and not when it was written.
  void set_modified(std::chrono::sys_time<std::chrono::nanoseconds> time);

  /// Call once, before the first write.
  void begin(const std::shared_ptr<arrow::Schema>& schema, const Provenance& provenance);
  void write(const std::shared_ptr<arrow::RecordBatch>& batch);
  /// Writes the format's end, fsyncs, renames, fsyncs the folder. After an error of any
  /// call the output is gone.
  OutputSummary commit();
  /// In place of begin, write and commit: the bytes of the open file `from`, all of them,
  /// as they are.
  OutputSummary copy(int from);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace penstock
