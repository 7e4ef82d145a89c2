// Every row of the table of types, on both real servers.
#include "dialect/mysql/types.h"

#include <limits>

#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/dialect/mysql/server.h"

namespace penstock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MysqlTypes : public OnServers {
 protected:
  void make(const std::string& table, const std::string& columns,
            const std::string& values) {
    admin().run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
    admin().run("SET SESSION time_zone = '+00:00'");
    admin().run("DROP TABLE IF EXISTS " + table);
    admin().run("CREATE TABLE " + table + " (" + columns + ")");
    admin().run("INSERT INTO " + table + " VALUES " + values);
  }
  Table read_as(const std::string& sql, OnLossy on_lossy) const {
    Query query = query_of(sql);
    query.types.on_lossy = on_lossy;
    return read(query);
  }
};
PENSTOCK_ON_BOTH_SERVERS(MysqlTypes);

TEST_P(MysqlTypes, IntegersKeepTheirWidthAndTheirSign) {
  make("t_ints",
       "a TINYINT, b TINYINT UNSIGNED, c SMALLINT, d SMALLINT UNSIGNED, e MEDIUMINT, "
       "f MEDIUMINT UNSIGNED, g INT, h INT UNSIGNED, i BIGINT, j BIGINT UNSIGNED",
       "(-128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, "
       "-9223372036854775808, 18446744073709551615), "
       "(127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 2087271583674132669, "
       "2087271583674132669), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
       "NULL)");
  const Table table = read("SELECT * FROM t_ints");
  EXPECT_THAT(table.columns,
              ElementsAre("a: int8", "b: uint8", "c: int16", "d: uint16", "e: int32",
                          "f: uint32", "g: int32", "h: uint32", "i: int64", "j: uint64"));
  EXPECT_THAT(table.rows,
              ElementsAre("-128|255|-32768|65535|-8388608|16777215|-2147483648|"
                          "4294967295|-9223372036854775808|18446744073709551615",
                          "127|0|32767|0|8388607|0|2147483647|0|2087271583674132669|"
                          "2087271583674132669",
                          "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"));
}

TEST_P(MysqlTypes, ATinyintOfOneDigitIsANumberOrByChoiceABool) {
  make("t_tiny", "a TINYINT(1), b TINYINT", "(0, 0), (1, 1), (2, 2), (-1, -1)");
  const Table numbers = read("SELECT * FROM t_tiny");
  EXPECT_THAT(numbers.columns, ElementsAre("a: int8", "b: int8"));
  EXPECT_THAT(numbers.rows, ElementsAre("0|0", "1|1", "2|2", "-1|-1"));

  Query query = query_of("SELECT * FROM t_tiny WHERE b BETWEEN 0 AND 1");
  query.types.tinyint1 = TypeName{TypeName::Kind::kBool};
  const Table bools = read(query);
  EXPECT_THAT(bools.columns, ElementsAre("a: bool", "b: int8"));
  EXPECT_THAT(bools.rows, ElementsAre("false|0", "true|1"));

  query.sql = "SELECT * FROM t_tiny";
  EXPECT_EQ(failure_of([&] { read(query); }),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 3, column 'a' (declared tinyint(1)): an integer value does not "
                     "fit bool",
                     "CAST the column in the query, or set types.on_lossy (--on-lossy) "
                     "to null, text or clamp"}));
  query.types.on_lossy = OnLossy::kNull;
  EXPECT_THAT(read(query).rows, ElementsAre("false|0", "true|1", "NULL|2", "NULL|-1"));
  query.types.on_lossy = OnLossy::kClamp;
  EXPECT_THAT(read(query).rows, ElementsAre("false|0", "true|1", "true|2", "true|-1"));
  query.types.on_lossy = OnLossy::kText;
  EXPECT_THAT(read(query).rows, ElementsAre("'0'|0", "'1'|1", "'2'|2", "'-1'|-1"));
}

