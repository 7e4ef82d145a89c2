#include "penstock/fetch.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "penstock/error.h"
#include "penstock/validate.h"
#include "penstock/version.h"
#include "unit/support.h"

namespace penstock {
namespace {

namespace fs = std::filesystem;

constexpr char kEndless[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

class FetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_sql(
        "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'a'), (2, "
        "NULL)");
    recipe_.name = "things";
    recipe_.query.name = "things";
    recipe_.query.sql = "SELECT id, name FROM t ORDER BY id";
    recipe_.query.connection.dsn_env = "PENSTOCK_TEST_DSN";
    options_.output.path = file("out.csv");
    options_.output.format = Format::kCsv;
    options_.events = [this](const Event& event) { events_.push_back(event); };
  }

  std::string file(const std::string& name) const { return folder_.file(name); }

  void run_sql(const char* sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file("test.db").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }

  Engine engine() const {
    return Engine(Environment({{"PENSTOCK_TEST_DSN", "sqlite:///" + file("test.db")}}));
  }
  Receipt run(const Params& params = {}) {
    return fetch(engine(), recipe_, params, options_);
  }

  Error failure(const Params& params = {}) {
    try {
      run(params);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {Category::kUnexpected, "", ""};
  }

  std::string written() const { return testing::bytes_of(file("out.csv")); }

  testing::Folder folder_;
  Recipe recipe_;
  FetchOptions options_;
  std::vector<Event> events_;
};

// RS-031
TEST_F(FetchTest, WritesTheFileAndTellsWhatItDid) {
  options_.run_id = "run-7";
  options_.output.content_hash = true;
  const Receipt receipt = run();
  EXPECT_EQ(written(), "\"id\",\"name\"\n1,\"a\"\n2,\n");
  EXPECT_EQ(receipt.recipe, "things");
  EXPECT_EQ(receipt.run_id, "run-7");
  EXPECT_EQ(receipt.dialect, "sqlite");
  EXPECT_EQ(receipt.version, kVersion);
  EXPECT_EQ(receipt.output, file("out.csv"));
  EXPECT_EQ(receipt.format, "csv");
  EXPECT_EQ(receipt.rows, 2);
  EXPECT_EQ(receipt.batches, 1);
  EXPECT_EQ(receipt.written.bytes, 21);
  EXPECT_EQ(receipt.written.content_hash.size(), 71U);
  EXPECT_LE(receipt.started, receipt.finished);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].name, "sql_fetch_complete");
  const std::vector<std::pair<std::string, Value>> fields{{"recipe", "things"},
                                                          {"run_id", "run-7"},
                                                          {"dialect", "sqlite"},
                                                          {"rows", std::int64_t{2}}};
  EXPECT_EQ(events_[0].fields, fields);
}

TEST_F(FetchTest, MakesARunIdOfItsOwn) {
  const Receipt first = run();
  const Receipt second = run();
  EXPECT_EQ(first.run_id.size(), 32U);
  EXPECT_NE(first.run_id, second.run_id);
}

// RS-022
TEST_F(FetchTest, AMissingColumnIsNamedBeforeAnythingIsWritten) {
  recipe_.required_columns = {{"user_column", "id"}, {"item_column", "item_id"}};
  const Error error = failure();
  EXPECT_EQ(error.category(), Category::kRecipe);
  EXPECT_EQ(error.message(), "column 'item_id' not found in query result");
  EXPECT_EQ(error.hint(), "schema.item_column names it; known: id, name");
  EXPECT_FALSE(fs::exists(file("out.csv")));
}

// RS-022
TEST(CheckRequiredColumns, ComparesNamesExactly) {
  Recipe recipe;
  recipe.required_columns = {{"user_column", "User"}};
  EXPECT_NO_THROW(check_required_columns(recipe, {"x", "User"}));
  EXPECT_THROW(check_required_columns(recipe, {"user"}), Error);
  EXPECT_THROW(check_required_columns(recipe, {}), Error);
}

TEST_F(FetchTest, AStopEndsARunAndLeavesTheOldFile) {
  std::ofstream(file("out.csv")) << "old";
  recipe_.query.sql = kEndless;
  std::stop_source source;
  options_.stop = source.get_token();
  options_.progress = [&](const Progress& progress) {
    if (progress.rows > 0) source.request_stop();
  };
  EXPECT_EQ(failure().category(), Category::kInterrupted);
  EXPECT_EQ(written(), "old");
  EXPECT_TRUE(events_.empty());
}

