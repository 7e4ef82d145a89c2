// Parameters, time limits, stops and plans on both real servers.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/dialect/mysql/server.h"

namespace penstock::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class MysqlQuery : public OnServers {
 protected:
  /// What the server still runs with `mark` in its text, of ours.
  std::vector<std::string> running(const std::string& mark) {
    return admin().run(
        "SELECT info FROM information_schema.processlist WHERE user = 'reader' AND info "
        "LIKE '%" +
        mark + "%'");
  }
  bool gone_within_two_seconds(const std::string& mark) {
    for (int i = 0; i < 100; ++i) {
      if (running(mark).empty()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
};
PENSTOCK_ON_BOTH_SERVERS(MysqlQuery);

// RS-008
TEST_P(MysqlQuery, AValueIsBoundWhateverIsInIt) {
  const std::string odd = "'; DROP TABLE x; -- \\' \" ` \xE2\x82\xAC \n";
  EXPECT_THAT(
      read("SELECT :x AS x, :x = :y AS same, ':x' AS text", {{"x", odd}, {"y", odd}})
          .rows,
      ElementsAre("'" + odd + "'|1|':x'"));
  EXPECT_THAT(read("SELECT :i + 0 AS i, :d + 0e0 AS d, :b + 0 AS b, :n AS n",
                   {{"i", std::int64_t{-9223372036854775807}},
                    {"d", 0.1},
                    {"b", true},
                    {"n", std::monostate{}}})
                  .rows,
              ElementsAre("-9223372036854775807|0.1|1|NULL"));
}

// RS-008
TEST_P(MysqlQuery, ATextIsComparedAsADateWhereADateStands) {
  EXPECT_THAT(read("SELECT d FROM (SELECT DATE '2026-01-02' AS d UNION ALL SELECT DATE "
                   "'2025-01-01') AS t WHERE d >= :since",
                   {{"since", std::string("2026-01-01")}})
                  .rows,
              ElementsAre("2026-01-02"));
}

// RS-008
TEST_P(MysqlQuery, ANumberThatIsNoneIsRefusedByName) {
  EXPECT_EQ(failure_of_reading("SELECT :x AS x",
                               {{"x", std::numeric_limits<double>::quiet_NaN()}}),
            (Failure{Category::kRecipe, "parameter_not_finite",
                     "query parameter ':x' is NaN, which MySQL has no value for",
                     "give it a number, or write the condition without it"}));
}

// RS-008
TEST_P(MysqlQuery, TheServersModeDecidesWhatAParameterIs) {
  admin().run("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'");
  // Under the usual mode the string goes on behind \', with :x inside.
  const Failure moved = failure_of_reading("SELECT 'a\\' AS a, ':x' AS b");
  const Failure same = failure_of(
      [&] { EXPECT_EQ(read("SELECT 'a' AS \"b c\"").columns[0], "b c: string"); });
  admin().run("SET GLOBAL sql_mode = DEFAULT");
  EXPECT_EQ(same, Failure{});
  EXPECT_EQ(moved.category == Category::kRefused || moved.category == Category::kRecipe,
            true)
      << moved;
}

// RS-014
TEST_P(MysqlQuery, AQueryPastItsTimeIsAnErrorAndIsStoppedOnTheServer) {
  for (const std::string sql :
       {"SELECT SLEEP(61) AS mark_time",
        "SELECT BENCHMARK(2000000000, SHA2('mark_time', 512))",
        "SELECT a.help_topic_id, SLEEP(0.2) AS mark_time FROM mysql.help_topic AS a"}) {
    Query query = query_of(sql);
    query.limits.statement = std::chrono::milliseconds(1000);
    const auto start = Clock::now();
    const Failure failure = failure_of([&] { read(query); });
    EXPECT_EQ(failure.category, Category::kTimeout) << sql << "\n" << failure;
    EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(3000)) << sql;
    EXPECT_TRUE(gone_within_two_seconds("mark_time")) << sql;
  }
}

// FT-008
TEST_P(MysqlQuery, AServerThatIsSilentForLongerThanItMayIsAnErrorAndStopped) {
  const auto start = Clock::now();
  const Failure failure = failure_of([&] {
    read_all(engine_for(dsn() + (dsn().find('?') == std::string::npos ? "?" : "&") +
                        "read_timeout=1")
                 .open(query_of("SELECT SLEEP(60) AS mark_silent"), {}));
  });
  EXPECT_EQ(
      failure,
      (Failure{Category::kTimeout, "server_silent", "the server was silent for 1 seconds",
               "raise read_timeout or write_timeout, or check the network"}));
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(3000));
  EXPECT_TRUE(gone_within_two_seconds("mark_silent"));
}

TEST_P(MysqlQuery, AStopEndsTheQueryOnTheServer) {
  std::stop_source stop;
  std::jthread stopper([&] {
    while (running("mark_stop").empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop.request_stop();
  });
  const auto failure = failure_of([&] {
    read_all(engine_for(dsn()).open(query_of("SELECT SLEEP(60) AS mark_stop"), {},
                                    stop.get_token()));
  });
  EXPECT_EQ(failure.category, Category::kInterrupted) << failure;
  stopper.join();
  EXPECT_TRUE(gone_within_two_seconds("mark_stop"));
}

TEST_P(MysqlQuery, AStreamGivenUpEndsTheQueryOnTheServer) {
  {
    Query query = query_of(
        "SELECT a.help_topic_id AS mark_left, b.description FROM mysql.help_topic AS a, "
        "mysql.help_topic AS b");
    BatchStream stream = engine_for(dsn()).open(query, {});
    ASSERT_TRUE(stream.next());
    EXPECT_THAT(running("mark_left"), ::testing::SizeIs(1));
  }
  EXPECT_TRUE(gone_within_two_seconds("mark_left"));
}

TEST_P(MysqlQuery, AServerThatEndsTheConnectionIsAnErrorAndNoEnd) {
  Query query = query_of(
      "SELECT a.help_topic_id AS mark_killed, b.description FROM mysql.help_topic AS a, "
      "mysql.help_topic AS b");
  BatchStream stream = engine_for(dsn()).open(query, {});
  ASSERT_TRUE(stream.next());
  const auto ids = admin().run(
      "SELECT id FROM information_schema.processlist WHERE info LIKE '%mark_killed%' AND "
      "user = 'reader'");
  ASSERT_EQ(ids.size(), 1U);
  admin().run("KILL " + ids[0]);
  const Failure failure = failure_of([&] {
    while (stream.next()) {
    }
  });
  EXPECT_TRUE(failure.category == Category::kUnavailable ||
              failure.category == Category::kDataSource)
      << failure;
}

TEST_P(MysqlQuery, AnErrorAmongTheRowsIsAnError) {
  admin().run("DROP TABLE IF EXISTS q_rows");
  admin().run("CREATE TABLE q_rows (n INT)");
  admin().run(
      "INSERT INTO q_rows WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
      "FROM s WHERE i < 900) SELECT i FROM s");
  Query query = query_of(
      "SELECT n, (SELECT m.n FROM q_rows AS m WHERE m.n <= IF(q_rows.n > 800, 2, 1)) AS "
      "x "
      "FROM q_rows");
  query.batch.rows = 10;
  std::int64_t rows = 0;
  const Failure failure = failure_of([&] {
    BatchStream stream = engine_for(dsn()).open(query, {});
    while (const auto batch = stream.next()) rows += batch->num_rows();
  });
  EXPECT_EQ(failure.code, "query_failed") << failure;
  EXPECT_EQ(failure.message, "Subquery returns more than 1 row");
  EXPECT_GT(rows, 0);
}

TEST_P(MysqlQuery, AMistakeIsToldInTheServersWords) {
  EXPECT_EQ(failure_of_reading("SELECT * FROM no_such").message,
            is_mariadb() ? "Table 'penstock.no_such' doesn't exist"
                         : "Table 'penstock.no_such' doesn't exist");
  EXPECT_THAT(failure_of_reading("SELECT FROM").message,
              HasSubstr("You have an error in your SQL syntax"));
  EXPECT_EQ(failure_of_reading("SELECT * FROM mysql.no_such").code, "query_failed");
  EXPECT_EQ(failure_of_reading("SELECT * FROM sys.no_such").category,
            Category::kDataSource);
}

TEST_P(MysqlQuery, APlanShowsTypesAndWhatTheAccountMay) {
  admin().run("DROP TABLE IF EXISTS q_plan");
  admin().run(
      "CREATE TABLE q_plan (id INT UNSIGNED PRIMARY KEY, total DECIMAL(12,2), "
      "name VARCHAR(20), at TIMESTAMP(3) NULL, raw VARBINARY(9), flag TINYINT(1), "
      "doc LONGTEXT, kind ENUM('a'))");
  const QueryPlan plan = engine_for(dsn("_WRITER"))
                             .plan(query_of("SELECT * FROM q_plan WHERE id = :id"),
                                   {{"id", std::int64_t{1}}});
  std::vector<std::string> columns;
  for (const auto& column : plan.columns)
    columns.push_back(
        fmt::format("{} {} {}", column.name, column.declared, column.arrow));
  EXPECT_THAT(
      columns,
      ElementsAre("id int unsigned uint32", "total decimal(12,2) decimal128(12, 2)",
                  "name varchar(20) string", "at timestamp(3) timestamp[us, tz=UTC]",
                  "raw varbinary(9) binary", "flag tinyint(1) int8",
                  "doc longtext string", "kind enum string"));
  EXPECT_FALSE(plan.explain.empty());
  EXPECT_THAT(plan.account, Contains("ALL PRIVILEGES on `penstock`.*"));
  for (const std::string& line : plan.account)
    EXPECT_EQ(line.find("IDENTIFIED"), line.npos);
}

TEST_P(MysqlQuery, APlanHintsAtWhatComesAsBytes) {
  admin().run("DROP TABLE IF EXISTS q_hints");
  admin().run("CREATE TABLE q_hints (n INT, g POINT, d DECIMAL(65,30))");
  const QueryPlan plan =
      engine_for(dsn()).plan(query_of("SELECT n, g, avg(n) AS mean, d * d AS product "
                                      "FROM q_hints GROUP BY n, g, d"),
                             {});
  std::vector<std::string> hints;
  for (const auto& column : plan.columns) hints.push_back(column.hint);
  EXPECT_THAT(hints, ElementsAre("",
                                 "a shape comes as the server's bytes: ST_AsText() or "
                                 "ST_AsBinary() converts it",
                                 "", ""));
}

// RS-023
TEST_P(MysqlQuery, AProbeConnectsAndReadsOne) {
  EXPECT_NO_THROW(engine_for(dsn()).probe(query_of("SELECT 1")));
}

// RS-020, RS-021
TEST_P(MysqlQuery, AResultComesInBatchesUpToTheCap) {
  Query query = query_of("SELECT help_topic_id AS id FROM mysql.help_topic");
  query.batch.rows = 100;
  BatchStream stream = engine_for(dsn()).open(query, {});
  std::int64_t rows = 0;
  while (const auto batch = stream.next()) {
    EXPECT_LE(batch->num_rows(), 100);
    rows += batch->num_rows();
  }
  EXPECT_EQ(fmt::format("{}", rows),
            admin().run("SELECT count(*) FROM mysql.help_topic")[0]);
  query.limits.rows = rows;
  EXPECT_NO_THROW(read(query));
  query.limits.rows = rows - 1;
  EXPECT_EQ(failure_of([&] { read(query); }).code, "row_limit");
}

}  // namespace
}  // namespace penstock::testing
