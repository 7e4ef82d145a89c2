#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "declare/statement.h"
#include "penstock/recipe.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Recipe parse(const std::string& text) {
  return parse_recipe(text, "r.yaml", [](const std::string&) { return std::string(); });
}

Json schema() { return Json::parse(json_schema("recipe")); }

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// The keys that the parser itself names when it refuses one.
std::string known_keys(const std::string& section) {
  const std::string head = "name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query: x";
  const std::string text = section == "source" ? head + ", zzzzzzzz: 1}\n"
                           : section == "sink"
                               ? head + "}\nsink: {zzzzzzzz: 1}\n"
                               : head + ", " + section + ": {zzzzzzzz: 1}}\n";
  return thrown_by([&] { parse(text); }).hint;
}

// RS-001
TEST(RecipeSchema, HasExactlyTheKeysThatTheParserKnows) {
  const Json top = schema().at("properties");
  const Json source = top.at("source").at("properties");
  EXPECT_THAT(keys_of(top), ElementsAre("name", "description", "source", "sink"));
  for (const std::string section : {"limits", "partition", "types"}) {
    EXPECT_EQ(known_keys(section),
              fmt::format("known: {}",
                          fmt::join(keys_of(source.at(section).at("properties")), ", ")));
  }
  EXPECT_EQ(known_keys("source"),
            fmt::format("known: {}", fmt::join(keys_of(source), ", ")));
  EXPECT_EQ(known_keys("sink"),
            fmt::format("known: {}",
                        fmt::join(keys_of(top.at("sink").at("properties")), ", ")));
}

void check_node(const Json& node, const std::string& path) {
  EXPECT_TRUE(node.contains("description")) << path;
  EXPECT_TRUE(node.contains("type") || node.contains("enum") || node.contains("anyOf"))
      << path;
  if (!node.contains("properties")) return;
  EXPECT_EQ(node.at("additionalProperties"), path.empty()) << path;
  for (const auto& [key, value] : node.at("properties").items())
    check_node(value, path + "/" + key);
}

TEST(RecipeSchema, IsDraft202012AndEveryKeyIsDescribed) {
  const Json json = schema();
  EXPECT_EQ(json.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(json.at("required"), Json::array({"name", "source"}));
  const Json& source = json.at("properties").at("source");
  EXPECT_EQ(source.at("required"), Json::array({"type", "dsn_env"}));
  EXPECT_EQ(source.at("oneOf"),
            Json::parse(R"([{"required": ["query"]}, {"required": ["query_file"]}])"));
  EXPECT_EQ(source.at("properties").at("partition").at("required"),
            Json::array({"count"}));
  check_node(json, "");
}

// RS-009
TEST(RecipeSchema, ItsRangesAndDefaultsAreTheParsers) {
  const Json source = schema().at("properties").at("source").at("properties");
  const Recipe defaults =
      parse("name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query: x}\n");
  const auto accepts = [](const std::string& key, std::int64_t value) {
    return thrown_by([&] {
             parse(
                 fmt::format("name: a\nsource: {{type: sql, dsn_env: PENSTOCK_A, query: "
                             "x, {}: {}}}\n",
                             key, value));
           })
        .message.empty();
  };
  for (const std::string key : {"connect_timeout_seconds", "statement_timeout_seconds"}) {
    const auto low = source.at(key).at("minimum").get<std::int64_t>();
    const auto high = source.at(key).at("maximum").get<std::int64_t>();
    EXPECT_TRUE(accepts(key, low) && accepts(key, high)) << key;
    EXPECT_FALSE(accepts(key, low - 1) || accepts(key, high + 1)) << key;
  }
  EXPECT_EQ(std::chrono::seconds(source.at("connect_timeout_seconds").at("default")),
            defaults.query.limits.connect);
  EXPECT_EQ(std::chrono::seconds(source.at("statement_timeout_seconds").at("default")),
            defaults.query.limits.statement);
}

TEST(RecipeSchema, EveryChoiceItListsIsAccepted) {
  const Json top = schema().at("properties");
  const Json types = top.at("source").at("properties").at("types").at("properties");
  for (const std::string key : {"on_lossy", "tinyint1", "bit1", "duplicates"}) {
    for (const Json& choice : types.at(key).at("enum")) {
      EXPECT_NO_THROW(
          parse(fmt::format("name: a\nsource: {{type: sql, dsn_env: PENSTOCK_A, query: "
                            "x, types: {{{}: {}}}}}\n",
                            key, choice.dump())));
    }
  }
  for (const Json& format : top.at("sink").at("properties").at("format").at("enum")) {
    EXPECT_NO_THROW(
        parse(fmt::format("name: a\nsource: {{type: sql, dsn_env: PENSTOCK_A, query: "
                          "x}}\nsink: {{format: {}}}\n",
                          format.dump())));
  }
}

TEST(RecipeSchema, AnUnknownKindIsRefused) {
  const Thrown expected{Category::kUsage, "usage_kind", "unknown kind 'tsk'",
                        "kinds: recipe, manifest"};
  EXPECT_EQ(thrown_by([] { json_schema("tsk"); }), expected);
  EXPECT_EQ(thrown_by([] { starter("tsk"); }), expected);
}

TEST(RecipeStarter, IsARecipeWhoseQueryBinds) {
  const Recipe recipe = parse(starter("recipe"));
  EXPECT_EQ(recipe.name, "orders");
  EXPECT_EQ(recipe.query.connection.dsn_env, "PENSTOCK_SHOP_DSN");
  EXPECT_EQ(recipe.sink.path, "orders.parquet");
  EXPECT_THAT(recipe.warnings, IsEmpty());
  EXPECT_THAT(bind(recipe.query, Lexicon::sqlite(), recipe.parameters).names,
              ElementsAre("since"));
}

// Its lines with every commented key made a key.
std::string uncommented_starter() {
  std::string out;
  const std::string text = starter("recipe");
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    std::string line = text.substr(start, end - start);
    start = end + 1;
    const std::size_t hash = line.find("# ");
    const bool is_key = hash != std::string::npos &&
                        line.find_first_not_of(' ') == hash &&
                        line.find(':', hash) != std::string::npos &&
                        line[hash + 2] != 'V' && line[0] != '#';
    if (is_key) line.erase(hash, 2);
    if (line.starts_with("# description")) line.erase(0, 2);
    const bool excluded = line.find("query_file:") != std::string::npos ||
                          line.find("since: $") != std::string::npos;
    if (!excluded) out += line + "\n";
  }
  return out;
}

TEST(RecipeStarter, ShowsEveryKeyAndEachIsValidOnceUncommented) {
  const std::string text = uncommented_starter();
  const Recipe recipe = parse(text);
  EXPECT_EQ(recipe.query.limits.rows, 5'000'000);
  EXPECT_EQ(recipe.query.partition.count, 4);
  EXPECT_EQ(recipe.query.types.columns.size(), 1U);
  EXPECT_EQ(recipe.sink.compression, "zstd:3");
  const Json top = schema().at("properties");
  std::vector<std::string> all = keys_of(top);
  for (const std::string& key : keys_of(top.at("source").at("properties"))) {
    all.push_back(key);
    const Json& node = top.at("source").at("properties").at(key);
    if (!node.contains("properties")) continue;
    for (const std::string& inner : keys_of(node.at("properties"))) all.push_back(inner);
  }
  for (const std::string& key : keys_of(top.at("sink").at("properties")))
    all.push_back(key);
  for (const std::string& key : all) {
    EXPECT_NE(starter("recipe").find(key + ":"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace penstock
