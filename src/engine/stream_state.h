// What a BatchStream is made of.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/redactor.h"
#include "dialect/dialect.h"
#include "engine/partitioned.h"
#include "penstock/engine.h"

namespace penstock {

struct RowCap {
  std::int64_t rows;
  std::string name;  // what set it: "RECOTEM_MAX_SQL_ROWS", "limits.rows"
};

struct BatchStream::State {
  std::string dialect;
  RowCap cap;
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

  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t batches = 0;
  bool ended = false;
  std::exception_ptr failure;

  std::shared_ptr<arrow::RecordBatch> read();
};

}  // namespace penstock
