#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "penstock/recipe.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Recipe recipe_with(const std::string& value) {
  return parse_recipe(
      "name: orders\nsource:\n  type: sql\n  dsn_env: PENSTOCK_PARAM_SHOP\n  query: "
      "SELECT :x\n"
      "  query_parameters:\n    x: \"" +
          value + "\"\n",
      "r.yaml", [](const std::string&) { return std::string(); });
}

std::optional<std::string> environment(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> kVariables{
      {"RECOTEM_RECIPE_SINCE", "2026-01-01"},
      {"PENSTOCK_PARAM_A", "1_000"},
      {"PENSTOCK_PARAM_NESTED", "${RECOTEM_RECIPE_SINCE}"},
      {"PENSTOCK_PARAM_EMPTY", ""},
      {"PENSTOCK_PARAM_SHOP", "secret-dsn"},
      {"PENSTOCK_PARAM_MY_TOKEN", "secret-token"},
      {"HOME", "secret-home"}};
  const auto found = kVariables.find(name);
  if (found == kVariables.end()) return std::nullopt;
  return found->second;
}

Value expanded(const std::string& value) {
  return expand_parameters(recipe_with(value), environment, {}).at("x");
}

Thrown refusal(const std::string& value) {
  return thrown_by([&] { expanded(value); });
}

// RS-006
TEST(Expansion, AVariableOfEitherPrefixIsReplacedAndStaysAString) {
  EXPECT_EQ(expanded("${RECOTEM_RECIPE_SINCE}"), Value(std::string("2026-01-01")));
  EXPECT_EQ(expanded("${PENSTOCK_PARAM_A}"), Value(std::string("1_000")));
  EXPECT_EQ(expanded("a ${PENSTOCK_PARAM_A}${PENSTOCK_PARAM_A} b"),
            Value(std::string("a 1_0001_000 b")));
}

// RS-006
TEST(Expansion, AReferenceNeedsNoQuotesInAFlowMapping) {
  const Recipe recipe = parse_recipe(
      "name: r\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n  query: SELECT "
      ":since, :b\n"
      "  query_parameters: {since: ${PENSTOCK_PARAM_A}, b: \"x${PENSTOCK_PARAM_A}\"}\n",
      "r.yaml", {});
  const Params params = expand_parameters(recipe, environment, {});
  EXPECT_EQ(params.at("since"), Value(std::string("1_000")));
  EXPECT_EQ(params.at("b"), Value(std::string("x1_000")));
}

// RS-006
TEST(Expansion, HappensOnce) {
  EXPECT_EQ(expanded("${PENSTOCK_PARAM_NESTED}"),
            Value(std::string("${RECOTEM_RECIPE_SINCE}")));
}

// RS-006
TEST(Expansion, LeavesADollarAloneThatStartsNoReference) {
  EXPECT_EQ(expanded("$ $5 $HOME {x} $$ }"), Value(std::string("$ $5 $HOME {x} $$ }")));
}

// RS-005 RS-006
TEST(Expansion, TouchesNothingButTextValuesOfParameters) {
  const Recipe recipe = parse_recipe(
      "name: orders\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query: SELECT "
      "'${HOME}', :n, :b\n"
      "  query_parameters: {n: 5, b: true}\nsink: {path: \"${HOME}.csv\"}\n",
      "r.yaml", [](const std::string&) { return std::string(); });
  EXPECT_THAT(expand_parameters(recipe, environment, {}),
              ElementsAre(Pair("b", Value(true)), Pair("n", Value(std::int64_t{5}))));
  EXPECT_EQ(recipe.query.sql, "SELECT '${HOME}', :n, :b");
  EXPECT_EQ(recipe.sink.path, "${HOME}.csv");
}

// RS-007
TEST(Expansion, ANameOutsideThePrefixesIsRefused) {
  for (const std::string name :
       {"HOME", "PENSTOCK_A", "RECOTEM_X", "recotem_recipe_since", "PENSTOCK_PARAM_a",
        "XPENSTOCK_PARAM_A", "AWS_REGION"}) {
    EXPECT_EQ(
        refusal("${" + name + "}"),
        (Thrown{
            Category::kRecipe, "recipe_env_var_refused",
            fmt::format("r.yaml:7:9: query parameter 'x': {} may not be read by a recipe",
                        name),
            "only RECOTEM_RECIPE_* and PENSTOCK_PARAM_* (A-Z 0-9 _) are; a literal "
            "\"${\" can be given "
            "with -p, which is not expanded"}));
  }
}

