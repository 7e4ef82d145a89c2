// Stage: declare. `Query` is the noun that every face reduces to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "penstock/connection.h"
#include "penstock/limits.h"
#include "penstock/types.h"
#include "penstock/value.h"

namespace penstock {

/// Where the SQL text came from, so that an error can point into the user's file.
struct SqlOrigin {
  std::string file;       // empty: not from a file
  std::int64_t line = 1;  // of the text's first character, from 1
  std::int64_t column = 1;
  /// Columns by which every line after the first is indented in the file (a YAML block
  /// scalar). -1: the text is folded or has escapes, so that `line` and `column` hold for
  /// its start alone.
  std::int64_t indent = 0;
};

enum class Access : std::uint8_t { kReadOnly, kReadWrite };

/// A partitioned read; count 1: none.
struct Partition {
  std::string column;
  std::int64_t count = 1;  // 1 .. 256
  /// The column's lowest and highest value, both included. Unset: the database is asked.
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
};

struct Query {
  std::string name;  // for messages and provenance
  std::string sql;   // with :name parameters, never expanded (RS-005)
  SqlOrigin origin;
  ConnectionConfig connection;
  Access access = Access::kReadOnly;
  Limits limits;
  BatchSize batch;
  TypeChoices types;
  Partition partition;
  bool allow_privileged = false;
};

}  // namespace penstock
