// A small database and stores over it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "penstock/store.h"
#include "unit/database.h"

namespace penstock::testing {

inline Database shop() {
  return Database(
      "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
      "INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three');"
      "CREATE VIEW big AS SELECT id, name FROM items WHERE id > 1;"
      "CREATE VIEW \"x/y\" AS SELECT count(*) AS n FROM items;"
      "CREATE VIEW \"odd \"\"name\"\"\" AS SELECT 1 AS n;");
}

/// A store of the file at `path`; `queries` are the lines below `queries:`, `more` stands
/// at the top.
inline Store store_of(const std::string& path, const std::string& queries,
                      const std::string& more = {}, Variables variables = {}) {
  const std::string text = "name: shop\ndsn_env: PENSTOCK_TEST_DSN\n" + more +
                           (queries.empty() ? "" : "queries:\n" + queries);
  return Store(
      engine_for(path, std::move(variables)),
      parse_manifest(text, "s.yaml", [](const std::string&) { return std::string(); }));
}
inline Store store_of(const Database& database, const std::string& queries,
                      const std::string& more = {}, Variables variables = {}) {
  return store_of(database.path(), queries, more, std::move(variables));
}

inline std::vector<std::string> paths_of(const std::vector<FileInfo>& files) {
  std::vector<std::string> paths;
  for (const FileInfo& file : files) paths.push_back(file.path);
  return paths;
}

}  // namespace penstock::testing
