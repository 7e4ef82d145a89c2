// SQLite's values as Arrow types: the page's table, through real files.
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

using Columns = std::vector<std::string>;

Database table(const std::string& columns, const std::string& values) {
  return Database("CREATE TABLE t(" + columns + ");" +
                  (values.empty() ? "" : "INSERT INTO t VALUES " + values));
}

// RS-021
TEST(SqliteTypes, ADeclaredTypeDecides) {
  const Database db = table(
      "i INTEGER, b BIGINT, t TEXT, v VARCHAR(10), bl BLOB, r REAL, d DOUBLE PRECISION, "
      "bo BOOLEAN, da DATE, dt DATETIME, ts TIMESTAMP, tz TIMESTAMP WITH TIME ZONE, "
      "de DECIMAL(12,2), n NUMERIC(40,3), j JSON",
      "(1, 2, 'a', 'b', x'ff', 0.5, 2, 1, '2020-08-25', 1598313600, "
      "'2026-01-02T03:04:05Z', '2026-01-02 03:04:05+01:00', 1.5, '1.125', '[1]')");
  const Table read = testing::read(db, "SELECT * FROM t");
  EXPECT_EQ(
      read.columns,
      (Columns{"i: int64", "b: int64", "t: string", "v: string", "bl: binary",
               "r: double", "d: double", "bo: bool", "da: date32[day]",
               "dt: timestamp[us]", "ts: timestamp[us]", "tz: timestamp[us, tz=UTC]",
               "de: decimal128(12, 2)", "n: decimal256(40, 3)", "j: string"}));
  EXPECT_EQ(read.rows,
            Rows{"1|2|'a'|'b'|x'ff'|0.5|2|true|2020-08-25|2020-08-25 00:00:00.000000|"
                 "2026-01-02 03:04:05.000000|2026-01-02 02:04:05.000000Z|1.50|1.125|"
                 "'[1]'"});
}

// A name that SQLite gives NUMERIC affinity says nothing of the type.
TEST(SqliteTypes, NamesWithNumericAffinityAreDecidedByTheirValues) {
  const Database db = table("s STRING, n NUMERIC, d DECIMAL, e DECIMAL(99,2), x",
                            "('abc', 1, 1.5, 2, NULL), ('5', 2, 2, 3, NULL)");
  const Table read = testing::read(db, "SELECT * FROM t");
  EXPECT_EQ(read.columns,
            (Columns{"s: string", "n: int64", "d: double", "e: int64", "x: string"}));
  EXPECT_EQ(read.rows, (Rows{"'abc'|1|1.5|2|NULL", "'5'|2|2|3|NULL"}));
}

TEST(SqliteTypes, AnExpressionIsLookedAheadAtAndWidened) {
  const Database db;
  const auto column = [&](const std::string& values) {
    const Table read =
        testing::read(db, "SELECT column1 AS c FROM (VALUES " + values + ")");
    std::string all = read.columns[0];
    for (const std::string& row : read.rows) all += " " + row;
    return all;
  };
  EXPECT_EQ(column("(1), (0.05)"), "c: double 1 0.05");
  EXPECT_EQ(column("(1), (2)"), "c: int64 1 2");
  EXPECT_EQ(column("(0.5), (9007199254740993)"), "c: string '0.5' '9007199254740993'");
  EXPECT_EQ(column("(1), ('a'), (0.5)"), "c: string '1' 'a' '0.5'");
  EXPECT_EQ(column("('a'), (x'ff')"), "c: binary x'61' x'ff'");
  EXPECT_EQ(failure_of([&] { column("(1), (x'ff')"); }).message,
            "row 2, column 'c' (no declared type): a blob value does not fit text");
}

TEST(SqliteTypes, AHundredNullsThenATextAreText) {
  const Database db;
  const Table read = testing::read(
      db,
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<101) "
      "SELECT CASE WHEN i = 101 THEN 'abc' END AS v FROM c");
  EXPECT_EQ(read.columns, Columns{"v: string"});
  EXPECT_EQ(read.rows.front(), "NULL");
  EXPECT_EQ(read.rows.back(), "'abc'");
  EXPECT_EQ(read.rows.size(), 101U);
}

TEST(SqliteTypes, AnEmptyResultKeepsItsDeclaredTypes) {
  const Database db = table("number int, string text, d DATE, x", "");
  const Table read = testing::read(db, "SELECT *, 1 + 1 AS e FROM t");
  EXPECT_EQ(read.columns, (Columns{"number: int64", "string: string", "d: date32[day]",
                                   "x: string", "e: string"}));
  EXPECT_EQ(read.rows, Rows{});
  EXPECT_EQ(read.batches, std::vector<std::int64_t>{});
}

TEST(SqliteTypes, AnAllNullColumnKeepsARealType) {
  const Database db = table("i INTEGER, d DECIMAL(5,2), x", "(NULL,NULL,NULL)");
  const Table read = testing::read(db, "SELECT *, NULL AS n FROM t");
  EXPECT_EQ(read.columns,
            (Columns{"i: int64", "d: decimal128(5, 2)", "x: string", "n: string"}));
  EXPECT_EQ(read.rows, Rows{"NULL|NULL|NULL|NULL"});
}

