// A running query ends when its time is over or its caller says so, wherever it is.
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// A second past its time, and what a busy machine under a sanitizer may add; each query
// here would run for hours.
constexpr auto kSoon = 15s;

// It names the limit.
Failure timeout(const std::string& limit) {
  return {Category::kTimeout, "statement_timeout",
          "the query ran past its time limit and was stopped",
          "the limit is " + limit + "; narrow the query, or raise it"};
}
const Failure kInterrupted{Category::kInterrupted, "interrupted",
                           "interrupted; the query was stopped", ""};

const Database& rows() {
  static const Database db(
      "CREATE TABLE t(a INTEGER, s TEXT);"
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)"
      "INSERT INTO t SELECT i, 'row' || i FROM c");
  return db;
}

constexpr const char* kEndless[] = {
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c",
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM "
    "c",
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c "
    "ORDER BY -i",
    "SELECT count(*) FROM t a, t b, t c",
    "SELECT a.s FROM t a, t b ORDER BY b.s, a.s DESC",
    "SELECT group_concat(a.s) FROM t a, t b",
    "SELECT count(*) FROM t a JOIN t b ON a.s LIKE '%' || b.s || '%'",
    "SELECT a.a FROM t a, t b, t c WHERE replace(a.s || b.s, c.s, '') = 'never'"};

// Runs `sql` to its end; how it failed, and that it did not take long.
Failure ended(const Query& query, std::stop_token stop = {}) {
  const auto before = std::chrono::steady_clock::now();
  Failure failure = failure_of(
      [&] { read_all(engine_for(rows().path()).open(query, {}, std::move(stop))); });
  EXPECT_LT(std::chrono::steady_clock::now() - before, kSoon) << query.sql;
  return failure;
}

// RS-014
TEST(Stopping, TheStatementTimeoutStopsWhateverRuns) {
  for (const char* sql : kEndless) {
    Query query = query_of(sql);
    query.limits.statement = 150ms;
    EXPECT_EQ(ended(query), timeout("statement_timeout_seconds: 0.15")) << sql;
  }
}

// What one call of one function does is one step to SQLite, and each of these is years
// of it. The call is left to itself.
constexpr const char* kOneCall[] = {
    "SELECT instr(printf('%.*c', 90000000, 'a'), printf('%.*c', 45000000, 'a') || 'b')",
    "SELECT length(replace(printf('%.*c', 90000000, 'a'), printf('%.*c', 45000000, 'a') "
    "|| 'b', 'c'))",
    // No more than 16 million: trim() makes a table of 16 bytes for each, of 256 MiB at
    // most.
    "SELECT length(trim(printf('%.*c', 90000000, 'a'), printf('%.*c', 15000000, 'b') || "
    "'a'))"};

// RS-014
TEST(Stopping, OneCallOfAFunctionIsNotWaitedFor) {
  for (const char* sql : kOneCall) {
    Query query = query_of(sql);
    query.limits.statement = 1500ms;
    const Failure failure = ended(query);
    EXPECT_EQ(failure.category, Category::kTimeout) << failure;
    EXPECT_EQ(failure.code, "statement_timeout");
  }
}

TEST(Stopping, ATokenDoesNotWaitForAFunctionEither) {
  std::stop_source source;
  const std::jthread asker([&] {
    std::this_thread::sleep_for(1500ms);
    source.request_stop();
  });
  EXPECT_EQ(ended(query_of(kOneCall[0]), source.get_token()).category,
            Category::kInterrupted);
}

// RS-014
TEST(Stopping, TheLimitOfTheWholeRunDoes) {
  Query query = query_of(kEndless[1]);
  query.limits.total = 150ms;
  EXPECT_EQ(ended(query), timeout("limits.seconds: 0.15"));
}

TEST(Stopping, ATokenStopsFromAnotherThread) {
  for (const char* sql : kEndless) {
    std::stop_source source;
    const std::jthread asker([&] {
      std::this_thread::sleep_for(100ms);
      source.request_stop();
    });
    EXPECT_EQ(ended(query_of(sql), source.get_token()), kInterrupted) << sql;
  }
}

TEST(Stopping, ATokenThatWasSetBeforeStopsBeforeTheFirstRow) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(ended(query_of("SELECT a FROM t"), source.get_token()), kInterrupted);
}

// RS-014
TEST(Stopping, TheConsumersTimeCounts) {
  Query query = query_of("SELECT a FROM t");
  query.batch.rows = 10;
  query.limits.statement = 2s;
  BatchStream stream = engine_for(rows().path()).open(query, {});
  ASSERT_NE(stream.next(), nullptr);
  std::this_thread::sleep_for(2100ms);
  const Failure late = timeout("statement_timeout_seconds: 2");
  EXPECT_EQ(failure_of([&] { stream.next(); }), late);
  EXPECT_EQ(failure_of([&] { stream.next(); }), late) << "and again the same";
  EXPECT_EQ(stream.rows(), 10);
}

// RS-014
TEST(Stopping, TheDatabaseIsLetGoInTimeThoughNobodyAsksForRows) {
  const Database db(
      "CREATE TABLE t(a INTEGER);"
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)"
      "INSERT INTO t SELECT i FROM c");
  for (const std::int64_t count : {1, 2}) {
    Query query = query_of("SELECT a FROM t");
    query.batch.rows = 10;
    query.limits.total = 2s;
    query.partition.count = count;
    query.partition.column = "a";
    BatchStream stream = engine_for(db.path()).open(query, {});
    ASSERT_NE(stream.next(), nullptr);
    Sqlite writer(db.path());
    EXPECT_ANY_THROW(writer.run("BEGIN EXCLUSIVE")) << "it is being read";
    std::this_thread::sleep_for(2100ms);
    const auto end = std::chrono::steady_clock::now() + kSoon;
    const auto is_free = [&] {
      try {
        writer.run("BEGIN EXCLUSIVE");
        return true;
      } catch (const std::exception&) {
        return false;
      }
    };
    while (!is_free()) ASSERT_LT(std::chrono::steady_clock::now(), end);
    EXPECT_EQ(failure_of([&] { stream.next(); }), timeout("limits.seconds: 2"));
    EXPECT_EQ(stream.rows(), 10);
    EXPECT_EQ(stream.schema()->num_fields(), 1);
    EXPECT_TRUE(stream.lossy().empty());
    EXPECT_EQ(stream.partitions().rows.empty(), count == 1);
  }
}

