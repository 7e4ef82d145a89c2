// What becomes of a value that has no exact place in its column.
#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

constexpr const char* kPolicyHint =
    "CAST the column in the query, or set types.on_lossy (--on-lossy) to null, text or "
    "clamp";

Query query_with(const std::string& sql, OnLossy policy) {
  Query query = query_of(sql);
  query.types.on_lossy = policy;
  return query;
}

// "column:nulled,as_text,clamped"
std::vector<std::string> ledger(const Table& table) {
  std::vector<std::string> out;
  for (const LossyColumn& column : table.lossy) {
    out.push_back(column.column + ":" + std::to_string(column.nulled) + "," +
                  std::to_string(column.as_text) + "," + std::to_string(column.clamped));
  }
  return out;
}

const Database& misfits() {
  static const Database db(
      "CREATE TABLE t(i INTEGER, s TEXT);"
      "INSERT INTO t VALUES (1, 'a'), (2, x'ff'), ('', 'b'), ('nan', NULL), (0.99, 'c')");
  return db;
}

TEST(LossyValues, AnErrorNamesRowColumnDeclaredTypeAndTheValuesType) {
  EXPECT_EQ(failure_of_reading(misfits(), "SELECT i FROM t"),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 3, column 'i' (declared INTEGER): a text value does not fit "
                     "int64",
                     kPolicyHint}));
  EXPECT_EQ(failure_of_reading(misfits(), "SELECT i FROM t WHERE typeof(i) = 'real'"),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 1, column 'i' (declared INTEGER): a real value does not fit "
                     "int64",
                     kPolicyHint}));
  EXPECT_EQ(failure_of_reading(misfits(), "SELECT s FROM t"),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 2, column 's' (declared TEXT): a blob value does not fit text",
                     kPolicyHint}));
}

TEST(LossyValues, TextThatIsNotUtf8IsAMisfit) {
  EXPECT_EQ(failure_of_reading(misfits(), "SELECT CAST(x'ff' AS TEXT) AS v").message,
            "row 1, column 'v' (no declared type): a text (not valid UTF-8) value does "
            "not fit text");
  const Table text = read(misfits().path(),
                          query_with("SELECT CAST(x'ff' AS TEXT) AS v", OnLossy::kText));
  EXPECT_EQ(text.rows, Rows{"'\\xff'"});
  EXPECT_EQ(ledger(text), Rows{"v:0,1,0"});
}

TEST(LossyValues, UnderNullTheyAreNullAndCounted) {
  const Table table =
      read(misfits().path(), query_with("SELECT * FROM t", OnLossy::kNull));
  EXPECT_EQ(table.rows, (Rows{"1|'a'", "2|NULL", "NULL|'b'", "NULL|NULL", "NULL|'c'"}));
  EXPECT_EQ(ledger(table), (Rows{"i:3,0,0", "s:1,0,0"}));
}

TEST(LossyValues, UnderClampTheyAreTheNearestOrNull) {
  const Table table =
      read(misfits().path(), query_with("SELECT * FROM t", OnLossy::kClamp));
  EXPECT_EQ(table.rows, (Rows{"1|'a'", "2|'\uFFFD'", "NULL|'b'", "NULL|NULL", "1|'c'"}));
  EXPECT_EQ(ledger(table), (Rows{"i:2,0,1", "s:0,0,1"}));
}

TEST(LossyValues, UnderTextTheWholeColumnIsText) {
  const Table table =
      read(misfits().path(), query_with("SELECT * FROM t", OnLossy::kText));
  EXPECT_EQ(table.columns, (Rows{"i: string", "s: string"}));
  EXPECT_EQ(table.rows,
            (Rows{"'1'|'a'", "'2'|'\\xff'", "''|'b'", "'nan'|NULL", "'0.99'|'c'"}));
  EXPECT_EQ(ledger(table), (Rows{"i:0,5,0", "s:0,1,0"}));
}

TEST(LossyValues, UnderTextAColumnWhoseValuesFitKeepsItsType) {
  const Table table =
      read(misfits().path(),
           query_with("SELECT i FROM t WHERE i < 3 AND i >= 1", OnLossy::kText));
  EXPECT_EQ(table.columns, Rows{"i: int64"});
  EXPECT_EQ(ledger(table), Rows{});
}

// Rows 1, 2 are integers; row 3 of the second batch is not.
Query two_batches(OnLossy policy) {
  Query query = query_with(
      "SELECT column1 AS v FROM (VALUES (1), (2), (3), (0.05), ('x'))", policy);
  query.batch.rows = 2;
  return query;
}