// RS-007
TEST(Expansion, ANameWithAWordOfSecretsIsRefused) {
  for (const std::string word : {"SECRET", "PASSWORD", "PASSWD", "TOKEN", "KEY", "AUTH",
                                 "BEARER", "CRED", "PRIVATE", "DSN"}) {
    for (const std::string prefix : {"RECOTEM_RECIPE_", "PENSTOCK_PARAM_"}) {
      const std::string name = prefix + "MY" + word + "2";
      EXPECT_EQ(refusal("${" + name + "}"),
                (Thrown{Category::kRecipe, "recipe_env_var_refused",
                        fmt::format("r.yaml:7:9: query parameter 'x': {} may not be read "
                                    "by a recipe: its name has {} in it",
                                    name, word),
                        "rename the variable if it holds no secret"}));
    }
  }
}

// RS-007
TEST(Expansion, ANameOfACloudsVariablesIsRefused) {
  for (const std::string cloud :
       {"AWS_", "GCP_", "GOOGLE_", "AZURE_", "ALIYUN_", "ALICLOUD_", "OCI_", "IBM_",
        "DO_", "HCLOUD_", "DIGITALOCEAN_"}) {
    EXPECT_EQ(refusal("${PENSTOCK_PARAM_" + cloud + "X}").message,
              fmt::format("r.yaml:7:9: query parameter 'x': PENSTOCK_PARAM_{0}X may not "
                          "be read by a recipe: {0}* is "
                          "reserved",
                          cloud));
    EXPECT_EQ(refusal("${" + cloud + "X}").code, "recipe_env_var_refused");
  }
}

// RS-007
TEST(Expansion, TheRecipesOwnDsnIsRefused) {
  EXPECT_EQ(refusal("${PENSTOCK_PARAM_SHOP}"),
            (Thrown{Category::kRecipe, "recipe_env_var_refused",
                    "r.yaml:7:9: query parameter 'x': PENSTOCK_PARAM_SHOP may not be "
                    "read by a recipe: it is this "
                    "recipe's dsn_env",
                    "a DSN is never a parameter"}));
}

// RS-007
TEST(Expansion, AnUnsetVariableIsNamed) {
  EXPECT_EQ(refusal("${PENSTOCK_PARAM_NOT_THERE}"),
            (Thrown{Category::kRecipe, "recipe_env_var_unset",
                    "r.yaml:7:9: query parameter 'x': environment variable "
                    "PENSTOCK_PARAM_NOT_THERE is not set",
                    "set it, or give the parameter with -p"}));
}

// RS-007
TEST(Expansion, WhatIsNoReferenceIsRefused) {
  for (const char* value :
       {"${", "${}", "${A", "${ A}", "${A B}", "${A:-x}", "${1}", "${É}", "a${${A}}"}) {
    EXPECT_EQ(refusal(value),
              (Thrown{Category::kRecipe, "recipe_env_var_malformed",
                      "r.yaml:7:9: query parameter 'x': \"${\" is not followed by a "
                      "variable's name and \"}\"",
                      "a literal \"${\" can be given with -p, which is not expanded"}))
        << value;
  }
}

// RS-007
TEST(Expansion, AnEmptyVariableIsReported) {
  std::vector<Event> events;
  const Params params =
      expand_parameters(recipe_with("${PENSTOCK_PARAM_EMPTY}"), environment,
                        [&](const Event& event) { events.push_back(event); });
  EXPECT_EQ(params.at("x"), Value(std::string()));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "recipe_env_var_empty");
  EXPECT_EQ(events[0].level, Event::Level::kWarning);
  EXPECT_THAT(events[0].fields,
              ElementsAre(Pair("recipe", Value(std::string("orders"))),
                          Pair("field", Value(std::string("source.query_parameters.x"))),
                          Pair("name", Value(std::string("PENSTOCK_PARAM_EMPTY")))));
  EXPECT_EQ(expanded("${PENSTOCK_PARAM_EMPTY}"), Value(std::string()));
}

Value given(const std::string& text) { return parse_parameter(text).second; }

Thrown refused(const std::string& text) {
  return thrown_by([&] { parse_parameter(text); });
}