TEST_P(MysqlTypes, BitsAreAnUnsignedNumberOrByChoiceABool) {
  make("t_bits", "a BIT(1), b BIT(64), c BIT(9)",
       "(b'1', ~0, b'100000001'), (b'0', 0, 0), (NULL, NULL, NULL)");
  const Table table = read("SELECT * FROM t_bits");
  EXPECT_THAT(table.columns, ElementsAre("a: uint64", "b: uint64", "c: uint64"));
  EXPECT_THAT(table.rows,
              ElementsAre("1|18446744073709551615|257", "0|0|0", "NULL|NULL|NULL"));
  Query query = query_of("SELECT * FROM t_bits");
  query.types.bit1 = TypeName{TypeName::Kind::kBool};
  const Table bools = read(query);
  EXPECT_THAT(bools.columns, ElementsAre("a: bool", "b: uint64", "c: uint64"));
  EXPECT_THAT(bools.rows, ElementsAre("true|18446744073709551615|257", "false|0|0",
                                      "NULL|NULL|NULL"));
}

TEST_P(MysqlTypes, DecimalsAreExactToSixtyFiveDigits) {
  const std::string nines(65, '9');
  make("t_decimals",
       "a DECIMAL(65,0), b DECIMAL(65,30), c DECIMAL(10,2), d DECIMAL(38,10), "
       "e DECIMAL(39,1), f DECIMAL(5,5), g DECIMAL(12,0) UNSIGNED, h DECIMAL(18,4)",
       fmt::format("({0}, {1}.{2}, -12.5, {3}.{4}, -1.5, 0.00001, 7, 0), "
                   "(-{0}, -{1}.{2}, 99999999.99, -{3}.{4}, {5}.9, -0.99999, "
                   "999999999999, -99999999999999.9999)",
                   nines, nines.substr(0, 35), nines.substr(0, 30), nines.substr(0, 28),
                   nines.substr(0, 10), nines.substr(0, 38)));
  const Table table = read("SELECT * FROM t_decimals");
  EXPECT_THAT(table.columns, ElementsAre("a: decimal256(65, 0)", "b: decimal256(65, 30)",
                                         "c: decimal128(10, 2)", "d: decimal128(38, 10)",
                                         "e: decimal256(39, 1)", "f: decimal128(5, 5)",
                                         "g: decimal128(12, 0)", "h: decimal128(18, 4)"));
  EXPECT_EQ(
      table.rows,
      (Rows{fmt::format("{0}|{1}.{2}|-12.50|{3}.{4}|-1.5|0.00001|7|0.0000", nines,
                        nines.substr(0, 35), nines.substr(0, 30), nines.substr(0, 28),
                        nines.substr(0, 10)),
            fmt::format("-{0}|-{1}.{2}|99999999.99|-{3}.{4}|{5}.9|-0.99999|"
                        "999999999999|-99999999999999.9999",
                        nines, nines.substr(0, 35), nines.substr(0, 30),
                        nines.substr(0, 28), nines.substr(0, 10), nines.substr(0, 38))}));
}

TEST_P(MysqlTypes, AggregatesHaveTypesThatHoldThem) {
  make("t_sums", "i BIGINT, d DECIMAL(12,2)",
       "(9223372036854775807, 1.25), (9223372036854775807, 1.26)");
  const Table table =
      read("SELECT sum(i) AS i, avg(d) AS d, sum(d) AS s, count(*) AS n FROM t_sums");
  EXPECT_THAT(table.rows, ElementsAre("18446744073709551614|1.255000|2.51|2"));
}

