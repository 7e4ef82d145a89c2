// Real SQLite files for tests, and what the engine reads from them.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <sqlite3.h>

#include "penstock/engine.h"
#include "unit/columns/show.h"
#include "unit/support.h"

namespace penstock::testing {

/// A connection of another program: it may write.
class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) fail();
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() { sqlite3_close(db_); }

  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  sqlite3* handle() const { return db_; }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(sqlite3_errmsg(db_)); }
  sqlite3* db_ = nullptr;
};

using Variables = std::map<std::string, std::string, std::less<>>;

/// A database file in a folder of its own.
class Database {
 public:
  explicit Database(const std::string& sql = "") : path_(folder_.file("test.db")) {
    Sqlite db(path_);
    db.run("PRAGMA user_version=1");  // not an empty file
    db.run(sql);
  }

  const std::string& path() const { return path_; }
  const Folder& folder() const { return folder_; }
  std::string bytes() const { return bytes_of(path_); }

 private:
  Folder folder_;
  std::string path_;
};

inline Query query_of(const std::string& sql) {
  Query query;
  query.name = "test";
  query.sql = sql;
  query.connection.dsn_env = "PENSTOCK_TEST_DSN";
  return query;
}

inline Engine engine_for(const std::string& path, Variables variables = {}) {
  variables["PENSTOCK_TEST_DSN"] =
      path.empty() ? "sqlite://" : "sqlite:////" + path.substr(1);
  return Engine(Environment(std::move(variables)));
}

/// A whole result as text.
struct Table {
  std::vector<std::string> columns;   // "name: type"
  std::vector<std::string> rows;      // values joined by '|'
  std::vector<std::int64_t> batches;  // the rows of each
  std::vector<LossyColumn> lossy;
};

inline Table read_all(BatchStream stream) {
  Table table;
  for (const auto& field : stream.schema()->fields()) {
    table.columns.push_back(field->name() + ": " + field->type()->ToString());
  }
  while (const auto batch = stream.next()) {
    const arrow::Status valid = batch->ValidateFull();
    if (!valid.ok()) throw std::runtime_error(valid.ToString());
    table.batches.push_back(batch->num_rows());
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string line;
      for (int column = 0; column < batch->num_columns(); ++column) {
        line += (column == 0 ? "" : "|") + shown(*batch->column(column), row);
      }
      table.rows.push_back(line);
    }
  }
  table.lossy = stream.lossy();
  return table;
}

inline Table read(const std::string& path, const Query& query,
                  const Params& params = {}) {
  return read_all(engine_for(path).open(query, params));
}
inline Table read(const Database& database, const std::string& sql,
                  const Params& params = {}) {
  return read(database.path(), query_of(sql), params);
}

/// The failure of reading all of it.
inline Failure failure_of_reading(const std::string& path, const Query& query,
                                  const Params& params = {}) {
  return failure_of([&] { read(path, query, params); });
}
inline Failure failure_of_reading(const Database& database, const std::string& sql,
                                  const Params& params = {}) {
  return failure_of_reading(database.path(), query_of(sql), params);
}

using Rows = std::vector<std::string>;

}  // namespace penstock::testing
