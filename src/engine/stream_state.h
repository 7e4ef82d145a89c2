// What a BatchStream is made of.
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

#include "base/redactor.h"
#include "dialect/dialect.h"
#include "engine/partitioned.h"
#include "penstock/engine.h"
#include "penstock/error.h"

namespace penstock {

struct RowCap {
  std::int64_t rows;
  std::string name;  // what set it: "RECOTEM_MAX_SQL_ROWS", "limits.rows"
};

/// That of a read that waits no longer than `until`, which is the sooner of the whole
/// run's and its statement's.
TimeLimit time_limit(const Limits& limits, Deadline whole, Deadline until);
/// The error with the limit's name in its hint, if the limit is what it tells of.
Error named(const Error& error, const TimeLimit& limit);

struct BatchStream::State {
  std::string dialect;
  RowCap cap;
  TimeLimit time_limit;
  std::int64_t max_bytes = 0;
  Redactor redactor;  // of the connection's secrets
  // Ended by the caller's token, and by an unfinished stream that is dropped.
  std::stop_source stop;
  std::optional<std::stop_callback<std::function<void()>>> caller_stops;
  // The cursor goes before the sessions: members are destroyed from the last to the
  // first.
  std::vector<std::unique_ptr<Connection>> connections;
  std::unique_ptr<Cursor> cursor;
  const PartitionedCursor* partitioned = nullptr;  // the cursor, if it is one
  std::string partitioned_how;  // by what, or why not; empty: not asked for
  // Of a transaction: its session, which rows that fail end.
  std::unique_ptr<Connection>* lender = nullptr;

  // What stays of the cursor.
  std::shared_ptr<arrow::Schema> schema;
  std::int64_t expected_rows = -1;
  Ledger ledger;
  std::vector<std::int64_t> partition_rows;
  std::int64_t affected = -1;

  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t batches = 0;
  bool ended = false;
  std::exception_ptr failure;

  // A reader that stalls calls nothing, and the session it holds must end in time: what
  // the watch ends, and all that looks at it, is under this lock.
  std::mutex mutex;
  std::condition_variable_any changed;
  std::jthread watch;  // last, so that it is gone before all else

  /// Call once, when there is a cursor.
  void begin();
  std::shared_ptr<arrow::RecordBatch> read();
  /// Lets go of the database. The caller holds the lock.
  void release() noexcept;
  /// From now on the watch ends nothing. How the rows failed, or null.
  std::exception_ptr close();
};

}  // namespace penstock