// RS-008
TEST(GivenParameter, IsAYamlScalar) {
  EXPECT_EQ(parse_parameter("since=2026-01-01"),
            std::pair(std::string("since"), Value(std::string("2026-01-01"))));
  EXPECT_EQ(given("x=7"), Value(std::int64_t{7}));
  EXPECT_EQ(given("x= 7 "), Value(std::int64_t{7}));
  EXPECT_EQ(given("x=0.5"), Value(0.5));
  EXPECT_EQ(given("x=true"), Value(true));
  EXPECT_EQ(given("x='007'"), Value(std::string("007")));
  EXPECT_EQ(given("x=\"a\\tb\""), Value(std::string("a\tb")));
  EXPECT_EQ(given("x=\"\""), Value(std::string()));
  EXPECT_EQ(given("x=a=b"), Value(std::string("a=b")));
}

// RS-008
TEST(GivenParameter, NeedsNoQuotesThatAShellUserWouldNotExpect) {
  for (const char* text : {"a: b", "*x", "%abc%", "- x", "# x", "a #b", "it's", "@x",
                           "x]", "${HOME}", "a,b", "!x"}) {
    EXPECT_EQ(given(std::string("x=") + text), Value(std::string(text)));
  }
}

// RS-008
TEST(GivenParameter, ATypeForcesItsReading) {
  EXPECT_EQ(given("x:str=007"), Value(std::string("007")));
  EXPECT_EQ(given("x:str="), Value(std::string()));
  EXPECT_EQ(given("x:str= '[a]' "), Value(std::string(" '[a]' ")));
  EXPECT_EQ(given("x:int=7"), Value(std::int64_t{7}));
  EXPECT_EQ(given("x:float=7"), Value(7.0));
  EXPECT_EQ(given("x:bool=false"), Value(false));
}

// RS-008 RS-026
TEST(GivenParameter, WhatIsNotOfItsTypeIsRefusedWithoutShowingIt) {
  const std::string as_text = "-p x:str=VALUE takes the value as it stands";
  for (const char* text : {"x:int=s3cret", "x:int=1.5", "x:int=true", "x:int="}) {
    EXPECT_EQ(refused(text),
              (Thrown{Category::kUsage, "usage_parameter",
                      "parameter 'x': the value is not of type int", as_text}));
  }
  EXPECT_EQ(refused("x:float=9007199254740993").message,
            "parameter 'x': the value is not of type float");
  EXPECT_EQ(refused("x:bool=1").message, "parameter 'x': the value is not of type bool");
  EXPECT_EQ(refused("x:date=1"), (Thrown{Category::kUsage, "usage_parameter",
                                         "parameter 'x': unknown type 'date'",
                                         "types: str, int, float, bool"}));
}

// RS-008 RS-026
TEST(GivenParameter, WhatIsAmbiguousOrUnsupportedIsRefusedWithTheWayOut) {
  const std::string as_text = "-p x:str=VALUE takes the value as it stands";
  for (const auto& [text, type] :
       std::map<std::string, std::string>{{"x=", "null"},
                                          {"x=null", "null"},
                                          {"x=[1, 2]", "list"},
                                          {"x={a: 1}", "mapping"}}) {
    EXPECT_EQ(refused(text),
              (Thrown{Category::kUsage, "usage_parameter",
                      "parameter 'x' has an unsupported type: " + type, as_text}));
  }
  EXPECT_EQ(refused("x=yes").message,
            "parameter 'x': an unquoted yes, no, on, off, y or n is a boolean in YAML "
            "1.1 and text in YAML 1.2");
  EXPECT_EQ(refused("x:int=017").message,
            "parameter 'x': an unquoted number with a leading zero is octal in YAML 1.1 "
            "and decimal in YAML 1.2");
  for (const char* text :
       {"x='a", "x=\"a\" b", "x='a': b", "x=\"\\q\"", "x='a'\n---\n'b'"}) {
    EXPECT_EQ(
        refused(text),
        (Thrown{Category::kUsage, "usage_parameter",
                "parameter 'x': the value begins with a quote but is not one quoted text",
                as_text}));
  }
  EXPECT_EQ(refused("x=\xff").message, "parameter 'x': the value is not valid UTF-8");
}

// RS-008
TEST(GivenParameter, NeedsANameAndAnEqualsSign) {
  for (const char* text : {"", "x", "=1", "a-b=1", "1a=1", ":int=1", "é=1", "a b=1"}) {
    EXPECT_EQ(refused(text),
              (Thrown{Category::kUsage, "usage_parameter",
                      "a parameter is given as NAME=VALUE or NAME:TYPE=VALUE",
                      "NAME is a letter or '_', then letters, digits and '_'; TYPE is "
                      "str, int, float or bool"}))
        << text;
  }
}

}  // namespace
}  // namespace penstock
