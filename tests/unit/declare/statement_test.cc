#include "declare/statement.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::ElementsAre;

std::string numbered(int index) { return "?" + std::to_string(index + 1); }
std::string long_placeholder(int index) { return "$parameter_" + std::to_string(index); }

Query query_of(std::string sql, SqlOrigin origin = {}) {
  Query query;
  query.sql = std::move(sql);
  query.origin = std::move(origin);
  return query;
}

// RS-008
TEST(Statement, AValueIsBoundByIndexAndNeverSpliced) {
  const Statement statement = bind(
      query_of("SELECT * FROM t WHERE a = :x AND b = :y AND c = :x;"), Lexicon::sqlite(),
      {{"x", std::string("'; DROP TABLE t --")}, {"y", std::int64_t{7}}});
  EXPECT_EQ(statement.text(numbered),
            "SELECT * FROM t WHERE a = ?1 AND b = ?2 AND c = ?1");
  EXPECT_THAT(statement.names, ElementsAre("x", "y"));
  EXPECT_THAT(statement.values, ElementsAre(Value(std::string("'; DROP TABLE t --")),
                                            Value(std::int64_t{7})));
}

// RS-008
TEST(Statement, AMissingValueIsNamedWithItsPosition) {
  EXPECT_EQ(thrown_by([] {
              bind(query_of("SELECT 1\nWHERE a = :since", {"r.yaml", 5, 5, 4}),
                   Lexicon::sqlite(), {});
            }),
            (Thrown{Category::kRecipe, "parameter_missing",
                    "r.yaml:6:15: query parameter ':since' has no value",
                    "set it under source.query_parameters, or with -p since=VALUE; a "
                    "colon that is not a "
                    "parameter is written \\:"}));
}

// RS-008
TEST(Statement, AnUnusedValueIsNamedWithTheNearestParameter) {
  const auto unused = [](const char* sql, SqlOrigin origin) {
    return thrown_by([&] {
      bind(query_of(sql, std::move(origin)), Lexicon::sqlite(),
           {{"since", 1.5}, {"sinc", true}});
    });
  };
  EXPECT_EQ(unused("SELECT :since", {"r.yaml", 5, 5, 4}),
            (Thrown{Category::kRecipe, "parameter_unused",
                    "r.yaml: query parameter 'sinc' is not used by the query",
                    "did you mean 'since'?"}));
  EXPECT_EQ(unused("SELECT 1", {}),
            (Thrown{Category::kRecipe, "parameter_unused",
                    "query parameter 'sinc' is not used by the query",
                    "the query has no parameters; write one as :name"}));
}

// RS-008
TEST(Statement, TextThatIsNotUtf8IsRefusedWithoutShowingIt) {
  EXPECT_EQ(
      thrown_by([] {
        bind(query_of("SELECT :x"), Lexicon::sqlite(), {{"x", std::string("\xff\xfe")}});
      }),
      (Thrown{
          Category::kRecipe, "parameter_encoding",
          "query line 1, column 8: the value of query parameter ':x' is not valid UTF-8",
          "give it as UTF-8 text"}));
}

TEST(Statement, APositionInTheSentTextIsAPositionInTheFile) {
  const std::string sql = "SELECT :a, b\\:\\:int,\n  :a + :bb + wrong";
  const Statement statement = bind(query_of(sql, {"r.yaml", 3, 5, 4}),
                                   Lexicon::postgres(), {{"a", true}, {"bb", false}});
  for (const auto& placeholder : {numbered, long_placeholder}) {
    const std::string text = statement.text(placeholder);
    const auto position = [&](const std::string& part) {
      return statement.position(placeholder, text.find(part));
    };
    EXPECT_EQ(position("SELECT"), "r.yaml:3:5");
    EXPECT_EQ(position(placeholder(0)), "r.yaml:3:12");
    EXPECT_EQ(statement.position(placeholder, text.find(placeholder(0)) + 1),
              "r.yaml:3:12");
    EXPECT_EQ(position(", b"), "r.yaml:3:14");
    EXPECT_EQ(position("::"), "r.yaml:3:18");
    EXPECT_EQ(position("int"), "r.yaml:3:21");
    EXPECT_EQ(position(placeholder(1)), "r.yaml:4:12");
    EXPECT_EQ(position("wrong"), "r.yaml:4:18");
    EXPECT_EQ(statement.position(placeholder, text.size()), "r.yaml:4:23");
    EXPECT_EQ(statement.position(placeholder, text.size() + 9), "r.yaml:4:23");
  }
}

TEST(Statement, APositionBehindAParameterAtTheEndIsBehindItsName) {
  const Statement statement =
      bind(query_of("SELECT :name;"), Lexicon::sqlite(), {{"name", true}});
  EXPECT_EQ(statement.position(numbered, 99), "query line 1, column 13");
}

}  // namespace
}  // namespace penstock
