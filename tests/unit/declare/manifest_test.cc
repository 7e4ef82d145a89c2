#include "penstock/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "declare/key_template.h"
#include "penstock/recipe.h"
#include "unit/support.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using testing::Failure;
using testing::failure_of;
using ::testing::HasSubstr;

std::string no_file(const std::string& /*path*/) {
  throw Error(Category::kRecipe, "unreadable_file", "cannot read it");
}

Manifest parse(const std::string& text, const std::string& file = "s.yaml") {
  return parse_manifest(text, file, no_file);
}

const std::string kHead = "name: shop\ndsn_env: PENSTOCK_SHOP_DSN\n";

Failure refusal(const std::string& text) {
  return failure_of([&] { parse(text); });
}

// The error of a manifest with one key; its message without the position.
std::string refused_key(const std::string& key, const std::string& rest = " SELECT 1") {
  const Failure failure = refusal(kHead + "queries:\n  " + key + ":" + rest + "\n");
  EXPECT_EQ(failure.category, Category::kRecipe) << key;
  const auto at = failure.message.find(": ");
  return at == std::string::npos ? failure.message : failure.message.substr(at + 2);
}

// SQL-QUERY-001, SQL-QUERY-010
TEST(Manifest, KeysAndQueriesAreReadAsWritten) {
  const Manifest manifest = parse(kHead +
                                  "queries:\n"
                                  "  reports/daily.parquet: SELECT day FROM orders\n"
                                  "  a.csv: |\n"
                                  "    SELECT 1,\n"
                                  "      2\n");
  EXPECT_EQ(manifest.name, "shop");
  EXPECT_EQ(manifest.defaults.connection.dsn_env, "PENSTOCK_SHOP_DSN");
  EXPECT_TRUE(manifest.strict);
  EXPECT_EQ(manifest.discover, Discover::kNothing);
  EXPECT_FALSE(manifest.cache.has_value());
  EXPECT_EQ(manifest.connections, 8);
  ASSERT_EQ(manifest.entries.size(), 2U);
  EXPECT_EQ(manifest.entries[0].key, "reports/daily.parquet");
  EXPECT_EQ(manifest.entries[0].query.sql, "SELECT day FROM orders");
  EXPECT_EQ(manifest.entries[0].query.name, "reports/daily.parquet");
  EXPECT_EQ(manifest.entries[0].query.origin.line, 4);
  EXPECT_EQ(manifest.entries[1].query.sql, "SELECT 1,\n  2\n");
  EXPECT_TRUE(manifest.warnings.empty());
}

TEST(Manifest, EveryKeyHasItsPlace) {
  const Manifest manifest = parse(
      "name: shop\n"
      "description: The shop's reports\n"
      "dsn_env: PENSTOCK_SHOP_DSN\n"
      "strict: false\n"
      "discover: views\n"
      "connections: 3\n"
      "cache: {path: .cache, ttl: 15m, size: 10GiB}\n"
      "connect_timeout_seconds: 5\n"
      "statement_timeout_seconds: 60\n"
      "limits: {rows: 1000}\n"
      "types: {on_lossy: text}\n"
      "allow_privileged: true\n"
      "queries:\n"
      "  reports/{region}-{year}.csv:\n"
      "    description: By region\n"
      "    query: SELECT :region, :year, :full\n"
      "    limits: {rows: 10}\n"
      "    parameters:\n"
      "      region: {type: str, choices: [eu, us], description: a continent}\n"
      "      year: int\n"
      "      full: {type: bool, default: false}\n",
      "etc/s.yaml");
  EXPECT_EQ(manifest.discover, Discover::kViews);
  EXPECT_FALSE(manifest.strict);
  EXPECT_EQ(manifest.connections, 3);
  ASSERT_TRUE(manifest.cache.has_value());
  EXPECT_EQ(manifest.cache->folder, "etc/.cache");
  EXPECT_EQ(manifest.cache->ttl, std::chrono::minutes(15));
  EXPECT_EQ(manifest.cache->bytes, 10LL << 30);
  const ManifestEntry& entry = manifest.entries.at(0);
  EXPECT_EQ(entry.query.limits.rows, 10);
  EXPECT_EQ(entry.query.limits.connect, std::chrono::seconds(5));
  EXPECT_EQ(entry.query.limits.statement, std::chrono::seconds(60));
  EXPECT_EQ(entry.query.types.on_lossy, OnLossy::kText);
  EXPECT_TRUE(entry.query.allow_privileged);
  ASSERT_EQ(entry.parameters.size(), 3U);
  EXPECT_THAT(entry.parameters.at("region").choices,
              ElementsAre(Value(std::string("eu")), Value(std::string("us"))));
  EXPECT_EQ(entry.parameters.at("year").type, KeyParameter::Type::kInt);
  EXPECT_EQ(entry.parameters.at("full").fallback, Value(false));
}

// SQL-QUERY-001, SQL-QUERY-012, SQL-QUERY-080
TEST(Manifest, AKeyThatNobodyCouldReadIsRefused) {
  const std::pair<const char*, const char*> kTable[] = {
      {"\"\"", "key '' is empty"},
      {"\" \"", "key ' ' is empty"},
      {"/a.csv", "key '/a.csv' is absolute"},
      {"../a.csv", "key '../a.csv' contains '..' segment"},
      {"a/../b.csv", "key 'a/../b.csv' contains '..' segment"},
      {"\"a\\0b.csv\"", "key 'a\\x00b.csv' contains null byte"},
      {"a//b.csv", "key 'a//b.csv' has an empty segment"},
      {"./b.csv", "key './b.csv' has an empty segment"},
      {"\"a\\nb.csv\"", "key 'a\\x0ab.csv' has a control character"},
      {"\"a.csv?b=1\"", "key 'a.csv?b=1' has a '?'"},
      {"a.txt", "key 'a.txt' has no extension that says a format"},
      {"daily", "key 'daily' has no extension that says a format"},
      {"a.parquet.gz", "key 'a.parquet.gz' has no extension that says a format"},
      {"\"{x}.csv\"", "key '{x}.csv' has {x}, which is not declared"},
      {"\"x}.csv\"", "key 'x}.csv' has a '}' without '{'"},
      {"\"{x/y.csv\"", "key '{x/y.csv' has a '{' without '}'"},
  };
  for (const auto& [key, message] : kTable) EXPECT_EQ(refused_key(key), message);
}