TEST_P(MysqlTypes, FloatsAreTheServersOwnBits) {
  make("t_floats", "a FLOAT, b DOUBLE",
       "(16777216, 0.1), (1.17549435e-38, 1.7976931348623157e308), (NULL, -0.5)");
  const Table table = read("SELECT * FROM t_floats");
  EXPECT_THAT(table.columns, ElementsAre("a: float", "b: double"));
  const Table exact =
      read("SELECT a = 16777216 AS a, b = 0.1e0 AS b FROM t_floats LIMIT 1");
  EXPECT_THAT(exact.rows, ElementsAre("1|1"));
  Query query = query_of("SELECT * FROM t_floats");
  query.types.columns = {{"a", {TypeName::Kind::kText}}, {"b", {TypeName::Kind::kText}}};
  EXPECT_THAT(read(query).rows,
              ElementsAre("'16777216'|'0.1'", "'1.1754944e-38'|'1.7976931348623157e+308'",
                          "NULL|'-0.5'"));
}

TEST_P(MysqlTypes, DatesAndTimesOfDay) {
  make("t_dates", "a DATE, b DATETIME, c DATETIME(6), d TIMESTAMP(3) NULL",
       "('0001-01-01', '1000-01-01 00:00:00', '9999-12-31 23:59:59.999999', "
       "'2038-01-19 03:14:07.999'), "
       "('9999-12-31', '2024-02-29 12:30:45', '1969-12-31 23:59:59.5', "
       "'1970-01-01 00:00:01'), (NULL, NULL, NULL, NULL)");
  const Table table = read("SELECT * FROM t_dates");
  EXPECT_THAT(table.columns, ElementsAre("a: date32[day]", "b: timestamp[us]",
                                         "c: timestamp[us]", "d: timestamp[us, tz=UTC]"));
  EXPECT_THAT(
      table.rows,
      ElementsAre("0001-01-01|1000-01-01 00:00:00.000000|9999-12-31 23:59:59.999999|"
                  "2038-01-19 03:14:07.999000Z",
                  "9999-12-31|2024-02-29 12:30:45.000000|1969-12-31 23:59:59.500000|"
                  "1970-01-01 00:00:01.000000Z",
                  "NULL|NULL|NULL|NULL"));
}

// One instant, whatever zone the server is in: a session of the server's own reads it in
// its zone.
TEST_P(MysqlTypes, ATimestampIsOneInstantWhateverTheServersZone) {
  make("t_instant", "a TIMESTAMP NULL", "('2026-01-02 03:04:05')");
  for (const auto& [zone, shown_there] : {std::pair("+05:30", "2026-01-02 08:34:05"),
                                          std::pair("-11:00", "2026-01-01 16:04:05")}) {
    admin().run(fmt::format("SET GLOBAL time_zone = '{}'", zone));
    EXPECT_THAT(Admin(server()).run("SELECT a FROM t_instant"), ElementsAre(shown_there));
    EXPECT_THAT(read("SELECT a FROM t_instant").rows,
                ElementsAre("2026-01-02 03:04:05.000000Z"));
  }
  admin().run("SET GLOBAL time_zone = '+05:30'");
}

