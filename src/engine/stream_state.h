// What a BatchStream is made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "engine/partitioned.h"
#include "penstock/engine.h"
#include "penstock/error.h"

namespace penstock {

struct RowCap {
  std::int64_t rows;
  std::string name;  // what set it: "RECOTEM_MAX_SQL_ROWS", "limits.rows"
};

/// The sooner of the limits on a read's time.
struct TimeCap {
  std::string name;  // what set it: "statement_timeout_seconds", "limits.seconds"
  std::chrono::milliseconds limit;

  /// The error with this limit's name in its hint, if the limit is what it tells of.
  Error named(const Error& error) const;
};

struct BatchStream::State {
  std::string dialect;
  RowCap cap;
  TimeCap time_cap;
  std::int64_t max_bytes = 0;
  // Ended by the caller's token, and by an unfinished stream that is dropped.
  std::stop_source stop;
  std::optional<std::stop_callback<std::function<void()>>> caller_stops;
  // The cursor goes before the sessions: members are destroyed from the last to the
  // first.
  std::vector<std::unique_ptr<Connection>> connections;
  std::unique_ptr<Cursor> cursor;
  const PartitionedCursor* partitioned = nullptr;  // the cursor, if it is one
  std::string partitioned_how;  // by what, or why not; empty: not asked for

  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t batches = 0;
  bool ended = false;
  std::exception_ptr failure;

  std::shared_ptr<arrow::RecordBatch> read();
};

}  // namespace penstock
