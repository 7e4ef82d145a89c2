// The caps on rows and bytes, and how a result is cut into batches.
#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

constexpr const char* kBadValueHint = "set it to a number of rows from 1000 to 500000000";

// 2,001 rows.
const Database& numbers() {
  static const Database db(
      "CREATE TABLE t(i INTEGER, s TEXT);"
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2001)"
      "INSERT INTO t SELECT i, printf('%100d', i) FROM c");
  return db;
}

std::size_t rows_read(const Query& query, Variables variables = {}) {
  return read_all(engine_for(numbers().path(), std::move(variables)).open(query, {}))
      .rows.size();
}

Query first(int rows) {
  return query_of("SELECT i FROM t WHERE i <= " + std::to_string(rows));
}

// RS-020
TEST(RowCap, ExactlyThatManyPassAndOneMoreDoesNot) {
  const Variables cap{{"RECOTEM_MAX_SQL_ROWS", "2000"}};
  EXPECT_EQ(rows_read(first(2000), cap), 2000U);
  EXPECT_EQ(failure_of([&] { rows_read(first(2001), cap); }),
            (Failure{Category::kLimit, "row_limit",
                     "query result exceeds RECOTEM_MAX_SQL_ROWS=2000 rows; tighten the "
                     "query or raise the cap",
                     ""}));
}

// RS-020
TEST(RowCap, TheMessageNamesTheVariableTheUserUsed) {
  const Variables both{{"PENSTOCK_MAX_SQL_ROWS", "1500"}, {"RECOTEM_MAX_SQL_ROWS", "1"}};
  EXPECT_EQ(failure_of([&] { rows_read(first(2001), both); }).message,
            "query result exceeds PENSTOCK_MAX_SQL_ROWS=1500 rows; tighten the query or "
            "raise the cap");
}

// RS-020
TEST(RowCap, ALimitOfTheQueryIsNamedAsThat) {
  Query query = first(7);
  query.limits.rows = 7;
  EXPECT_EQ(rows_read(query), 7U);
  query.limits.rows = 6;
  EXPECT_EQ(
      failure_of([&] { rows_read(query); }).message,
      "query result exceeds limits.rows=6 rows; tighten the query or raise the cap");
}

// RS-020
TEST(RowCap, IsFiftyMillionAndClampedToItsRange) {
  const auto cap = [](const char* value, std::int64_t limit = 0) {
    Limits limits;
    limits.rows = limit;
    return Engine(Environment(value == nullptr
                                  ? Variables{}
                                  : Variables{{"PENSTOCK_MAX_SQL_ROWS", value}}))
        .row_cap(limits);
  };
  EXPECT_EQ(cap(nullptr), 50'000'000);
  EXPECT_EQ(cap("1000"), 1000);
  EXPECT_EQ(cap("999"), 1000);
  EXPECT_EQ(cap("0"), 1000);
  EXPECT_EQ(cap("-5"), 1000);
  EXPECT_EQ(cap("500000000"), 500'000'000);
  EXPECT_EQ(cap("500000001"), 500'000'000);
  EXPECT_EQ(cap("99999999999999999999999"), 500'000'000);
  EXPECT_EQ(cap("-99999999999999999999999"), 1000);
  EXPECT_EQ(cap(" 2000 "), 2000);
  EXPECT_EQ(cap(""), 50'000'000);
  EXPECT_EQ(cap(nullptr, 10), 10) << "a limit may be lower";
  EXPECT_EQ(cap("2000", 3000), 2000) << "and never higher";
}

// RS-020
TEST(RowCap, AValueThatIsNoNumberIsAConfigurationError) {
  for (const char* value : {"many", "1e6", "1_000", "1000.0", "10 00", "0x400", "+"}) {
    for (const char* name : {"PENSTOCK_MAX_SQL_ROWS", "RECOTEM_MAX_SQL_ROWS"}) {
      EXPECT_EQ(failure_of([&] { Engine(Environment(Variables{{name, value}})); }),
                (Failure{Category::kConfiguration, "bad_control_value",
                         std::string(name) + " is not a whole number", kBadValueHint}))
          << value;
    }
  }
}

