// A recipe's parameters, its query's file, and where an error in its query stands.
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "declare/statement.h"
#include "unit/declare/recipes.h"

namespace penstock {
namespace {

std::string with_parameter(const std::string& value) {
  return with_source("  query_parameters: {x: " + value + "}\n");
}

Value parameter(const std::string& value) {
  return parse(with_parameter(value)).parameters.at("x");
}

// RS-006 RS-008
TEST(RecipeParameters, FollowTheCoreSchemaOfYaml12) {
  EXPECT_EQ(parameter("abc"), Value(std::string("abc")));
  EXPECT_EQ(parameter("\"007\""), Value(std::string("007")));
  EXPECT_EQ(parameter("'yes'"), Value(std::string("yes")));
  EXPECT_EQ(parameter("\"\""), Value(std::string()));
  EXPECT_EQ(parameter("2026-01-02"), Value(std::string("2026-01-02")));
  EXPECT_EQ(parameter("2026-01-02 03:04:05"), Value(std::string("2026-01-02 03:04:05")));
  EXPECT_EQ(parameter("2026-01-02T03:04:05Z"),
            Value(std::string("2026-01-02T03:04:05Z")));
  EXPECT_EQ(parameter("1.2.3"), Value(std::string("1.2.3")));
  EXPECT_EQ(parameter("Yess"), Value(std::string("Yess")));
  EXPECT_EQ(parameter("tRue"), Value(std::string("tRue")));
  EXPECT_EQ(parameter("TRUE"), Value(true));
  EXPECT_EQ(parameter("False"), Value(false));
  EXPECT_EQ(parameter("0"), Value(std::int64_t{0}));
  EXPECT_EQ(parameter("+12"), Value(std::int64_t{12}));
  EXPECT_EQ(parameter("0x1F"), Value(std::int64_t{31}));
  EXPECT_EQ(parameter("9223372036854775807"), Value(INT64_MAX));
  EXPECT_EQ(parameter("-9223372036854775808"), Value(INT64_MIN));
  EXPECT_EQ(parameter("-0.5"), Value(-0.5));
  EXPECT_EQ(parameter("5."), Value(5.0));
  EXPECT_EQ(parameter("1.5e-3"), Value(0.0015));
  EXPECT_EQ(parameter("-.inf"), Value(-std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(std::get<double>(parameter(".nan"))));
}

// RS-008
TEST(RecipeParameters, UnsupportedTypesAreNamed) {
  for (const auto& [value, type] : std::map<std::string, std::string>{
           {"null", "null"}, {"~", "null"}, {"[1]", "list"}, {"{a: 1}", "mapping"}}) {
    EXPECT_EQ(
        refusal(with_parameter(value)),
        invalid(fmt::format(
                    "r.yaml:6:25: query parameter 'x' has an unsupported type: {}", type),
                "a parameter is a str, int, float or bool"));
  }
  EXPECT_EQ(refusal(with_parameter("")).message,
            "r.yaml:6:22: query parameter 'x' has an unsupported type: null");
}

// RS-006 RS-026
TEST(RecipeParameters, WhatYaml11ReadsOtherwiseIsRefusedWithTheHintToQuote) {
  struct Row {
    const char* trouble;
    std::vector<const char*> values;
    const char* hint;
  };
  const Row kRows[] = {
      {"an unquoted yes, no, on, off, y or n is a boolean in YAML 1.1 and text in YAML "
       "1.2",
       {"yes", "No", "ON", "off", "y", "N"},
       "quote it, or write true or false"},
      {"an unquoted number with a leading zero is octal in YAML 1.1 and decimal in "
       "YAML 1.2",
       {"017", "007", "-017", "08", "00"},
       "quote it to keep the zero, or write it without"},
      {"an unquoted 0o number is text in YAML 1.1 and an integer in YAML 1.2",
       {"0o17"},
       "quote it, or write it in decimal"},
      {"an unquoted 0b or signed 0x number is an integer in YAML 1.1 and text in YAML "
       "1.2",
       {"0b101", "-0x1F", "+0b1"},
       "quote it, or write it in decimal"},
      {"unquoted digits with colons are a base-60 number in YAML 1.1 and text in YAML "
       "1.2",
       {"12:30:00", "190:20:30.15", "-1:30", "03:04:05"},
       "quote it"},
      {"an unquoted number with underscores is a number in YAML 1.1 and text in YAML "
       "1.2",
       {"1_000", "0x_1F", "1_0.5", "0b1_0", "-1_0"},
       "quote it, or write it without underscores"},
      {"an unquoted number of this form is text in YAML 1.1 and a number in YAML 1.2",
       {"1e3", "1.5e3", "-.5", "+.5e-3", "1E+3"},
       "quote it, or write it with a digit before the point, a point, and a sign in "
       "the exponent, as 1.0e+3"},
      {"an unquoted = or << is a mark in YAML 1.1 and text in YAML 1.2",
       {"=", "<<"},
       "quote it"},
      {"an integer beyond 64 bits",
       {"9223372036854775808", "-9223372036854775809", "0x8000000000000000"},
       "quote it to give it as text"},
      {"a number beyond the range of a double",
       {"1.0e+999", "1.0e-999"},
       "quote it to give it as text"},
  };
  for (const Row& row : kRows) {
    for (const char* value : row.values) {
      EXPECT_EQ(refusal(with_parameter(value)),
                (Thrown{Category::kRecipe, "recipe_ambiguous_value",
                        fmt::format("r.yaml:6:25: query parameter 'x': {}", row.trouble),
                        row.hint}))
          << value;
      EXPECT_EQ(parameter(fmt::format("'{}'", value)), Value(std::string(value)));
    }
  }
}

// RS-008
TEST(RecipeParameters, ANameIsWhatAQueryCanName) {
  EXPECT_EQ(refusal(with_source("  query_parameters: {a-b: 1}\n")),
            invalid("r.yaml:6:27: 'a-b' cannot be a query parameter's name",
                    "a name is a letter or '_', then letters, digits and '_'"));
  EXPECT_EQ(refusal(with_source("  query_parameters: [a]\n")).message,
            "r.yaml:6:21: source.query_parameters must be a mapping of keys");
}

TEST(RecipeQueryFile, IsReadBesideTheRecipe) {
  std::string asked;
  const auto read = [&](const std::string& path) {
    asked = path;
    return std::string("SELECT 1,\n  'x");
  };
  const std::string text =
      "name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query_file: sql/q.sql}\n";
  const Recipe recipe = parse_recipe(text, "dir/r.yaml", read);
  EXPECT_EQ(asked, "dir/sql/q.sql");
  EXPECT_EQ(thrown_by([&] { bind(recipe.query, Lexicon::sqlite(), {}); }).message,
            "dir/sql/q.sql:2:3: unterminated string");
  parse_recipe(text, "r.yaml", read);
  EXPECT_EQ(asked, "sql/q.sql");
}

TEST(RecipeQueryFile, MayNotLeaveTheRecipesFolder) {
  for (const char* path : {"/etc/passwd", "../q.sql", "a/../../q.sql", "a/.."}) {
    EXPECT_EQ(refusal(fmt::format(
                  "name: a\nsource: {{type: sql, dsn_env: PENSTOCK_A, query_file: {}}}\n",
                  path)),
              invalid("r.yaml:2:54: source.query_file must be a path beside the recipe, "
                      "without '..'",
                      "move the file next to the recipe"));
  }
}

TEST(RecipeQueryFile, WhatCannotBeUsedIsSaidAtTheKey) {
  const std::string text =
      "name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query_file: q.sql}\n";
  EXPECT_EQ(refusal(text),
            (Thrown{Category::kRecipe, "recipe_query_file",
                    "r.yaml:2:54: source.query_file: cannot read q.sql", "make it"}));
  const auto with_content = [&](std::string content) {
    return thrown_by([&] {
             parse_recipe(text, "r.yaml", [&](const std::string&) { return content; });
           })
        .message;
  };
  EXPECT_EQ(with_content(" \n"), "r.yaml:2:54: source.query_file holds no query");
  EXPECT_EQ(with_content(std::string((1 << 20) + 1, 'x')),
            "r.yaml:2:54: source.query_file is larger than 1 MiB");
  EXPECT_EQ(refusal(with_source("  query_file: q.sql\n")),
            invalid("r.yaml:6:15: source.query and source.query_file exclude each other",
                    "keep one of the two"));
}

// Where the scanner says the mark of interest is, for a query written as `yaml`.
std::string place_of_error(const std::string& yaml) {
  const Recipe recipe =
      parse("name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n" + yaml);
  const std::string message =
      thrown_by([&] { bind(recipe.query, Lexicon::sqlite(), {}); }).message;
  return message.substr(0, message.find(": "));
}

TEST(RecipeOrigin, AnErrorInTheQueryPointsIntoTheFileInEveryYamlStyle) {
  EXPECT_EQ(place_of_error("  query: |\n    SELECT 1\n      , ?\n"), "r.yaml:7:9");
  EXPECT_EQ(place_of_error("  query: |-\n    SELECT ?\n"), "r.yaml:6:12");
  EXPECT_EQ(place_of_error("  query: |+  # comment\n\n    \n      SELECT\n      ?\n\n"),
            "r.yaml:9:7");
  EXPECT_EQ(place_of_error("  query: |2\n       SELECT\n    ?\n"), "r.yaml:7:5");
  EXPECT_EQ(place_of_error("  query: |\r\n    SELECT\r\n    ?\r\n"), "r.yaml:7:5");
  EXPECT_EQ(place_of_error("  query: SELECT é, ?\n"), "r.yaml:5:20");
  EXPECT_EQ(place_of_error("  query: \"SELECT ?\"\n"), "r.yaml:5:18");
  EXPECT_EQ(place_of_error("  query: 'SELECT ?'\n"), "r.yaml:5:18");
  EXPECT_EQ(place_of_error("  query: 'SELECT ''a'', ?'\n"),
            "r.yaml:5:11 (query line 1, column 13)");
  EXPECT_EQ(place_of_error("  query: \"SELECT\\n ?\"\n"),
            "r.yaml:5:11 (query line 2, column 2)");
  EXPECT_EQ(place_of_error("  query: SELECT 1,\n    ?\n"),
            "r.yaml:5:10 (query line 1, column 11)");
  EXPECT_EQ(place_of_error("  query: >\n    SELECT 1,\n    ?\n"),
            "r.yaml:6:5 (query line 1, column 11)");
}

}  // namespace
}  // namespace penstock