TEST_P(MysqlTypes, ADayThatIsInNoCalendarGoesByThePolicy) {
  make("t_zero", "a DATE, b DATETIME",
       "('0000-00-00', '0000-00-00 00:00:00'), ('2025-01-00', '2025-01-00 10:00:00'), "
       "('2200-00-08', '2200-00-08 00:00:00'), ('2025-02-31', '2025-02-31 23:59:59')");
  const char* whats[] = {"a zero date", "an incomplete date", "an incomplete date",
                         "an impossible date"};
  for (int row = 0; row < 4; ++row) {
    const std::string tail = fmt::format(" FROM t_zero LIMIT {}, 1", row);
    EXPECT_EQ(failure_of_reading("SELECT a" + tail).message,
              fmt::format("row 1, column 'a' (declared date): {} value does not fit "
                          "date32[day]",
                          whats[row]));
    EXPECT_EQ(failure_of_reading("SELECT b" + tail).message,
              fmt::format("row 1, column 'b' (declared datetime): {} value does not fit "
                          "timestamp[us]",
                          whats[row]));
  }
  const std::string sql = "SELECT * FROM t_zero";
  const Table nulled = read_as(sql, OnLossy::kNull);
  EXPECT_THAT(nulled.rows,
              ElementsAre("NULL|NULL", "NULL|NULL", "NULL|NULL", "NULL|NULL"));
  ASSERT_EQ(nulled.lossy.size(), 2U);
  EXPECT_EQ(nulled.lossy[1].nulled, 4);
  const Table text = read_as(sql, OnLossy::kText);
  EXPECT_THAT(text.columns, ElementsAre("a: string", "b: string"));
  EXPECT_THAT(text.rows, ElementsAre("'0000-00-00'|'0000-00-00 00:00:00'",
                                     "'2025-01-00'|'2025-01-00 10:00:00'",
                                     "'2200-00-08'|'2200-00-08 00:00:00'",
                                     "'2025-02-31'|'2025-02-31 23:59:59'"));
  EXPECT_EQ(text.lossy[0].as_text, 4);
  const Table clamped = read_as(sql, OnLossy::kClamp);
  EXPECT_THAT(clamped.rows, ElementsAre("0000-01-01|0000-01-01 00:00:00.000000",
                                        "2025-01-01|2025-01-01 10:00:00.000000",
                                        "2200-01-08|2200-01-08 00:00:00.000000",
                                        "2025-02-28|2025-02-28 23:59:59.000000"));
  EXPECT_EQ(clamped.lossy[0].clamped, 4);
}

TEST_P(MysqlTypes, ATimestampOfZerosGoesByThePolicy) {
  make("t_zero_stamp", "a TIMESTAMP NULL", "('0000-00-00 00:00:00')");
  const std::string sql = "SELECT a FROM t_zero_stamp";
  EXPECT_EQ(failure_of_reading(sql).message,
            "row 1, column 'a' (declared timestamp): a zero date value does not fit "
            "timestamp[us, tz=UTC]");
  EXPECT_THAT(read_as(sql, OnLossy::kNull).rows, ElementsAre("NULL"));
  EXPECT_THAT(read_as(sql, OnLossy::kText).rows, ElementsAre("'0000-00-00 00:00:00'"));
  EXPECT_THAT(read_as(sql, OnLossy::kClamp).rows,
              ElementsAre("0000-01-01 00:00:00.000000Z"));
}

TEST_P(MysqlTypes, ATimeIsADuration) {
  make("t_times", "a TIME, b TIME(6)",
       "('838:59:59', '-838:59:59.000000'), ('25:30:00', '-00:00:00.000001'), "
       "('00:00:00', '23:59:59.999999')");
  const Table table = read("SELECT * FROM t_times");
  EXPECT_THAT(table.columns, ElementsAre("a: duration[us]", "b: duration[us]"));
  EXPECT_THAT(table.rows, ElementsAre("3020399000000|-3020399000000", "91800000000|-1",
                                      "0|86399999999"));
  Query query = query_of("SELECT * FROM t_times");
  query.types.columns = {{"a", {TypeName::Kind::kText}}, {"b", {TypeName::Kind::kText}}};
  EXPECT_THAT(read(query).rows, ElementsAre("'838:59:59'|'-838:59:59.000000'",
                                            "'25:30:00'|'-00:00:00.000001'",
                                            "'00:00:00'|'23:59:59.999999'"));
}

TEST_P(MysqlTypes, YearsSetsAndEnums) {
  make("t_words", "y YEAR, s SET('a','b','c d'), e ENUM('x','é')",
       "(2026, 'a,c d', 'é'), (0, '', 'x'), (NULL, NULL, NULL)");
  admin().run("SET SESSION sql_mode = ''");
  admin().run("INSERT IGNORE INTO t_words VALUES (2155, 'b', 'no such')");
  const Table table = read("SELECT * FROM t_words");
  EXPECT_THAT(table.columns, ElementsAre("y: int16", "s: string", "e: string"));
  EXPECT_THAT(table.rows, ElementsAre("2026|'a,c d'|'é'", "0|''|'x'", "NULL|NULL|NULL",
                                      "2155|'b'|''"));
}

