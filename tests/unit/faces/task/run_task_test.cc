#include "penstock/run_task.h"

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "faces/task/output_check.h"
#include "unit/database.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::Database;
using testing::engine_for;

Task task_of(const std::string& query, const std::string& rest = "",
             const std::string& access = "read_only") {
  return parse_task("name: t\nconnection: {dsn_env: PENSTOCK_TEST_DSN}\naccess: " +
                        access + "\nquery: \"" + query + "\"\n" + rest,
                    "t.yaml", nullptr);
}

struct TaskRun {
  std::vector<std::string> columns;
  std::vector<std::string> rows;
  TaskReport report;
};

TaskRun run(const Database& database, const Task& task, const Inputs& inputs = {}) {
  TaskRun result;
  TaskOptions options;
  options.on_schema = [&](const auto& schema) {
    for (const auto& field : schema->fields())
      result.columns.push_back(field->name() + ": " + field->type()->ToString());
  };
  options.on_batch = [&](const auto& batch) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string line;
      for (int i = 0; i < batch->num_columns(); ++i)
        line += (i == 0 ? "" : "|") + testing::shown(*batch->column(i), row);
      result.rows.push_back(line);
    }
  };
  result.report = run_task(engine_for(database.path()), task, inputs, options);
  return result;
}

constexpr const char* kTable =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, f REAL, d DECIMAL(5,2), b INTEGER, s TEXT, "
    "day DATE, "
    "at TIMESTAMP, y BLOB); INSERT INTO t VALUES (1, 2.0, 12.5, 1, 'x', '2026-01-01', "
    "'2026-01-01 00:00:00', x'00'), (2, 0.1, 0.1, 2, NULL, NULL, '2026-01-01 10:00:00', "
    "NULL);";

// FT-005
TEST(RunTask, ADeclaredTypeConvertsWhereNothingIsLost) {
  const Database database(kTable);
  struct Case {
    const char* column;
    const char* type;
    const char* first;   // of row 1
    const char* second;  // an error code, or the value of row 2
  };
  const Case cases[] = {
      {"id", "int8", "1", "2"},
      {"id", "float", "1", "2"},
      {"id", "\"decimal(3,1)\"", "1.0", "2.0"},
      {"f", "int", "2", "task_output_value"},
      {"f", "float32", "2", "task_output_value"},
      {"d", "float", "12.5", "0.1"},
      {"d", "int", "task_output_value", ""},
      {"d", "\"decimal(3,1)\"", "12.5", "0.1"},
      {"b", "bool", "true", "task_output_value"},
      {"at", "date", "2026-01-01", "task_output_value"},
      {"day", "datetime", "2026-01-01 00:00:00.000000", "NULL"},
      {"s", "str", "'x'", "NULL"},
      {"s", "int", "task_output_value", ""},
      {"id", "str", "task_output_type", ""},
      {"f", "date", "task_output_type", ""},
      {"y", "str", "task_output_type", ""},
      {"at", "timestamptz", "task_output_type", ""},
  };
  for (const Case& one : cases) {
    for (int id = 1; id <= 2; ++id) {
      const std::string expected = id == 1 ? one.first : one.second;
      if (expected.empty()) continue;
      const Task task = task_of(
          std::string("SELECT ") + one.column + " AS c FROM t WHERE id = {{ id }}",
          std::string("inputs: {id: int}\noutput: {c: ") + one.type + "}\n");
      std::string found;
      try {
        found = run(database, task, {{"id", Value(std::int64_t{id})}}).rows.at(0);
      } catch (const Error& error) {
        found = error.code();
      }
      EXPECT_EQ(found, expected) << one.column << " as " << one.type << ", row " << id;
    }
  }
}

// FT-005
TEST(RunTask, AnEmptyResultHasTheDeclaredTypes) {
  const Database database(kTable);
  const TaskRun empty =
      run(database, task_of("SELECT sum(id) AS n, s FROM t WHERE id > 5 GROUP BY s",
                            "output: {s: str, n: int}\n"));
  EXPECT_EQ(empty.columns, (std::vector<std::string>{"s: string", "n: int64"}));
  EXPECT_EQ(empty.report.rows, 0);
}

