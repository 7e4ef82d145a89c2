// The real servers that tools/servers/with_servers.py starts, and what the engine reads
// from them.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <mysql.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "penstock/engine.h"
#include "unit/columns/show.h"
#include "unit/support.h"

namespace penstock::testing {

inline std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    throw std::runtime_error(name +
                             " is not set; run this through "
                             "tools/servers/with_servers.py");
  }
  return value;
}

/// Root of one of the servers, over its socket: it makes the data, and looks at what is
/// left.
class Admin {
 public:
  explicit Admin(const std::string& server) : handle_(mysql_init(nullptr)) {
    const unsigned int protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_optionsv(handle_, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_optionsv(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(handle_, "localhost", "root", "", "penstock", 0,
                           variable("PENSTOCK_TEST_" + server + "_SOCKET").c_str(),
                           0) == nullptr) {
      fail();
    }
  }
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;
  ~Admin() { mysql_close(handle_); }

  /// The rows, their values joined by '|'.
  std::vector<std::string> run(const std::string& sql) {
    if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) fail();
    std::vector<std::string> rows;
    MYSQL_RES* result = mysql_store_result(handle_);
    if (result == nullptr) return rows;
    while (MYSQL_ROW row = mysql_fetch_row(result)) {
      std::string line;
      for (unsigned i = 0; i < mysql_num_fields(result); ++i)
        line += (i == 0 ? "" : "|") + std::string(row[i] == nullptr ? "NULL" : row[i]);
      rows.push_back(line);
    }
    mysql_free_result(result);
    return rows;
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(mysql_error(handle_)); }
  MYSQL* handle_;
};

inline Query query_of(const std::string& sql) {
  Query query;
  query.name = "test";
  query.sql = sql;
  query.connection.dsn_env = "PENSTOCK_TEST_DSN";
  return query;
}

inline Engine engine_for(const std::string& dsn) {
  return Engine(
      Environment({{"PENSTOCK_TEST_DSN", dsn}, {"PENSTOCK_SQL_ALLOW_PRIVATE", "1"}}));
}

/// A whole result as text.
struct Table {
  std::vector<std::string> columns;  // "name: type"
  std::vector<std::string> rows;     // values joined by '|'
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

/// A test on each of the two servers; `GetParam()` is "MARIADB" or "MYSQL".
class OnServers : public ::testing::TestWithParam<const char*> {
 protected:
  std::string server() const { return GetParam(); }
  bool is_mariadb() const { return server() == "MARIADB"; }
  std::string dsn(const std::string& kind = "") const {
    return variable("PENSTOCK_TEST_" + server() + kind + "_DSN");
  }
  Admin& admin() {
    if (!admin_) admin_.emplace(server());
    return *admin_;
  }
  Table read(const Query& query, const Params& params = {}) const {
    return read_all(engine_for(dsn()).open(query, params));
  }
  Table read(const std::string& sql, const Params& params = {}) const {
    return read(query_of(sql), params);
  }
  Failure failure_of_reading(const std::string& sql, const Params& params = {}) const {
    return failure_of([&] { read(sql, params); });
  }

 private:
  std::optional<Admin> admin_;
};

inline std::string server_name(const ::testing::TestParamInfo<const char*>& info) {
  return info.param;
}

using Rows = std::vector<std::string>;

}  // namespace penstock::testing

#define PENSTOCK_ON_BOTH_SERVERS(suite)                                        \
  INSTANTIATE_TEST_SUITE_P(Real, suite, ::testing::Values("MARIADB", "MYSQL"), \
                           server_name)
