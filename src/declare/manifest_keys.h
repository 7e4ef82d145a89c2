// What a manifest may say: the key lists and ranges that its parser and its JSON Schema
// share.
#pragma once

#include <string>
#include <vector>

#include "declare/section.h"

namespace penstock::manifest_keys {

using Names = std::vector<std::string>;

inline const Names& top() {
  static const Names kNames{"name",
                            "description",
                            "dsn_env",
                            "strict",
                            "discover",
                            "cache",
                            "connections",
                            "connect_timeout_seconds",
                            "statement_timeout_seconds",
                            "limits",
                            "types",
                            "allow_privileged",
                            "queries"};
  return kNames;
}
inline const Names& cache() {
  static const Names kNames{"path", "ttl", "size"};
  return kNames;
}
inline const Names& query() {
  static const Names kNames{"query",
                            "query_file",
                            "description",
                            "parameters",
                            "limits",
                            "types",
                            "statement_timeout_seconds"};
  return kNames;
}
inline const Names& parameter() {
  static const Names kNames{"type", "choices", "default", "description"};
  return kNames;
}
/// In the order of KeyParameter::Type.
inline const Names& types() {
  static const Names kNames{"str", "int", "float", "bool"};
  return kNames;
}
inline const Names& discover() {
  static const Names kNames{"views"};
  return kNames;
}

inline constexpr Range kConnections{1, 64};

}  // namespace penstock::manifest_keys