// SQL-QUERY-010
TEST(Manifest, KeysOfAProgramAreAnyText) {
  const Manifest manifest = parse(
      kHead +
          R"(queries: {"a b?.csv": SELECT 1, "{x}.parquet": SELECT 2, "b": SELECT 3})",
      "");
  ASSERT_EQ(manifest.entries.size(), 3U);
  EXPECT_EQ(manifest.entries[0].key, "a b?.csv");
  EXPECT_EQ(manifest.entries[1].key, "{x}.parquet");
  EXPECT_EQ(manifest.entries[2].key, "b");
}

TEST(Manifest, AParameterThatCouldNotWorkIsRefused) {
  const auto with = [](const std::string& key, const std::string& parameters) {
    return refused_key(key, "\n    query: SELECT 1\n    parameters: " + parameters);
  };
  EXPECT_EQ(with("\"{a}{b}.csv\"", "{a: str, b: str}"),
            "key '{a}{b}.csv' has two parameters side by side");
  EXPECT_EQ(with("\"{a}-{a}.csv\"", "{a: str}"), "key '{a}-{a}.csv' has {a} twice");
  EXPECT_EQ(with("\"{a}.csv\"", "{a: {default: x}}"),
            "key '{a}.csv' has {a}, whose default could never be used");
  EXPECT_THAT(with("a.csv", "{a: {type: date}}"), HasSubstr("must be one of str, int"));
  EXPECT_THAT(with("a.csv", "{a: {default: 1}}"), HasSubstr("must be of type str"));
  EXPECT_THAT(with("a.csv", "{a: {type: int, default: '1'}}"),
              HasSubstr("must be of type int"));
  EXPECT_THAT(with("a.csv", "{a: {choices: [x], default: z}}"),
              HasSubstr("is not one of the choices"));
  EXPECT_THAT(with("a.csv", "{a: {choices: []}}"), HasSubstr("must be a list of values"));
  EXPECT_THAT(with("a.csv", "{a: {choices: [yes]}}"), HasSubstr("YAML 1.1"));
  EXPECT_THAT(with("a.csv", "{a-b: str}"), HasSubstr("cannot be a parameter's name"));
  EXPECT_THAT(with("a.csv", "{a: {typ: str}}"), HasSubstr("unknown key 'typ'"));
}

TEST(Manifest, WhatIsWrongIsNamedWithItsPlace) {
  const std::pair<std::string, std::string> kTable[] = {
      {"dsn_env: PENSTOCK_A\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:1:1: name is missing"},
      {"name: s\nqueries: {a.csv: SELECT 1}\n", "s.yaml:1:1: dsn_env is missing"},
      {"name: s\ndsn_env: sqlite:///x.db\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:2:10: dsn_env holds what looks like a DSN, not the name of an environment "
       "variable"},
      {kHead, "s.yaml:1:1: queries is missing"},
      {kHead + "queries: [a]\n", "s.yaml:3:10: queries must be a mapping of keys"},
      {kHead + "queries: {a.csv: \"\"}\n", "s.yaml:3:19: queries.a.csv is empty"},
      {kHead + "queries: {a.csv: 1}\n",
       "s.yaml:3:18: queries.a.csv must be text, not int"},
      {kHead + "queries: {a.csv: {sql: x}}\n",
       "s.yaml:3:19: unknown key 'sql' in queries.a.csv"},
      {kHead + "discover: views\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:3:11: discover needs strict: false"},
      {kHead + "strict: false\ndiscover: tables\n",
       "s.yaml:4:11: discover must be one of views, not 'tables'"},
      {kHead + "connections: 0\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:3:14: connections is 0, but must be in [1, 64]"},
      {kHead + "cache: {path: c, ttl: 15, size: 1GB}\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:3:23: cache.ttl must be a whole number with s, m, h or d"},
      {kHead + "cache: {path: c, ttl: 15m}\nqueries: {a.csv: SELECT 1}\n",
       "s.yaml:3:8: cache.size is missing"},
      {kHead + "queries: {a.csv: SELECT 1, a.csv: SELECT 2}\n",
       "s.yaml:3:28: duplicate key 'a.csv' (first at s.yaml:3:11)"},
  };
  for (const auto& [text, message] : kTable) EXPECT_EQ(refusal(text).message, message);
}

TEST(Manifest, AnUnknownTopLevelKeyWarnsWithTheNearest) {
  EXPECT_THAT(parse(kHead + "querys: 1\nqueries: {a.csv: SELECT 1}\n").warnings,
              ElementsAre("s.yaml:3:1: unknown top-level key 'querys' (did you mean "
                          "'queries'?)"));
}

// SQL-QUERY-011
TEST(Manifest, QueriesMayBeLeftOutWhereViewsAreDiscovered) {
  EXPECT_TRUE(parse(kHead + "strict: false\ndiscover: views\n").entries.empty());
}

}  // namespace
}  // namespace penstock