// FT-006
TEST(RunTask, ATriggerAndAForeignKeyHoldInSqlite) {
  const Database database(
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p "
      "(id)); "
      "CREATE TABLE log (x); CREATE TRIGGER g AFTER INSERT ON p BEGIN INSERT INTO log "
      "VALUES "
      "(new.id); END; INSERT INTO p VALUES (1);");
  run(database, task_of("INSERT INTO p VALUES (2)", "output: none\n", "read_write"));
  EXPECT_EQ(run(database, task_of("SELECT count(*) AS n FROM log")).rows,
            std::vector<std::string>{"2"});
  const Thrown thrown = thrown_by([&] {
    run(database, task_of("INSERT INTO c VALUES (9)", "output: none\n", "read_write"));
  });
  EXPECT_EQ(thrown.code, "query_failed");
}

// FT-006
TEST(RunTask, WhatAWritingTaskMayNotDoInSqlite) {
  const Database database(kTable);
  const std::string before = database.bytes();
  for (const char* query :
       {"INSERT INTO sqlite_master VALUES (1,1,1,1,1)",
        "CREATE VIRTUAL TABLE v USING fts5(a)", "SELECT load_extension('x')",
        "UPDATE t SET s = load_extension('x')"}) {
    const Thrown thrown =
        thrown_by([&] { run(database, task_of(query, "", "read_write")); });
    EXPECT_NE(thrown.message, "") << query;
    EXPECT_EQ(database.bytes(), before) << query;
  }
  EXPECT_EQ(thrown_by([&] { run(database, task_of("SELECT 1; SELECT 2")); }).code,
            "task_several_statements");
}

// FT-006
TEST(RunTask, AChangeThatDoesNotSaySoIsToldHow) {
  const Database database(kTable);
  const Thrown thrown =
      thrown_by([&] { run(database, task_of("DELETE FROM t RETURNING id")); });
  EXPECT_EQ(thrown.code, "not_a_read");
  EXPECT_EQ(thrown.hint, "a task that changes rows says access: read_write");
}

// FT-005
TEST(RunTask, ADeclaredColumnThatIsThereTwiceIsRefused) {
  const Database database(kTable);
  const std::string keep = "types: {duplicates: keep}\n";
  EXPECT_EQ(run(database, task_of("SELECT 1 AS a, 2 AS a", keep)).rows,
            (std::vector<std::string>{"1|2"}));
  EXPECT_EQ(thrown_by([&] {
              run(database,
                  task_of("SELECT 1 AS a, 2 AS a", keep + "output: {a: int}\n"));
            }).code,
            "task_output_twice");
}

// FT-006
TEST(RunTask, AFileThatCannotBeWrittenIsSaidToBe) {
  const Database database(kTable);
  if (::geteuid() == 0) {
    // Permissions do not stop root: a path that is not there does.
    EXPECT_EQ(thrown_by([&] {
                run_task(engine_for("/nothing/here.db"),
                         task_of("DELETE FROM t", "output: none\n", "read_write"), {},
                         {});
              }).category,
              Category::kUnavailable);
    return;
  }
  std::filesystem::permissions(database.path(), std::filesystem::perms::owner_read);
  EXPECT_EQ(thrown_by([&] {
              run(database, task_of("DELETE FROM t", "output: none\n", "read_write"));
            }).code,
            "database_cannot_be_opened");
}

// FT-005, FT-006
TEST(OpenTask, RowsThatArePulledAreHeldToTheDeclaredOutput) {
  const Database database(kTable);
  const Engine engine = engine_for(database.path());
  TaskRows rows = open_task(
      engine, task_of("SELECT f, id FROM t ORDER BY id", "output: {id: int, f: int}"),
      {});
  EXPECT_EQ(rows.schema()->ToString(), "id: int64\nf: int64");
  EXPECT_EQ(rows.source().dialect(), "sqlite");
  EXPECT_EQ(thrown_by([&] { rows.next(); }).code, "task_output_value");

  TaskRows all = open_task(engine, task_of("SELECT id FROM t"), {});
  EXPECT_EQ(all.next()->num_rows(), 2);
  EXPECT_EQ(all.next(), nullptr);
  EXPECT_EQ(all.source().rows(), 2);
}

// FT-006
TEST(OpenTask, AChangeIsNotPulled) {
  const Database database(kTable);
  const Engine engine = engine_for(database.path());
  for (const Task& task : {task_of("DELETE FROM t RETURNING id", "", "read_write"),
                           task_of("SELECT id FROM t", "output: none")}) {
    EXPECT_EQ(thrown_by([&] { open_task(engine, task, {}); }).code, "task_gives_no_rows");
  }
}

}  // namespace
}  // namespace penstock
