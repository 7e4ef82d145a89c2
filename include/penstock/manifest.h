// Stage: declare. Text -> Manifest: the keys of a read-only file tree, each with its
// query. Pure: no database, no network.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/query.h"
#include "penstock/value.h"

namespace penstock {

/// A parameter that a key carries: in its path, where the manifest has `{name}`, or
/// behind it, as `?name=value`. Its value is bound, never spliced.
struct KeyParameter {
  enum class Type : std::uint8_t { kText, kInt, kFloat, kBool };
  Type type = Type::kText;
  std::vector<Value> choices;     // of `type`; empty: any
  std::optional<Value> fallback;  // where the key gives none; never of one in the path
  std::string description;
};
/// "str", "int", "float" or "bool".
std::string_view to_string(KeyParameter::Type type) noexcept;

struct ManifestEntry {
  std::string key;  // its path, with `{name}` for each parameter that stands in it
  std::string description;
  Query query;
  std::map<std::string, KeyParameter, std::less<>> parameters;
};

/// Results that were read once are kept on disk. Off unless a manifest has it.
struct CacheChoice {
  std::string folder;        // relative to the working directory, or absolute
  std::chrono::seconds ttl;  // from when the query began
  std::int64_t bytes = 0;    // of all files in it, at most
};

/// Where keys come from that no query is written for.
enum class Discover : std::uint8_t {
  kNothing,
  kViews,  // views/<schema>/<view>.parquet, as the database lists them
};

struct Manifest {
  std::string file;  // empty: made by a program
  std::string name;
  std::string description;
  /// What every query begins with: connection, limits, types. No SQL.
  Query defaults;
  bool strict = true;
  Discover discover = Discover::kNothing;
  std::optional<CacheChoice> cache;
  std::int64_t connections = 8;        // at once, at most; 1 .. 64
  std::vector<ManifestEntry> entries;  // in the file's order
  /// Unknown top-level keys, each "FILE:LINE:COL: unknown top-level key 'x' ...".
  std::vector<std::string> warnings;
};

/// Reads a manifest's text. `file` and `read_file` as in parse_recipe; a relative cache
/// folder is one beside `file`.
///
/// Throws Error{kRecipe}, message "FILE:LINE:COL: ...": bad YAML, an unknown key inside a
/// section, a value out of range, an empty query (SQL-QUERY-001). Of a manifest in a file
/// also an empty key, one that could never be asked for (SQL-QUERY-080) or whose
/// extension is no format (SQL-QUERY-012), a `{name}` that `parameters` does not have:
/// without a file it is a program's own, whose keys are any text.
Manifest parse_manifest(
    std::string_view text, const std::string& file,
    const std::function<std::string(const std::string& path)>& read_file);

}  // namespace penstock
