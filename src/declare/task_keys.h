// What a task may say: the key lists that its parser and its JSON Schema share.
#pragma once

#include <string>
#include <vector>

namespace penstock::task_keys {

using Names = std::vector<std::string>;

inline const Names& top() {
  static const Names kNames{"name",
                            "description",
                            "connection",
                            "access",
                            "inputs",
                            "query",
                            "query_file",
                            "output",
                            "extra_columns",
                            "connect_timeout_seconds",
                            "statement_timeout_seconds",
                            "limits",
                            "types",
                            "allow_privileged"};
  return kNames;
}
inline const Names& connection() {
  static const Names kNames{"dsn_env", "uri", "connect_args", "secret_connect_args"};
  return kNames;
}
inline const Names& secret() {
  static const Names kNames{"group", "key", "group_version", "command"};
  return kNames;
}
inline const Names& input() {
  static const Names kNames{"type", "choice", "default", "nullable", "description"};
  return kNames;
}
inline const Names& column() {
  static const Names kNames{"type", "nullable"};
  return kNames;
}
/// In the order of Access.
inline const Names& access() {
  static const Names kNames{"read_only", "read_write"};
  return kNames;
}
/// In the order of ExtraColumns.
inline const Names& extra_columns() {
  static const Names kNames{"error", "drop", "keep"};
  return kNames;
}
/// In the order of InputType.
inline const Names& input_types() {
  static const Names kNames{"int",  "float",      "str",       "bool",
                            "date", "datetime",   "timedelta", "bytes",
                            "none", "identifier", "choice"};
  return kNames;
}
/// Besides the type names of penstock/types.h.
inline const Names& output_types() {
  static const Names kNames{"int",  "float",    "str",       "bool",
                            "date", "datetime", "timedelta", "bytes"};
  return kNames;
}

}  // namespace penstock::task_keys