// RS-014
TEST(Stopping, ALookedAheadBatchIsNotGivenOutTooLate) {
  Query query = query_of("SELECT 1 AS x");
  query.limits.statement = 1s;
  BatchStream stream = engine_for(rows().path()).open(query, {});
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(failure_of([&] { stream.next(); }), timeout("statement_timeout_seconds: 1"));
}

TEST(Stopping, AfterTheLastRowThereIsNothingToStop) {
  Query query = query_of("SELECT a FROM t LIMIT 1");
  query.limits.statement = 2s;
  std::stop_source source;
  BatchStream stream = engine_for(rows().path()).open(query, {}, source.get_token());
  while (stream.next()) {
  }
  source.request_stop();
  EXPECT_EQ(stream.next(), nullptr);
}

TEST(Stopping, AnUnfinishedStreamMayBeDropped) {
  Query query = query_of(kEndless[0]);
  query.batch.rows = 10;
  const auto before = std::chrono::steady_clock::now();
  {
    BatchStream stream = engine_for(rows().path()).open(query, {});
    ASSERT_NE(stream.next(), nullptr);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, kSoon);
}

// Threads of this process.
std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

// Forty views, each a join of the one below with itself: a trillion tables. SQLite asks
// nobody while it expands them, and gives up at 65,535.
TEST(Stopping, AQueryThatTakesForEverToPrepareIsEnded) {
  std::string views = "CREATE TABLE t(x); CREATE VIEW v0 AS SELECT x FROM t;";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "v" + std::to_string(i - 1);
    views += "CREATE VIEW v" + std::to_string(i) + " AS SELECT p.x FROM " + below +
             " p, " + below + " q;";
  }
  const Database db(views);
  Query query = query_of("SELECT x FROM v39");
  query.limits.statement = 300ms;
  const std::ptrdiff_t threads_before = threads();
  const std::clock_t before = std::clock();
  const Failure failure = failure_of_reading(db.path(), query);
  EXPECT_LT((std::clock() - before) / CLOCKS_PER_SEC, 15) << "of this process's own time";
  EXPECT_TRUE(failure.code == "statement_timeout" || failure.code == "query_failed")
      << failure;
  // Whom it was given up to ends by itself, and not in the midst of another test.
  const auto given_up = std::chrono::steady_clock::now();
  while (threads() > threads_before &&
         std::chrono::steady_clock::now() - given_up < 60s) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(threads(), threads_before);
}

// RS-009
TEST(Stopping, ALockedDatabaseIsWaitedForUpToTheConnectTimeout) {
  const Database db("CREATE TABLE t(a)");
  Sqlite writer(db.path());
  writer.run("BEGIN EXCLUSIVE");
  Query query = query_of("SELECT a FROM t");
  query.limits.connect = 300ms;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of_reading(db.path(), query),
            (Failure{Category::kUnavailable, "database_locked",
                     "cannot open the database: database is locked",
                     "another program holds a lock; raise connect_timeout_seconds, or "
                     "try again"}));
  const auto waited = std::chrono::steady_clock::now() - before;
  EXPECT_GE(waited, 250ms);
  EXPECT_LT(waited, kSoon);
}

// RS-009
TEST(Stopping, ALockThatGoesAwayInTimeIsNoError) {
  const Database db("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  Sqlite writer(db.path());
  writer.run("BEGIN EXCLUSIVE");
  const std::jthread releaser([&] {
    std::this_thread::sleep_for(200ms);
    writer.run("COMMIT");
  });
  EXPECT_EQ(read(db, "SELECT a FROM t").rows, Rows{"1"});
}

TEST(Stopping, ATokenStopsTheWaitForALock) {
  const Database db("CREATE TABLE t(a)");
  Sqlite writer(db.path());
  writer.run("BEGIN EXCLUSIVE");
  std::stop_source source;
  const std::jthread asker([&] {
    std::this_thread::sleep_for(100ms);
    source.request_stop();
  });
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(failure_of([&] {
              engine_for(db.path()).open(query_of("SELECT a FROM t"), {},
                                         source.get_token());
            }),
            kInterrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - before, kSoon);
}

TEST(Stopping, AValueLongerThanTheLimitIsAnErrorBeforeItIsMade) {
  EXPECT_EQ(failure_of_reading(rows(), "SELECT zeroblob(1000000000) AS b"),
            (Failure{Category::kLimit, "value_too_big",
                     "the query failed: string or blob too big",
                     "a text or blob may have 256 MiB"}));
}

TEST(Stopping, MemoryThatAQueryMayNotHaveIsALimit) {
  std::string columns = "SELECT zeroblob(200000000) AS c0";
  for (int i = 1; i < 8; ++i) {
    columns += ", zeroblob(200000000) AS c" + std::to_string(i);
  }
  const Failure failure = failure_of_reading(rows(), columns);
  EXPECT_EQ(failure.category, Category::kLimit) << failure;
  EXPECT_EQ(failure.code, "out_of_memory") << failure;
  EXPECT_EQ(failure.hint, "the query needs more memory than it may have");
}

}  // namespace
}  // namespace penstock
