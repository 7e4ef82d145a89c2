// One output: lock, temporary, encode, publish. Knows no SQL.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include <arrow/type_fwd.h>

#include "penstock/output.h"
#include "penstock/time_limit.h"
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
///  4. Standard output is written as bytes come, unless it is held back; a format that
///  needs its end is not closed unless commit() is reached.
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

  /// Standard output, a FIFO or a device gets nothing before commit(), and then all of
  /// it: until then the bytes are in a file without a name, in `folder`. A file has its
  /// temporary name anyway. finish() then also says what can be known beforehand: a
  /// reader that is gone is Error{kBrokenPipe}, no room on the disk that standard output
  /// is a file on is Error{kOutput}. Call before begin.
  void hold_back(std::string folder);
  /// A reader of standard output, of a FIFO or a device that takes nothing is waited for
  /// until then: Error{kTimeout} with the limit's hint. Call before begin.
  void limit_time(const TimeLimit& limit);
  /// The file will say that it was modified then, and not when it was written.
  void set_modified(std::chrono::sys_time<std::chrono::nanoseconds> time);

  /// Call once, before the first write.
  void begin(const std::shared_ptr<arrow::Schema>& schema, const Provenance& provenance);
  void write(const std::shared_ptr<arrow::RecordBatch>& batch);
  /// Writes the format's end and makes the bytes of a file durable, under its temporary
  /// name. commit() does it where this was not called; call it before something that must
  /// not happen unless the file is whole.
  void finish();
  /// Finishes, then fsyncs, renames, fsyncs the folder. After an error of any
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
