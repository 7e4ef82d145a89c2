// Splitting a read: what a query reads, the lock under which its version is fixed, the
// ranges.
#include "declare/partition.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "base/text.h"
#include "dialect/mysql/connection.h"
#include "dialect/mysql/errors.h"
#include "dialect/mysql/one_version.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// Waiting holds nobody up, but the read waits with it. The least that MySQL takes is 1.
constexpr int kLockWaitSeconds = 2;
// The first whose LOCK TABLES ... READ is known to wait for and hold up writers as we
// need it, foreign keys included.
constexpr unsigned long kFirstMariadb = 100'400;
constexpr unsigned long kFirstMysql = 80'000;

constexpr const char* kSnapshotSql =
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

ReadOptions any_names() {
  ReadOptions options;
  options.types.duplicates = Duplicates::kRename;
  return options;
}

bool is_number(std::string_view declared) {
  static constexpr std::array<std::string_view, 8> kNumbers{
      "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"};
  const std::string_view name = declared.substr(0, declared.find_first_of("( "));
  return std::find(kNumbers.begin(), kNumbers.end(), name) != kNumbers.end();
}

std::string table_name(const std::string& schema, const std::string& table) {
  return fmt::format("{}.{}", schema, table);
}

}  // namespace

Rows MysqlConnection::ask(const std::string& sql,
                          const std::vector<std::string>& values) {
  Statement statement;
  for (const std::string& value : values) {
    statement.pieces.push_back({"", static_cast<int>(statement.values.size()), 0});
    statement.names.emplace_back("penstock");
    statement.values.emplace_back(value);
  }
  auto wait = wait_of(wait_);
  prepare(sql, *wait);
  const auto cursor = start(statement, any_names(), std::move(wait));
  Rows rows;
  while (const auto batch = cursor->next()) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      auto& cells = rows.emplace_back();
      for (int i = 0; i < batch->num_columns(); ++i) {
        const auto cell = batch->column(i)->GetScalar(row);
        const bool given = cell.ok() && cell.ValueUnsafe()->is_valid;
        cells.push_back(given ? std::optional(cell.ValueUnsafe()->ToString())
                              : std::nullopt);
      }
    }
  }
  return rows;
}

// Empty if `statement` stays the same query, in its columns' types too, where it stands
// inside another; else why not.
std::string MysqlConnection::why_no_subquery(const Statement& statement) {
  const auto before = describe(statement, any_names());
  std::vector<ColumnFacts> inside;
  try {
    inside = describe(select_from("SELECT *", statement), any_names());
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;
    return fmt::format("the query cannot be a subquery: {}", error.what());
  }
  for (std::size_t i = 0; i < before.size() && i < inside.size(); ++i) {
    if (before[i].declared == inside[i].declared && before[i].arrow == inside[i].arrow) {
      continue;
    }
    return fmt::format("in a subquery column '{}' would be {} and not {}; CAST it",
                       printable(before[i].name), inside[i].declared, before[i].declared);
  }
  return before.size() == inside.size() ? "" : "in a subquery it has other columns";
}

void MysqlConnection::check_partition_column(const Statement& statement,
                                             const std::string& column) {
  for (const ColumnFacts& facts : describe(statement, any_names())) {
    if (facts.name != column || is_number(facts.declared)) continue;
    throw Error(Category::kRecipe, "partition_column_type",
                fmt::format("partition column '{}' is {}, and only a number can be split",
                            printable(column), printable(facts.declared)),
                "name a column of whole numbers, best the primary key");
  }
}

// Whatever a text reads it names: of all tables that the account sees in the schemas that
// the text names, and in the session's own, those whose names stand in it. That may be
// too many and is never too few.
std::vector<std::string> MysqlConnection::tables_named_in(const std::string& sql,
                                                          std::string* why) {
  std::vector<std::string> tables;
  for (const auto& schema : ask("SELECT schema_name, schema_name = DATABASE() FROM "
                                "information_schema.schemata",
                                {})) {
    const std::string& name = *schema[0];
    if (schema[1].value_or("") != "1" && !may_name(sql, name)) continue;
    for (const auto& routine :
         ask("SELECT routine_name FROM information_schema.routines WHERE "
             "routine_schema = ?",
             {name})) {
      if (!may_name(sql, *routine[0])) continue;
      *why = fmt::format("{} is a stored routine, and what it reads is not known",
                         printable(table_name(name, *routine[0])));
      return {};
    }
    for (const auto& table :
         ask("SELECT table_name FROM information_schema.tables WHERE table_schema = ?",
             {name})) {
      if (!may_name(sql, *table[0])) continue;
      *why = why_no_snapshot(name, *table[0]);
      if (!why->empty()) return {};
      tables.push_back(fmt::format("{}.{}", quote_identifier(name, '`'),
                                   quote_identifier(*table[0], '`')));
    }
  }
  if (tables.empty()) *why = "the query names no table that could be locked";
  return tables;
}