// The sink fails while the database would go on for ever.
TEST_F(FetchTest, AFailureOfTheOutputEndsTheQueryAtOnce) {
  options_.output.path = "/dev/full";
  options_.output.format = Format::kCsv;
  recipe_.query.sql = kEndless;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(failure().category(), Category::kOutput);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(FetchTest, AnErrorAfterManyRowsLeavesNoFile) {
  recipe_.query.sql =
      std::string(
          "SELECT CASE WHEN i > 300000 THEN abs(-9223372036854775807 - 1) "
          "ELSE i END AS i FROM (") +
      kEndless + ")";
  EXPECT_EQ(failure().category(), Category::kDataSource);
  EXPECT_FALSE(fs::exists(file("out.csv")));
}

// RS-027
TEST_F(FetchTest, TheLockIsTakenBeforeTheDatabaseIsAsked) {
  fs::create_directory(file("out.csv.lock"));
  recipe_.query.connection.dsn_env = "PENSTOCK_UNSET_DSN";
  EXPECT_EQ(failure().category(), Category::kOutput);
}

TEST_F(FetchTest, ProgressCountsRowsAndNeverGoesBack) {
  recipe_.query.sql = std::string(kEndless) + " LIMIT 500000";
  std::int64_t rows = 0;
  options_.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.rows, rows);
    EXPECT_EQ(progress.bytes > 0, progress.rows > 0);
    rows = progress.rows;
  };
  EXPECT_EQ(run().rows, 500'000);
  EXPECT_LE(rows, 500'000);
}

// RS-023
TEST_F(FetchTest, ValidateScansConnectsAndReadsNothing) {
  recipe_.query.sql = "SELECT :x AS x FROM t WHERE id = :y OR id = :x";
  const Params params{{"x", std::int64_t{1}}, {"y", std::int64_t{2}}};
  const Validation online = validate(engine(), recipe_, params, false);
  EXPECT_EQ(online.dialect, "sqlite");
  EXPECT_EQ(online.parameters, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(online.connected);
  EXPECT_FALSE(validate(engine(), recipe_, params, true).connected);
  EXPECT_THROW(validate(engine(), recipe_, {}, true), Error);
  recipe_.query.connection.dsn_env = "PENSTOCK_UNSET_DSN";
  EXPECT_EQ(validate(engine(), recipe_, {}, true).dialect, "");
  EXPECT_THROW(validate(engine(), recipe_, params, false), Error);
}

TEST(Receipt, IsJsonInAFixedOrderWithEveryCount) {
  Receipt receipt;
  receipt.recipe = "orders";
  receipt.run_id = "r1";
  receipt.dialect = "sqlite";
  receipt.version = "1.2.3";
  receipt.query_hash = "abc";
  receipt.output = "-";
  receipt.format = "csv";
  receipt.started = "2026-01-02T03:04:05.000Z";
  receipt.finished = "2026-01-02T03:04:06.500Z";
  receipt.seconds = 1.5;
  receipt.rows = 3;
  receipt.batches = 1;
  receipt.arrow_bytes = 100;
  receipt.written = {50, "sha256:00"};
  receipt.lossy = {{"total", 1, 2, 3}, {"bad\xff", 1, 0, 0}};
  EXPECT_EQ(to_json(receipt), R"({
  "recipe": "orders",
  "query_hash": "abc",
  "dialect": "sqlite",
  "version": "1.2.3",
  "run_id": "r1",
  "output": "-",
  "format": "csv",
  "started": "2026-01-02T03:04:05.000Z",
  "finished": "2026-01-02T03:04:06.500Z",
  "seconds": 1.5,
  "rows": 3,
  "bytes": 50,
  "arrow_bytes": 100,
  "batches": 1,
  "content_hash": "sha256:00",
  "lossy": {
    "total": {
      "nulled": 1,
      "as_text": 2,
      "clamped": 3
    },
    "bad)"
                              "\xEF\xBF\xBD"
                              R"(": {
      "nulled": 1,
      "as_text": 0,
      "clamped": 0
    }
  }
}
)");
}

}  // namespace
}  // namespace penstock
