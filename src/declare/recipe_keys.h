// What a recipe may say: the key lists and ranges that its parser and its JSON Schema
// share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "declare/section.h"

namespace penstock::recipe_keys {

using Names = std::vector<std::string>;

inline const Names& top() {
  static const Names kNames{"name", "description", "source", "sink"};
  return kNames;
}
/// Sections of a recommender's recipe; left to their owner (RS-028).
inline const Names& foreign() {
  static const Names kNames{"schema",        "cleansing", "features", "item_metadata",
                            "user_metadata", "training",  "output",   "serving"};
  return kNames;
}
inline const Names& source() {
  static const Names kNames{"type",
                            "dsn_env",
                            "query",
                            "query_file",
                            "query_parameters",
                            "connect_timeout_seconds",
                            "statement_timeout_seconds",
                            "limits",
                            "partition",
                            "types",
                            "allow_privileged"};
  return kNames;
}
inline const Names& limits() {
  static const Names kNames{"rows", "bytes", "seconds"};
  return kNames;
}
inline const Names& partition() {
  static const Names kNames{"column", "count", "range"};
  return kNames;
}
inline const Names& types() {
  static const Names kNames{"on_lossy", "numeric",    "tinyint1",
                            "bit1",     "duplicates", "columns"};
  return kNames;
}
inline const Names& sink() {
  static const Names kNames{"path", "format", "compression", "row_group_rows"};
  return kNames;
}

inline const Names& source_types() {
  static const Names kNames{"sql", "penstock"};
  return kNames;
}
/// In the order of OnLossy.
inline const Names& on_lossy() {
  static const Names kNames{"error", "null", "text", "clamp"};
  return kNames;
}
/// In the order of Duplicates.
inline const Names& duplicates() {
  static const Names kNames{"error", "rename", "keep"};
  return kNames;
}
inline const Names& formats() {
  static const Names kNames{"parquet", "csv", "jsonl", "arrow", "ipc", "arrows"};
  return kNames;
}
inline const Names& codecs() {
  static const Names kNames{"none", "snappy", "gzip", "brotli", "zstd", "lz4"};
  return kNames;
}

inline constexpr Range kConnectTimeoutSeconds{1, 60};      // RS-009
inline constexpr Range kStatementTimeoutSeconds{1, 1800};  // RS-009
inline constexpr Range kLimitSeconds{1, 366 * 24 * 3600};
inline constexpr Range kPartitionCount{1, 256};
inline constexpr Range kRowGroupRows{1, 1'000'000'000};
inline constexpr std::size_t kMaxNameBytes = 64;

}  // namespace penstock::recipe_keys