std::string MysqlConnection::why_no_snapshot(const std::string& schema,
                                             const std::string& table) {
  const auto facts =
      ask("SELECT table_type, engine FROM information_schema.tables WHERE table_schema = "
          "? AND table_name = ?",
          {schema, table});
  const std::string name = printable(table_name(schema, table));
  if (facts.size() != 1) return fmt::format("{} is not there any more", name);
  const std::string type = facts[0][0].value_or("");
  const std::string engine = facts[0][1].value_or("none");
  if (type == "VIEW") {
    return fmt::format("{} is a view, and what it reads is not known", name);
  }
  if ((type == "BASE TABLE" || type == "SYSTEM VERSIONED") &&
      equals_ignoring_case(engine, "InnoDB")) {
    return why_unstable_column(schema, table);
  }
  return fmt::format("{} is kept by {}, which has no snapshots", name,
                     type == "SEQUENCE" ? "a sequence" : printable(engine));
}

// MariaDB takes RAND() and the like in a column that is computed when it is read.
std::string MysqlConnection::why_unstable_column(const std::string& schema,
                                                 const std::string& table) {
  for (const auto& column :
       ask("SELECT generation_expression FROM information_schema.columns WHERE "
           "table_schema = ? AND table_name = ? AND generation_expression <> ''",
           {schema, table})) {
    const auto word = unstable_word(column[0].value_or(""));
    if (word.empty()) continue;
    return fmt::format("with {} in a column of {} each connection might take other rows",
                       word, printable(table_name(schema, table)));
  }
  return "";
}

std::vector<std::string> MysqlConnection::tables_to_lock(const Statement& statement,
                                                         const Partition& partition,
                                                         std::string* why) {
  if (partition.column.empty()) {
    *why = "rows have no places here to split by; name a partition column";
    return {};
  }
  check_partition_column(statement, partition.column);
  const std::string sql = statement.text([](int) { return std::string("?"); });
  if (const auto word = unstable_word(sql); !word.empty()) {
    *why = fmt::format("with {} each connection might take other rows", word);
    return {};
  }
  *why = why_no_subquery(statement);
  if (!why->empty()) return {};
  const auto waiting = wait_of(wait_);
  SocketWait& wait = *waiting;
  const unsigned long version = mysql_get_server_version(connected_.handle.get());
  if (version < (facts_.is_mariadb ? kFirstMariadb : kFirstMysql)) {
    *why = "this server is too old to show that several connections see one version";
    return {};
  }
  const Rows galera = run("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'", wait);
  if (!galera.empty() && galera[0].size() == 2 && galera[0][1] == "ON") {
    *why = "this server is a Galera node, which applies others' writes past table locks";
    return {};
  }
  return tables_named_in(sql, why);
}

void MysqlConnection::lock(const std::string& table, SocketWait& wait) {
  run(fmt::format("SET SESSION lock_wait_timeout = {}", kLockWaitSeconds), wait);
  run(fmt::format("LOCK TABLES {} READ", table), wait);
}

void MysqlConnection::unlock(SocketWait& wait) { run("UNLOCK TABLES", wait); }

std::string MysqlConnection::time(SocketWait& wait) {
  const Rows rows = run("SELECT UNIX_TIMESTAMP(NOW(6))", wait);
  if (rows.size() != 1 || rows[0].size() != 1 || !rows[0][0]) {
    throw Error(Category::kUnavailable, "protocol_error",
                "the server does not tell the time");
  }
  return *rows[0][0];
}

void MysqlConnection::set_time(const std::string& time, SocketWait& wait) {
  run(fmt::format("SET SESSION timestamp = {}", time), wait);
}

void MysqlConnection::ask_for_snapshot(SocketWait& wait) {
  connected_.link->use(&wait);
  const std::string_view sql = kSnapshotSql;
  if (mysql_send_query(connected_.handle.get(), sql.data(), sql.size()) != 0) fail(wait);
  connected_.link->use(nullptr);
}

void MysqlConnection::await_snapshot(SocketWait& wait) {
  connected_.link->use(&wait);
  if (mysql_read_query_result(connected_.handle.get()) != 0) fail(wait);
  connected_.link->use(nullptr);
  require_read_only();
}

std::vector<Statement> MysqlConnection::split(const Statement& statement,
                                              const Partition& partition,
                                              const Wait& wait, std::string* how) {
  wait_ = wait;
  const std::string key = quote_identifier(partition.column, '`');
  const auto edge = [&key](std::string_view function, std::string_view round) {
    return fmt::format(
        "CAST(GREATEST(LEAST(CAST({}({}({})) AS DECIMAL(65,0)), 9223372036854775807), "
        "-9223372036854775808) AS SIGNED)",
        round, function, key);
  };
  return split_by_column(
      *this, statement, partition, key,
      fmt::format("{}, {}", edge("MIN", "FLOOR"), edge("MAX", "CEILING")), wait, how);
}

}  // namespace penstock::mysql
