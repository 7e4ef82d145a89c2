// Parameters are bound values, never text of the query.
#include <cmath>

#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const Database& orders() {
  static const Database db(
      "CREATE TABLE orders(id INTEGER, name TEXT, price REAL, paid BOOLEAN);"
      "INSERT INTO orders VALUES (1, 'tea', 1.5, 1), (2, 'milk', 0.5, 0)");
  return db;
}

// RS-008
TEST(Parameters, EachKindIsBoundAsItself) {
  const Params params{{"i", std::int64_t{1}}, {"s", std::string("x")}, {"f", 0.25},
                      {"yes", true},          {"no", false},           {"none", Value{}}};
  const Table table = read(orders(),
                           "SELECT typeof(:i), typeof(:s), typeof(:f), typeof(:yes), "
                           "typeof(:none), :i AS i, :s AS s, :f AS f, :yes AS y, :no AS "
                           "n",
                           params);
  EXPECT_EQ(table.rows, Rows{"'integer'|'text'|'real'|'integer'|'null'|1|'x'|0.25|1|0"});
}

// RS-008
TEST(Parameters, OneNameMayStandInManyPlaces) {
  EXPECT_EQ(read(orders(), "SELECT id FROM orders WHERE id = :id OR id = :id + :one",
                 {{"id", std::int64_t{1}}, {"one", std::int64_t{1}}})
                .rows,
            (Rows{"1", "2"}));
}

// RS-008
TEST(Parameters, AnInjectionStaysAValue) {
  for (const std::string& attack :
       {std::string("' OR '1'='1"), std::string("x'; DROP TABLE orders; --"),
        std::string("tea' UNION SELECT 1 --"), std::string("\" OR 1=1"),
        std::string("tea\0' OR 1=1", 13), std::string(":name"), std::string("$(id)")}) {
    const Table none =
        read(orders(), "SELECT id FROM orders WHERE name = :name", {{"name", attack}});
    EXPECT_EQ(none.rows, Rows{}) << attack;
    EXPECT_EQ(read(orders(), "SELECT :name AS v", {{"name", attack}}).rows,
              Rows{"'" + attack + "'"});
  }
  EXPECT_EQ(read(orders(), "SELECT count(*) AS n FROM orders").rows, Rows{"2"});
}

// RS-008
TEST(Parameters, WhatOnlyLooksLikeOneIsText) {
  EXPECT_EQ(read(orders(),
                 "SELECT ':a' AS x, \":b\" AS y, [:c] AS z, `:d` AS w /* :e */ "
                 "FROM (SELECT 1 AS \":b\", 2 AS \":c\", 3 AS \":d\") -- :f")
                .rows,
            Rows{"':a'|1|2|3"});
}

// RS-008
TEST(Parameters, AMissingOneIsARecipeErrorWithItsPlace) {
  Query query = query_of("SELECT id\nFROM orders WHERE id = :id");
  query.origin = {"orders.yaml", 7, 5, 4};
  const Failure failure = failure_of_reading(orders().path(), query);
  EXPECT_EQ(failure.category, Category::kRecipe);
  EXPECT_EQ(failure.message, "orders.yaml:8:28: query parameter ':id' has no value");
}

// RS-008
TEST(Parameters, AnUnusedOneIsARecipeError) {
  const Failure failure =
      failure_of_reading(orders(), "SELECT id FROM orders WHERE id = :id",
                         {{"id", std::int64_t{1}}, {"idd", std::int64_t{2}}});
  EXPECT_EQ(failure.category, Category::kRecipe);
  EXPECT_EQ(failure.message, "query parameter 'idd' is not used by the query");
  EXPECT_EQ(failure.hint, "did you mean 'id'?");
}

// RS-008
TEST(Parameters, NaNIsRefusedBecauseSqliteWouldMakeNullOfIt) {
  EXPECT_EQ(failure_of_reading(orders(), "SELECT :f AS f", {{"f", std::nan("")}}),
            (Failure{Category::kRecipe, "parameter_nan",
                     "query parameter ':f' is NaN, which SQLite has no value for",
                     "give it a number, or write the condition without it"}));
  EXPECT_EQ(read(orders(), "SELECT :f AS f", {{"f", INFINITY}}).rows, Rows{"inf"});
}

// RS-026
TEST(Parameters, NoErrorOfARunningQueryShowsAValue) {
  const Database db(
      "CREATE VIRTUAL TABLE f USING fts5(body);"
      "CREATE VIRTUAL TABLE g USING fts4(body)");
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT json_extract('{}', :p)", "$[MARKER"},
      {"SELECT * FROM f WHERE f MATCH :p", "MARKER:x"},
      {"SELECT * FROM f WHERE f MATCH :p", "\"MARKER"},
      {"SELECT * FROM f WHERE f MATCH :p", "MARKER ~"},
      {"SELECT * FROM f WHERE f = :p", "*MARKER"},
      {"SELECT * FROM g WHERE g MATCH :p", "\"MARKER ("}};
  for (const auto& [sql, value] : cases) {
    const Failure failure = failure_of_reading(db, sql, {{"p", std::string(value)}});
    EXPECT_TRUE(failure.message.starts_with("the query failed: ")) << failure;
    EXPECT_EQ((failure.message + failure.hint).find("MARKER"), std::string::npos)
        << failure;
  }
  EXPECT_EQ(failure_of_reading(db, cases[0].first, {{"p", std::string("$[MARKER")}}),
            (Failure{Category::kDataSource, "query_failed",
                     "the query failed: JSON path error near …", ""}));
}

// RS-008
TEST(Parameters, AValueTooLongIsALimit) {
  EXPECT_EQ(failure_of_reading(orders(), "SELECT length(:s) AS n",
                               {{"s", std::string((256 << 20) + 1, 'x')}}),
            (Failure{Category::kLimit, "value_too_big",
                     "query parameter ':s' cannot be bound: string or blob too big",
                     "a text or blob may have 256 MiB"}));
}

}  // namespace
}  // namespace penstock