// MySQL gives such an expression the type ENUM without the flag that a column has.
TEST_P(MysqlTypes, AnExpressionOfAnEnumOrASetIsText) {
  make("t_chosen_words", "e ENUM('x','\xC3\xA9') COLLATE utf8mb4_bin, s SET('a','b')",
       "('\xC3\xA9', 'a,b')");
  const Table table = read(
      "SELECT if(1 = 0, NULL, e) AS a, CASE WHEN e <> '' THEN e END AS b, "
      "coalesce(s, s) AS c, if(1 = 0, NULL, s) AS d, nullif(e, 'x') AS f, max(e) AS g "
      "FROM t_chosen_words GROUP BY e, s");
  EXPECT_THAT(table.columns, ElementsAre("a: string", "b: string", "c: string",
                                         "d: string", "f: string", "g: string"));
  EXPECT_THAT(table.rows, ElementsAre("'\xC3\xA9'|'\xC3\xA9'|'a,b'|'a,b'|'\xC3\xA9'|"
                                      "'\xC3\xA9'"));
}

TEST_P(MysqlTypes, JsonIsMarkedWhereTheServerHasTheType) {
  make("t_json", "j JSON", R"(('{"a":1}'), ('null'), (NULL))");
  const Table table = read("SELECT j FROM t_json");
  if (is_mariadb()) {
    EXPECT_THAT(table.columns, ElementsAre("j: string"));
  } else {
    EXPECT_THAT(table.columns, ElementsAre("j: extension<arrow.json>"));
  }
  EXPECT_THAT(table.rows, ElementsAre(HasSubstr(R"("a")"), HasSubstr("null"), "NULL"));
}

TEST_P(MysqlTypes, TextIsUtf8WhateverItsCharsetAndCollation) {
  make("t_text",
       "a VARCHAR(10) CHARACTER SET latin1, b CHAR(5) CHARACTER SET utf8mb4 COLLATE "
       "utf8mb4_bin, c TEXT CHARACTER SET utf16, d LONGTEXT CHARACTER SET cp1251",
       "('caf\xC3\xA9', '\xF0\x9F\x90\x98', '\xE2\x82\xAC', '\xD0\x96'), ('', '', '', "
       "''), "
       "(NULL, NULL, NULL, NULL)");
  EXPECT_THAT(admin().run("SELECT hex(a) FROM t_text LIMIT 1"), ElementsAre("636166E9"));
  const Table table = read("SELECT * FROM t_text");
  EXPECT_THAT(table.columns,
              ElementsAre("a: string", "b: string", "c: string", "d: string"));
  EXPECT_THAT(table.rows,
              ElementsAre("'caf\xC3\xA9'|'\xF0\x9F\x90\x98'|'\xE2\x82\xAC'|'\xD0\x96'",
                          "''|''|''|''", "NULL|NULL|NULL|NULL"));
}

TEST_P(MysqlTypes, BytesAreBinaryByTheirCharset) {
  make("t_bytes", "a BINARY(3), b VARBINARY(10), c BLOB, d LONGBLOB",
       "(x'00', x'ff00fe', x'', x'0a0d'), (NULL, NULL, NULL, NULL)");
  const Table table = read("SELECT * FROM t_bytes");
  EXPECT_THAT(table.columns,
              ElementsAre("a: binary", "b: binary", "c: binary", "d: binary"));
  EXPECT_THAT(table.rows,
              ElementsAre("x'000000'|x'ff00fe'|x''|x'0a0d'", "NULL|NULL|NULL|NULL"));
}

TEST_P(MysqlTypes, AGeometryIsBytesWithItsTypeInTheField) {
  make("t_geometry", "g GEOMETRY", "(ST_GeomFromText('POINT(1 2)'))");
  BatchStream stream = engine_for(dsn()).open(query_of("SELECT g FROM t_geometry"), {});
  EXPECT_EQ(stream.schema()->field(0)->type()->ToString(), "binary");
  EXPECT_EQ(stream.schema()->field(0)->metadata()->Get("mysql_type").ValueOrDie(),
            "geometry");
  const auto batch = stream.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(shown(*batch->column(0), 0),
            "x'000000000101000000000000000000f03f0000000000000040'");
}