TEST(SqliteTypes, Int64LimitsAreExact) {
  const Database db = table("i INTEGER", "(-9223372036854775808), (9223372036854775807)");
  const Rows limits{"-9223372036854775808", "9223372036854775807"};
  EXPECT_EQ(testing::read(db, "SELECT i FROM t").rows, limits);
  EXPECT_EQ(testing::read(db, "SELECT i + 0 AS e FROM t").rows, limits);
}

TEST(SqliteTypes, NotANumberIsNullAsSqliteHasIt) {
  const Database db = table("r REAL", "(9e999 - 9e999), (9e999), (-9e999)");
  EXPECT_EQ(testing::read(db, "SELECT r FROM t").rows, (Rows{"NULL", "inf", "-inf"}));
}

TEST(SqliteTypes, DecimalsComeFromIntegersRealsAndText) {
  const Database db = table("d DECIMAL(20,4)",
                            "(1), (0.1), ('2.5'), (1e3), (-0.0001), (NULL), "
                            "(922337203685477), (1234567.891)");
  EXPECT_EQ(testing::read(db, "SELECT d FROM t").rows,
            (Rows{"1.0000", "0.1000", "2.5000", "1000.0000", "-0.0001", "NULL",
                  "922337203685477.0000", "1234567.8910"}));
}

TEST(SqliteTypes, DatesComeFromTextSecondsAndJulianDays) {
  const Database db = table("d DATETIME",
                            "(1598313600), ('2026-01-02T03:04:05Z'), ('2026-01-02'), "
                            "(2440587.5), ('2026-01-02 03:04:05.123456'), (-1)");
  EXPECT_EQ(testing::read(db, "SELECT d FROM t").rows,
            (Rows{"2020-08-25 00:00:00.000000", "2026-01-02 03:04:05.000000",
                  "2026-01-02 00:00:00.000000", "1970-01-01 00:00:00.000000",
                  "2026-01-02 03:04:05.123456", "1969-12-31 23:59:59.000000"}));
}

TEST(SqliteTypes, ViewsAndSubqueriesKeepDeclaredTypes) {
  Database db = table("i INTEGER, d DATE", "(1, '2026-01-02')");
  Sqlite(db.path()).run("CREATE VIEW v AS SELECT i AS a, d AS b FROM t");
  const Columns expected{"a: int64", "b: date32[day]"};
  EXPECT_EQ(testing::read(db, "SELECT a, b FROM v").columns, expected);
  EXPECT_EQ(testing::read(db, "SELECT * FROM (SELECT * FROM v) WHERE a > 5").columns,
            expected);
  EXPECT_EQ(testing::read(db, "WITH w AS (SELECT * FROM v) SELECT * FROM w").columns,
            expected);
}

TEST(SqliteTypes, TextIsExactWithItsNulBytesAndInUtf16Files) {
  const Folder folder;
  const std::string path = folder.file("utf16.db");
  {
    Sqlite db(path);
    db.run(
        "PRAGMA encoding='UTF-16le'; CREATE TABLE \"täble\"(\"naïve\" TEXT);"
        "INSERT INTO \"täble\" VALUES ('é€😀'), (char(97,0,98))");
  }
  const Table read = testing::read(path, query_of("SELECT * FROM \"täble\""));
  EXPECT_EQ(read.columns, Columns{"naïve: string"});
  EXPECT_EQ(read.rows, (Rows{"'é€😀'", std::string("'a\0b'", 5)}));
}

TEST(SqliteTypes, ColumnsMayHaveOddNames) {
  const Database db;
  EXPECT_EQ(
      testing::read(db, "SELECT 1 AS \"\", 2 AS \"a|b\", 3 AS 'é', count(*)").columns,
      (Columns{": int64", "a|b: int64", "é: int64", "count(*): int64"}));
}

TEST(SqliteTypes, AColumnNameThatIsNotUtf8AsksForAnAlias) {
  const Folder folder;
  const std::string path = folder.file("names.db");
  {
    Sqlite(path).run("CREATE TABLE t(good INTEGER, bad\xFF INTEGER)");
  }
  EXPECT_EQ(failure_of_reading(path, query_of("SELECT * FROM t")),
            (Failure{Category::kDataSource, "column_name_encoding",
                     "the name of result column 2 is not valid UTF-8",
                     "give it an alias in the query (AS ...)"}));
}

TEST(SqliteTypes, TwoThousandColumnsTakeNoMoreMemoryThanABatchMay) {
  std::string columns = "SELECT 1 AS c0";
  for (int i = 1; i < 2000; ++i) columns += ", 1 AS c" + std::to_string(i);
  const Database db("CREATE TABLE t AS " + columns);
  const auto before = arrow::default_memory_pool()->max_memory();
  BatchStream stream = engine_for(db.path()).open(query_of("SELECT * FROM t"), {});
  const auto batch = stream.next();
  EXPECT_EQ(batch->num_columns(), 2000);
  EXPECT_LT(arrow::default_memory_pool()->max_memory() - before, 32 << 20);
}

}  // namespace
}  // namespace penstock