TEST(ByteCap, IsOfArrowDataAndNamesItsLimit) {
  Query query = query_of("SELECT s FROM t");
  query.limits.bytes = 100'000;
  EXPECT_EQ(failure_of([&] { rows_read(query); }),
            (Failure{Category::kLimit, "byte_limit",
                     "query result exceeds the limit of 100000 bytes; tighten the query "
                     "or raise the cap",
                     "limits.bytes in the recipe, --max-bytes on the command line"}));
  query.limits.bytes = 1'000'000;
  EXPECT_EQ(rows_read(query), 2001U);
}

// RS-013
TEST(ValueCap, OfAFormattedTextIsAnErrorAndNotSqlitesNull) {
  const Failure too_big{Category::kLimit, "value_too_big",
                        "the query failed: string or blob too big",
                        "a text or blob may have 256 MiB"};
  for (const char* sql : {"SELECT printf('%300000000d', 1) AS x",
                          "SELECT format('%*s', 300000000, 'x') IS NULL AS x"}) {
    EXPECT_EQ(failure_of_reading("", query_of(sql)), too_big) << sql;
  }
  const char* within = "SELECT length(printf('%1000000d', 1)) AS x, printf('') AS y";
  EXPECT_EQ(read("", query_of(within)).rows, Rows{"1000000|NULL"});
}

TEST(Caps, AFailedStreamFailsTheSameWayAgain) {
  Query query = first(3);
  query.limits.rows = 2;
  BatchStream stream = engine_for(numbers().path()).open(query, {});
  ASSERT_NE(stream.next(), nullptr);
  const Failure once = failure_of([&] { stream.next(); });
  EXPECT_EQ(once.code, "row_limit");
  EXPECT_EQ(failure_of([&] { stream.next(); }), once);
}

std::vector<std::int64_t> batches(std::int64_t rows, std::int64_t bytes,
                                  const std::string& sql = "SELECT i, s FROM t") {
  Query query = query_of(sql);
  query.batch = {rows, bytes};
  return read(numbers().path(), query).batches;
}

// RS-021
TEST(Batches, EndAtTheirRows) {
  EXPECT_EQ(batches(1000, 1 << 30), (std::vector<std::int64_t>{1000, 1000, 1}));
  EXPECT_EQ(batches(2001, 1 << 30), (std::vector<std::int64_t>{2001}));
  EXPECT_EQ(batches(0, 1 << 30, "SELECT i FROM t LIMIT 2"),
            (std::vector<std::int64_t>{1, 1}))
      << "a batch has a row at least";
}

// RS-021
TEST(Batches, EndAtTheirBytes) {
  // 8 bytes of integer, 4 of offset, 100 of text.
  EXPECT_EQ(batches(100'000, 112 * 1000), (std::vector<std::int64_t>{1000, 1000, 1}));
  EXPECT_EQ(batches(100'000, 1, "SELECT i FROM t LIMIT 3"),
            (std::vector<std::int64_t>{1, 1, 1}))
      << "one row is always delivered, however long";
}

// RS-021
TEST(Batches, HaveNoMoreRowsThanTheRowCap) {
  Query query = query_of("SELECT i FROM t");
  query.limits.rows = 5;
  query.batch.rows = 100'000;
  BatchStream stream = engine_for(numbers().path()).open(query, {});
  EXPECT_EQ(stream.next()->num_rows(), 5);
  EXPECT_EQ(stream.rows(), 5);
  EXPECT_EQ(stream.batches(), 1);
}

// RS-021
TEST(Batches, AreOfAHundredThousandRowsAtMost) {
  const std::string many =
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100001) "
      "SELECT CAST(i AS INTEGER) AS i FROM c";
  EXPECT_EQ(batches(1'000'000, 1 << 30, many), (std::vector<std::int64_t>{100'000, 1}));
}

TEST(Batches, OutliveTheirStream) {
  std::shared_ptr<arrow::RecordBatch> batch;
  {
    BatchStream stream =
        engine_for(numbers().path()).open(query_of("SELECT s FROM t LIMIT 1"), {});
    batch = stream.next();
  }
  EXPECT_EQ(shown(*batch->column(0), 0), "'" + std::string(99, ' ') + "1'");
}

}  // namespace
}  // namespace penstock