TEST_P(MysqlTypes, AnAllNullOrEmptyResultHasTheDatabasesTypes) {
  make("t_empty", "a INT, b DECIMAL(5,2), c DATE, d VARBINARY(4)",
       "(NULL, NULL, NULL, NULL)");
  const Table nulls = read("SELECT *, NULL AS e FROM t_empty");
  EXPECT_THAT(nulls.columns, ElementsAre("a: int32", "b: decimal128(5, 2)",
                                         "c: date32[day]", "d: binary", "e: string"));
  EXPECT_THAT(nulls.rows, ElementsAre("NULL|NULL|NULL|NULL|NULL"));
  const Table empty = read("SELECT * FROM t_empty WHERE a = 7");
  EXPECT_THAT(empty.columns, ElementsAre("a: int32", "b: decimal128(5, 2)",
                                         "c: date32[day]", "d: binary"));
  EXPECT_TRUE(empty.rows.empty());
}

TEST_P(MysqlTypes, TwoColumnsOfOneNameAreAnErrorOrAreRenamed) {
  EXPECT_EQ(failure_of_reading("SELECT 1 AS a, 2 AS a").code, "duplicate_column");
  Query query = query_of("SELECT 1 AS a, 2 AS a");
  query.types.duplicates = Duplicates::kRename;
  EXPECT_THAT(read(query).rows, ElementsAre("1|2"));
}

TEST_P(MysqlTypes, AColumnIsReadAsItIsChosenOrTheChoiceIsRefused) {
  make("t_chosen", "d DECIMAL(12,4), i INT, t DATE, b BIT(3), v VARCHAR(5)",
       "(1.2500, 7, '2026-01-02', 5, 'x'), (9.9999, -7, '2026-01-03', 0, '')");
  Query query = query_of("SELECT * FROM t_chosen");
  using Kind = TypeName::Kind;
  query.types.columns = {{"d", {Kind::kFloat64}},
                         {"i", {Kind::kFloat64}},
                         {"t", {Kind::kText}},
                         {"b", {Kind::kText}},
                         {"v", {Kind::kText}}};
  EXPECT_THAT(read(query).rows, ElementsAre("1.25|7|'2026-01-02'|'5'|'x'",
                                            "9.9999|-7|'2026-01-03'|'0'|''"));
  query.types.columns = {{"d", {Kind::kDecimal, 10, 2}}};
  EXPECT_EQ(failure_of([&] { read(query); }).message,
            "row 2, column 'd' (declared decimal(12,4)): a decimal (too many digits) "
            "value does not fit decimal128(10, 2)");
  query.types.on_lossy = OnLossy::kClamp;
  query.sql = "SELECT d FROM t_chosen";
  EXPECT_THAT(read(query).rows, ElementsAre("1.25", "10.00"));
  query.types.columns = {{"d", {Kind::kDate}}};
  EXPECT_EQ(failure_of([&] { read(query); }),
            (Failure{Category::kRecipe, "unsupported_type_choice",
                     "types.columns: column 'd' is decimal(12,4) and cannot be read as "
                     "date",
                     "CAST it in the query, or choose text"}));
}

TEST_P(MysqlTypes, AValueOfManyPacketsArrivesWhole) {
  admin().run("SET GLOBAL max_allowed_packet = 1073741824");
  // 40 MB: two full packets and a rest.
  const Table table = read(
      "SELECT length(x) AS n, x FROM (SELECT repeat('ab', 20000000) "
      "AS x) AS big");
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0].size(), std::string("40000000|").size() + 40'000'000 + 2);
  EXPECT_EQ(table.rows[0].substr(0, 14), "40000000|'abab");
}

}  // namespace
}  // namespace penstock::testing
