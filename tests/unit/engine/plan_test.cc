// What is known of a query without reading a row; and the dialects of a build.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::vector<std::string> columns_of(const QueryPlan& plan) {
  std::vector<std::string> out;
  for (const QueryPlan::Column& column : plan.columns) {
    out.push_back(column.name + "|" + column.declared + "|" + column.arrow);
  }
  return out;
}

const Database& shop() {
  static const Database db(
      "CREATE TABLE orders(id INTEGER PRIMARY KEY, total DECIMAL(12,2), at DATETIME, x);"
      "CREATE TABLE items(order_id INTEGER, name TEXT);"
      "INSERT INTO orders VALUES (1, 'not a number', 2, 3)");
  return db;
}

TEST(Plan, ShowsColumnsWithoutReadingARow) {
  const QueryPlan plan =
      engine_for(shop().path()).plan(query_of("SELECT *, 1 + 1 AS two FROM orders"), {});
  EXPECT_EQ(plan.dialect, "sqlite");
  EXPECT_EQ(columns_of(plan),
            (Rows{"id|INTEGER|int64", "total|DECIMAL(12,2)|decimal128(12, 2)",
                  "at|DATETIME|timestamp[us]", "x||by the first rows",
                  "two||by the first rows"}));
}

TEST(Plan, ShowsTheDatabasesOwnExplainATreeALineEach) {
  const QueryPlan plan =
      engine_for(shop().path())
          .plan(query_of("-- a comment\nSELECT name FROM orders JOIN items ON order_id = "
                         "id WHERE id > :since UNION ALL SELECT 'x'"),
                {{"since", std::int64_t{5}}});
  ASSERT_GE(plan.explain.size(), 3U);
  EXPECT_EQ(plan.explain[0], "COMPOUND QUERY");
  EXPECT_EQ(plan.explain[1], "  LEFT-MOST SUBQUERY");
  EXPECT_TRUE(plan.explain[2].starts_with("    ")) << plan.explain[2];
}

TEST(Plan, ShowsWhatTheAccountCouldDoAndWhereItGoes) {
  const QueryPlan plan = engine_for(shop().path()).plan(query_of("SELECT 1"), {});
  EXPECT_EQ(plan.account, Rows{"the process may write the database file; penstock opens "
                               "it read-only"});
  EXPECT_EQ(plan.routes, Rows{"file " + shop().path()});
  const QueryPlan memory = engine_for("").plan(query_of("SELECT 1"), {});
  EXPECT_EQ(memory.account, Rows{"a database in memory: nothing to protect"});
  EXPECT_EQ(memory.routes, Rows{"in memory"});
}

TEST(Plan, RefusesWhatIsNoReadBeforeItIsExplained) {
  const auto failure = [](const std::string& sql) {
    return failure_of([&] { engine_for(shop().path()).plan(query_of(sql), {}); });
  };
  EXPECT_EQ(failure("DELETE FROM orders").message, "the query may not use DELETE");
  EXPECT_EQ(failure("EXPLAIN SELECT 1").code, "not_a_read");
  EXPECT_EQ(failure("SELECT 1 AS a, 2 AS a").code, "duplicate_column");
}

TEST(ExpectedRows, AreThoseOfAPlainScanOrUnknown) {
  const Database db(
      "CREATE TABLE t(i INTEGER PRIMARY KEY); INSERT INTO t VALUES (5), (6), (9);"
      "CREATE TABLE wide(i INTEGER PRIMARY KEY);"
      "INSERT INTO wide VALUES (-9223372036854775808), (9223372036854775807);"
      "CREATE TABLE none(i)");
  const auto expected = [&](const std::string& sql) {
    return engine_for(db.path()).open(query_of(sql), {}).expected_rows();
  };
  EXPECT_EQ(expected("SELECT * FROM t"), 5);
  EXPECT_EQ(expected("SELECT * FROM none"), 0);
  EXPECT_EQ(expected("SELECT * FROM wide"), -1) << "more than an estimate can say";
  EXPECT_EQ(expected("SELECT count(*) FROM t"), -1);
}

// RS-023
TEST(Probe, ConnectsAndRunsSelectOneWhateverTheQuery) {
  Query query = query_of("SELECT nosuch FROM nowhere");
  query.types.columns = {{"nosuch", {}}};
  EXPECT_EQ(failure_of([&] { engine_for(shop().path()).probe(query); }), Failure{});
  EXPECT_EQ(failure_of([&] { engine_for("/none.db").probe(query); }).code,
            "database_file_missing");
}

// RS-024
TEST(Engine, EveryFailureOfADatabaseExitsWithThree) {
  for (const Failure& failure :
       {failure_of([] { engine_for("/none.db").probe(query_of("x")); }),
        failure_of_reading(shop(), "SELECT total FROM orders"),
        failure_of_reading(shop(), "SELECT nosuch"),
        failure_of_reading(shop(), "DELETE FROM orders"),
        failure_of_reading(shop(), "SELECT zeroblob(1000000000)")}) {
    EXPECT_EQ(traits(failure.category).error_type, "DataSourceError") << failure;
    EXPECT_EQ(traits(failure.category).exit_code, 3) << failure;
  }
}

// RS-004
TEST(Engine, AnUnsetVariableIsNamed) {
  const Engine engine{Environment(Variables{})};
  EXPECT_EQ(
      failure_of([&] { engine.open(query_of("SELECT 1"), {}); }).message,
      "env var PENSTOCK_TEST_DSN is not set or is empty; set it to the database DSN "
      "(e.g. postgresql://user:pass@host/db)");
}

// RS-011
TEST(Engine, AnUnsupportedDialectIsRefusedBeforeAnythingElse) {
  const Engine engine{
      Environment(Variables{{"PENSTOCK_TEST_DSN", "oracle://scott:tiger@db/x"}})};
  EXPECT_EQ(failure_of([&] { engine.open(query_of("not ' sql"), {}); }),
            (Failure{Category::kDataSource, "unsupported_dialect",
                     "unsupported SQL dialect 'oracle'; officially supported: ['mysql', "
                     "'postgres', 'sqlite'].",
                     ""}));
}

TEST(Engine, ListsItsDialectsWithTheVersionsOfTheirLibraries) {
  const auto dialects = Engine::dialects();
  ASSERT_TRUE(dialects.contains("sqlite"));
  EXPECT_EQ(dialects.at("sqlite"), sqlite3_libversion());
}

}  // namespace
}  // namespace penstock