TEST(LossyValues, AMisfitInALaterBatchFollowsThePolicy) {
  EXPECT_EQ(failure_of_reading(misfits().path(), two_batches(OnLossy::kError)),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 4, column 'v' (no declared type): a real value does not fit "
                     "int64",
                     "the column's type was taken from the first rows; CAST it in the "
                     "query, or set types.columns: {v: text}"}));
  const Table nulled = read(misfits().path(), two_batches(OnLossy::kNull));
  EXPECT_EQ(nulled.rows, (Rows{"1", "2", "3", "NULL", "NULL"}));
  EXPECT_EQ(ledger(nulled), Rows{"v:2,0,0"});
  EXPECT_EQ(nulled.batches, (std::vector<std::int64_t>{2, 2, 1}));
  const Table clamped = read(misfits().path(), two_batches(OnLossy::kClamp));
  EXPECT_EQ(clamped.rows, (Rows{"1", "2", "3", "0", "NULL"}));
  EXPECT_EQ(ledger(clamped), Rows{"v:1,0,1"});
}

TEST(LossyValues, ADeclaredColumnThatFittedAtFirstCannotBecomeTextLater) {
  Query query = query_with("SELECT i FROM t ORDER BY rowid", OnLossy::kText);
  query.batch.rows = 2;
  EXPECT_EQ(failure_of_reading(misfits().path(), query),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 3, column 'i' (declared INTEGER): a text value does not fit "
                     "int64",
                     "the first rows fitted, so the column is not text; set "
                     "types.columns: {i: text}"}));
}

TEST(LossyValues, ATypeGivenByNameWins) {
  Query query = query_of("SELECT i, s, 1 AS n, '1.5' AS d FROM t WHERE i < 2 AND i >= 1");
  query.types.columns = {{"i", {TypeName::Kind::kUInt8}},
                         {"s", {TypeName::Kind::kBinary}},
                         {"n", {TypeName::Kind::kFloat32}},
                         {"d", {TypeName::Kind::kDecimal, 4, 2}}};
  const Table table = read(misfits().path(), query);
  EXPECT_EQ(table.columns,
            (Rows{"i: uint8", "s: binary", "n: float", "d: decimal128(4, 2)"}));
  EXPECT_EQ(table.rows, Rows{"1|x'61'|1|1.50"});
}

TEST(LossyValues, ATypeForAColumnThatIsNotThereIsARecipeError) {
  Query query = query_of("SELECT i FROM t");
  query.types.columns = {{"j", {TypeName::Kind::kInt64}}};
  EXPECT_EQ(failure_of_reading(misfits().path(), query),
            (Failure{Category::kRecipe, "unknown_typed_column",
                     "types.columns names 'j', which is not a column of the result",
                     "did you mean 'i'?"}));
}

TEST(LossyValues, TypesNumericIsForNumbersDeclaredWithoutPrecision) {
  const Database db(
      "CREATE TABLE t(n NUMERIC, d DECIMAL, e DECIMAL(5,1), s STRING);"
      "INSERT INTO t VALUES (1.5, 2, 3, 4)");
  Query query = query_of("SELECT *, 5 AS x FROM t");
  query.types.numeric = TypeName{TypeName::Kind::kDecimal, 10, 2};
  EXPECT_EQ(read(db.path(), query).columns,
            (Rows{"n: decimal128(10, 2)", "d: decimal128(10, 2)", "e: decimal128(5, 1)",
                  "s: int64", "x: int64"}));
  query.types.numeric = TypeName{TypeName::Kind::kText};
  EXPECT_EQ(read(db.path(), query).rows, Rows{"'1.5'|'2'|3.0|4|5"});
}

TEST(LossyValues, TwoColumnsOfOneNameAreAnErrorUnlessRenamedOrKept) {
  EXPECT_EQ(failure_of_reading(misfits(), "SELECT 1 AS a, 2 AS a"),
            (Failure{Category::kDataSource, "duplicate_column",
                     "the result has more than one column named 'a'",
                     "give each an alias in the query (AS ...), or set "
                     "types.duplicates: rename"}));
  Query query = query_of("SELECT 1 AS a, 2 AS a, 3 AS a_1");
  query.types.duplicates = Duplicates::kRename;
  EXPECT_EQ(read(misfits().path(), query).columns,
            (Rows{"a: int64", "a_2: int64", "a_1: int64"}));
  query.types.duplicates = Duplicates::kKeep;
  EXPECT_EQ(read(misfits().path(), query).columns,
            (Rows{"a: int64", "a: int64", "a_1: int64"}));
}

}  // namespace
}  // namespace penstock
