#include "penstock/recipe.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "declare/statement.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string no_file(const std::string& path) {
  throw Error(Category::kRecipe, "file_missing", fmt::format("cannot read {}", path),
              "make it");
}

Recipe parse(std::string_view text) { return parse_recipe(text, "r.yaml", no_file); }

Thrown refusal(std::string_view text) {
  return thrown_by([&] { parse(text); });
}

Thrown invalid(std::string message, std::string hint = {}) {
  return {Category::kRecipe, "recipe_invalid_value", std::move(message), std::move(hint)};
}

// A recipe whose source has `lines` after the needed keys; the first of them is line 6.
std::string with_source(const std::string& lines) {
  return "name: orders\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n  query: "
         "SELECT 1\n" +
         lines;
}

const char* kSourceKeys =
    "known: type, dsn_env, query, query_file, query_parameters, connect_timeout_seconds, "
    "statement_timeout_seconds, limits, partition, types, allow_privileged";

// RS-001 RS-005 RS-006
TEST(Recipe, EveryNativeKeyIsRead) {
  const Recipe recipe = parse(R"yaml(name: orders
description: Paid orders since a day
source:
  type: penstock
  dsn_env: PENSTOCK_SHOP_DSN
  query: |
    SELECT id
    FROM orders WHERE paid_at >= :since
  query_parameters: {since: "${PENSTOCK_PARAM_SINCE}", n: 7, x: 0.5, ok: true}
  connect_timeout_seconds: 60
  statement_timeout_seconds: 1
  limits: {rows: 5000000, bytes: 2GiB, seconds: 900}
  partition: {column: id, count: 4, range: [-5, 100]}
  types: {on_lossy: clamp, numeric: text, tinyint1: bool, bit1: uint64, duplicates: rename, columns: {total: "decimal(12,2)"}}
  allow_privileged: true
sink: {path: out/orders.parquet, format: parquet, compression: zstd:3, row_group_rows: 1000}
)yaml");
  EXPECT_EQ(recipe.file, "r.yaml");
  EXPECT_EQ(recipe.name, "orders");
  EXPECT_EQ(recipe.query.name, "orders");
  EXPECT_EQ(recipe.description, "Paid orders since a day");
  EXPECT_EQ(recipe.query.connection.dsn_env, "PENSTOCK_SHOP_DSN");
  EXPECT_EQ(recipe.query.sql, "SELECT id\nFROM orders WHERE paid_at >= :since\n");
  EXPECT_EQ(recipe.query.access, Access::kReadOnly);
  EXPECT_THAT(recipe.parameters,
              ElementsAre(Pair("n", Value(std::int64_t{7})), Pair("ok", Value(true)),
                          Pair("since", Value(std::string("${PENSTOCK_PARAM_SINCE}"))),
                          Pair("x", Value(0.5))));
  EXPECT_EQ(recipe.parameter_places.at("n"), "r.yaml:9:59");
  EXPECT_EQ(recipe.query.limits.connect, 60s);
  EXPECT_EQ(recipe.query.limits.statement, 1s);
  EXPECT_EQ(recipe.query.limits.rows, 5'000'000);
  EXPECT_EQ(recipe.query.limits.bytes, std::int64_t{2} << 30);
  EXPECT_EQ(recipe.query.limits.total, 900s);
  EXPECT_EQ(recipe.query.partition.column, "id");
  EXPECT_EQ(recipe.query.partition.count, 4);
  EXPECT_EQ(recipe.query.partition.range, std::pair(std::int64_t{-5}, std::int64_t{100}));
  EXPECT_EQ(recipe.query.types.on_lossy, OnLossy::kClamp);
  EXPECT_EQ(recipe.query.types.duplicates, Duplicates::kRename);
  EXPECT_EQ(recipe.query.types.numeric, TypeName{TypeName::Kind::kText});
  EXPECT_EQ(recipe.query.types.tinyint1, TypeName{TypeName::Kind::kBool});
  EXPECT_EQ(recipe.query.types.bit1, TypeName{TypeName::Kind::kUInt64});
  EXPECT_THAT(recipe.query.types.columns,
              ElementsAre(Pair("total", TypeName{TypeName::Kind::kDecimal, 12, 2})));
  EXPECT_TRUE(recipe.query.allow_privileged);
  EXPECT_EQ(recipe.sink.path, "out/orders.parquet");
  EXPECT_EQ(recipe.sink.format, "parquet");
  EXPECT_EQ(recipe.sink.compression, "zstd:3");
  EXPECT_EQ(recipe.sink.row_group_rows, 1000);
  EXPECT_THAT(recipe.warnings, IsEmpty());
}

// RS-006 RS-009
TEST(Recipe, WhatIsLeftOutHasItsDefault) {
  const Recipe recipe = parse(with_source(""));
  EXPECT_EQ(recipe.query.limits.connect, 10s);
  EXPECT_EQ(recipe.query.limits.statement, 300s);
  EXPECT_EQ(recipe.query.limits.rows, 0);
  EXPECT_EQ(recipe.query.partition.count, 1);
  EXPECT_EQ(recipe.query.types.on_lossy, OnLossy::kError);
  EXPECT_FALSE(recipe.query.allow_privileged);
  EXPECT_THAT(recipe.parameters, IsEmpty());
  EXPECT_EQ(recipe.sink.path, "");
}

// RS-028
TEST(Recipe, ARecommendersRecipeLoadsUnchangedAndWithoutAWarning) {
  const Recipe recipe = parse(R"(# a comment
name: sql_sqlite_demo

source:
  type: sql
  # The DSN is read from this env var; the recipe never embeds credentials.
  dsn_env: RECOTEM_RECIPE_DB_DSN
  query: |
    SELECT user_id, item_id, event_at
    FROM events
    WHERE event_at >= :since
  query_parameters:
    since: "2026-01-01"

schema: &columns
  user_column: user_id
  item_column: item_id
  time_column: event_at
  time_unit: s

cleansing: {drop_null_ids: yes, dedup: keep_last, min_rows: 0}

item_metadata:
  <<: *columns
  type: csv
  fields: [title, !custom genre]

features:
  item: {source: {type: csv, path: items.csv, unknown: 1}}

training:
  algorithms: [TopPop, RP3beta]
  split: {scheme: random, heldout_ratio: 0.1, seed: 042}

output:
  path: ./artifacts/sql_sqlite_demo.recotem
  versioning: always_overwrite
)");
  EXPECT_EQ(recipe.name, "sql_sqlite_demo");
  EXPECT_EQ(recipe.query.connection.dsn_env, "RECOTEM_RECIPE_DB_DSN");
  EXPECT_EQ(recipe.sink.path, "");
  EXPECT_THAT(recipe.warnings, IsEmpty());
}

// RS-022 RS-028
TEST(Recipe, TheSchemaOfARecommenderNamesColumnsTheResultMustHave) {
  const Recipe recipe =
      parse(with_source("schema: {item_column: item, user_column: user, time_column: "
                        "null, time_unit: s}\n"));
  ASSERT_EQ(recipe.required_columns.size(), 2U);
  EXPECT_EQ(recipe.required_columns[0].role, "item_column");
  EXPECT_EQ(recipe.required_columns[0].name, "item");
  EXPECT_EQ(recipe.required_columns[1].role, "user_column");
  EXPECT_EQ(recipe.required_columns[1].name, "user");
  EXPECT_THAT(parse(with_source("schema: {user_column: [a, b]}\n")).warnings,
              ElementsAre("r.yaml:6:23: schema.user_column is not a column's name; it "
                          "is not checked here"));
}

// RS-028
TEST(Recipe, AnUnknownTopLevelKeyWarnsWithTheNearest) {
  EXPECT_THAT(
      parse(with_source("snik: {path: x}\ntrainig: 1\nzebra: 1\nlimits: {rows: 1}\n"))
          .warnings,
      ElementsAre(
          "r.yaml:6:1: unknown top-level key 'snik' (did you mean 'sink'?)",
          "r.yaml:7:1: unknown top-level key 'trainig' (did you mean 'training'?)",
          "r.yaml:8:1: unknown top-level key 'zebra'",
          "r.yaml:9:1: unknown top-level key 'limits' (did you mean "
          "'source.limits'?)"));
}

// RS-001
TEST(Recipe, AnUnknownKeyIsAnErrorWithItsLineAndTheNearest) {
  EXPECT_EQ(
      refusal(with_source("  querry: x\n")),
      (Thrown{Category::kRecipe, "recipe_unknown_key",
              "r.yaml:6:3: unknown key 'querry' in source", "did you mean 'query'?"}));
  EXPECT_EQ(refusal(with_source("  zebra: x\n")),
            (Thrown{Category::kRecipe, "recipe_unknown_key",
                    "r.yaml:6:3: unknown key 'zebra' in source", kSourceKeys}));
  EXPECT_EQ(refusal(with_source("  limits: {row: 5}\n")),
            (Thrown{Category::kRecipe, "recipe_unknown_key",
                    "r.yaml:6:12: unknown key 'row' in source.limits",
                    "did you mean 'rows'?"}));
  EXPECT_EQ(refusal(with_source("  partition: {parts: 5}\n")).hint,
            "known: column, count, range");
  EXPECT_EQ(refusal(with_source("  types: {lossy: x}\n")).message,
            "r.yaml:6:11: unknown key 'lossy' in source.types");
  EXPECT_EQ(refusal(with_source("sink: {file: x}\n")),
            (Thrown{Category::kRecipe, "recipe_unknown_key",
                    "r.yaml:6:8: unknown key 'file' in sink",
                    "known: path, format, compression, row_group_rows"}));
}

// RS-001
TEST(Recipe, TheSourcesTypeIsSqlOrPenstock) {
  EXPECT_EQ(refusal("name: a\nsource: {type: csv, path: x}\n"),
            invalid("r.yaml:2:16: source.type must be one of sql, penstock, not 'csv'"));
  EXPECT_EQ(refusal("name: a\nsource: {path: x}\n"),
            (Thrown{Category::kRecipe, "recipe_missing_key",
                    "r.yaml:2:9: source.type is missing", ""}));
  EXPECT_EQ(refusal("name: a\nsource:\n  type: []\n"),
            invalid("r.yaml:3:9: source.type must be a word"));
}

// RS-001
TEST(Recipe, WhatMustBeThereIsNamed) {
  EXPECT_EQ(refusal("source: {}\n").message, "r.yaml:1:1: name is missing");
  EXPECT_EQ(refusal("name: a\n").message, "r.yaml:1:1: source is missing");
  EXPECT_EQ(refusal("name: a\nsource:\n").message,
            "r.yaml:2:1: source must be a mapping of keys");
  EXPECT_EQ(refusal("name: a\nsource: {type: sql, query: x}\n").message,
            "r.yaml:2:9: source.dsn_env is missing");
  EXPECT_EQ(refusal("name: a\nsource: {type: sql, dsn_env: PENSTOCK_A}\n").message,
            "r.yaml:2:9: source.query is missing");
  EXPECT_EQ(refusal(with_source("  partition: {column: a}\n")).message,
            "r.yaml:6:14: source.partition.count is missing");
  EXPECT_EQ(refusal(with_source("  partition: {count: 2, range: [1, 2]}\n")).message,
            "r.yaml:6:14: source.partition.column is missing");
}

TEST(Recipe, ANameIsOneWord) {
  const std::string expected =
      "r.yaml:1:7: name must be 1 to 64 characters of A-Z a-z 0-9 _ -";
  for (const std::string name : {"a.b", "a b", "../x", "é", "a/b"}) {
    EXPECT_EQ(refusal("name: " + name + "\n"), invalid(expected)) << name;
  }
  EXPECT_EQ(refusal("name: " + std::string(65, 'a') + "\n"), invalid(expected));
  EXPECT_EQ(refusal("name: 2024\n"),
            invalid("r.yaml:1:7: name must be text, not int", "quote it"));
  EXPECT_EQ(refusal("name: \"\"\n"), invalid("r.yaml:1:8: name is empty"));
  EXPECT_EQ(refusal("name:\n"), invalid("r.yaml:1:1: name is empty"));
  EXPECT_EQ(parse("name: _A-9\nsource: {type: sql, dsn_env: PENSTOCK_A, query: x}").name,
            "_A-9");
}

std::string with_dsn_env(const std::string& value) {
  return "name: a\nsource:\n  type: sql\n  dsn_env: " + value + "\n  query: SELECT 1\n";
}

// RS-002
TEST(Recipe, DsnEnvNamesAVariableOfTheTwoPrefixes) {
  const Thrown expected = invalid(
      "r.yaml:4:12: source.dsn_env must match ^RECOTEM_RECIPE_[A-Z0-9_]+$ or "
      "^PENSTOCK_[A-Z0-9_]+$",
      "name an environment variable, for example PENSTOCK_SHOP_DSN");
  for (const char* name :
       {"DATABASE_URL", "PENSTOCK_", "RECOTEM_RECIPE_", "PENSTOCK_shop", "RECOTEM_DSN",
        "XPENSTOCK_A", "PENSTOCK_A B", "PENSTOCK_É", "${PENSTOCK_A}"}) {
    EXPECT_EQ(refusal(with_dsn_env(name)), expected) << name;
  }
  for (const char* name : {"RECOTEM_RECIPE_DB_DSN", "PENSTOCK_SHOP_DSN", "PENSTOCK_9"}) {
    EXPECT_EQ(parse(with_dsn_env(name)).query.connection.dsn_env, name);
  }
}

// RS-003 RS-026
TEST(Recipe, ADsnInPlaceOfItsVariableIsRefusedAndNeverRepeated) {
  for (const char* dsn : {"postgresql://u:secret@host/db", "\"sqlite:///secret.db\"",
                          "host=h password=secret", "u:secret@host", "/secret/shop.db"}) {
    EXPECT_EQ(refusal(with_dsn_env(dsn)).code, "recipe_dsn_in_file") << dsn;
    EXPECT_EQ(refusal(with_dsn_env(dsn)).message.find("secret"), std::string::npos);
    EXPECT_EQ(
        refusal(with_dsn_env(dsn)).hint,
        "put the DSN into a variable and write its name: dsn_env: PENSTOCK_SHOP_DSN");
  }
  EXPECT_EQ(refusal(with_dsn_env("mysql://u:secret@h/d")).message,
            "r.yaml:4:12: source.dsn_env holds what looks like a DSN, not the name of "
            "an environment variable");
}

// RS-003
TEST(Recipe, AKeyForTheDsnItselfIsRefusedWithThePlaceForIt) {
  EXPECT_EQ(refusal(with_source("  dsn: postgresql://u:secret@host/db\n")),
            (Thrown{Category::kRecipe, "recipe_unknown_key",
                    "r.yaml:6:3: unknown key 'dsn' in source",
                    "put the DSN into an environment variable and name that: dsn_env: "
                    "PENSTOCK_..."}));
}

// RS-005
TEST(Recipe, TheQueryIsNeverExpandedAndNotEmpty) {
  const Recipe recipe = parse(
      "name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query: \"SELECT "
      "'${HOME}'\"}\n");
  EXPECT_EQ(recipe.query.sql, "SELECT '${HOME}'");
  EXPECT_EQ(
      refusal("name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query: ' '}").message,
      "r.yaml:2:50: source.query is empty");
  EXPECT_EQ(
      refusal("name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query:\n").message,
      "r.yaml:5:3: source.query is empty");
  EXPECT_EQ(
      refusal("name: a\nsource: {type: sql, dsn_env: PENSTOCK_A, query: [a]}").message,
      "r.yaml:2:49: source.query must be text");
}

// RS-009
TEST(Recipe, TimeoutsOutOfRangeNameFieldValueAndRange) {
  struct Row {
    const char* line;
    const char* message;
  };
  const Row kOutOfRange[] = {
      {"  connect_timeout_seconds: 0\n",
       "r.yaml:6:28: source.connect_timeout_seconds is 0, but must be in [1, 60]"},
      {"  connect_timeout_seconds: 61\n",
       "r.yaml:6:28: source.connect_timeout_seconds is 61, but must be in [1, 60]"},
      {"  connect_timeout_seconds: -1\n",
       "r.yaml:6:28: source.connect_timeout_seconds is -1, but must be in [1, 60]"},
      {"  statement_timeout_seconds: 1801\n",
       "r.yaml:6:30: source.statement_timeout_seconds is 1801, but must be in [1, "
       "1800]"},
      {"  statement_timeout_seconds: 0\n",
       "r.yaml:6:30: source.statement_timeout_seconds is 0, but must be in [1, 1800]"},
      {"  limits: {rows: 0}\n",
       "r.yaml:6:18: source.limits.rows is 0, but must be 1 or more"},
      {"  limits: {seconds: 99999999999}\n",
       "r.yaml:6:21: source.limits.seconds is 99999999999, but must be in [1, "
       "31622400]"},
      {"  partition: {column: a, count: 257}\n",
       "r.yaml:6:33: source.partition.count is 257, but must be in [1, 256]"},
      {"sink: {row_group_rows: 0}\n",
       "r.yaml:6:24: sink.row_group_rows is 0, but must be in [1, 1000000000]"},
  };
  for (const Row& row : kOutOfRange) {
    EXPECT_EQ(refusal(with_source(row.line)),
              (Thrown{Category::kRecipe, "recipe_out_of_range", row.message, ""}));
  }
  EXPECT_EQ(parse(with_source("  connect_timeout_seconds: 1\n")).query.limits.connect,
            1s);
  EXPECT_EQ(
      parse(with_source("  statement_timeout_seconds: 1800\n")).query.limits.statement,
      1800s);
}

// RS-009
TEST(Recipe, ANumberIsAnUnquotedWholeNumber) {
  const std::string expected =
      "r.yaml:6:28: source.connect_timeout_seconds must be a whole number in [1, 60]";
  for (const char* value :
       {"1.5", "ten", "true", "null", "99999999999999999999", "[1]", "10s"}) {
    EXPECT_EQ(refusal(with_source(fmt::format("  connect_timeout_seconds: {}\n", value)))
                  .message,
              expected)
        << value;
  }
  EXPECT_EQ(refusal(with_source("  connect_timeout_seconds: \"5\"\n")),
            invalid("r.yaml:6:29: source.connect_timeout_seconds must be a whole "
                    "number in [1, 60]",
                    "remove the quotes"));
  EXPECT_EQ(refusal(with_source("  connect_timeout_seconds: 010\n")),
            invalid(expected, "quote it to keep the zero, or write it without"));
}

TEST(Recipe, BytesHaveUnits) {
  struct Row {
    const char* text;
    std::int64_t bytes;
  };
  for (const Row& row :
       {Row{"1", 1}, Row{"3KiB", 3072}, Row{"3 MiB", 3 << 20}, Row{"\"1GiB\"", 1 << 30},
        Row{"2KB", 2000}, Row{"2MB", 2'000'000}, Row{"2GB", 2'000'000'000}}) {
    EXPECT_EQ(parse(with_source(fmt::format("  limits: {{bytes: {}}}\n", row.text)))
                  .query.limits.bytes,
              row.bytes)
        << row.text;
  }
  for (const char* text : {"0", "-1", "1.5GiB", "GiB", "2gib", "2TB", "99999999999GiB",
                           "2_000", "true", "null", "[1]"}) {
    EXPECT_EQ(refusal(with_source(fmt::format("  limits: {{bytes: {}}}\n", text))),
              invalid("r.yaml:6:19: source.limits.bytes must be a whole number, alone "
                      "or with KiB, MiB, GiB, KB, MB or GB",
                      "for example 2GiB"))
        << text;
  }
}

TEST(Recipe, TypesAreReadByName) {
  EXPECT_EQ(parse(with_source("  types: {on_lossy: null}\n")).query.types.on_lossy,
            OnLossy::kNull);
  EXPECT_EQ(parse(with_source("  types: {on_lossy: \"null\"}\n")).query.types.on_lossy,
            OnLossy::kNull);
  EXPECT_EQ(parse(with_source("  types: {on_lossy: text}\n")).query.types.on_lossy,
            OnLossy::kText);
  EXPECT_EQ(parse(with_source("  types: {on_lossy: error}\n")).query.types.on_lossy,
            OnLossy::kError);
  EXPECT_EQ(refusal(with_source("  types: {on_lossy: ignore}\n")),
            invalid("r.yaml:6:21: source.types.on_lossy must be one of error, null, "
                    "text, clamp, not 'ignore'"));
  EXPECT_EQ(
      refusal(with_source("  types: {numeric: date}\n")),
      invalid("r.yaml:6:20: source.types.numeric must be text, float64 or decimal(p,s)"));
  EXPECT_EQ(refusal(with_source("  types: {tinyint1: int64}\n")),
            invalid("r.yaml:6:21: source.types.tinyint1 must be int8 or bool"));
  EXPECT_EQ(refusal(with_source("  types: {bit1: int8}\n")),
            invalid("r.yaml:6:17: source.types.bit1 must be uint64 or bool"));
  EXPECT_EQ(refusal(with_source("  types: {duplicates: keep}\n")),
            invalid("r.yaml:6:23: source.types.duplicates must be one of error, "
                    "rename, not 'keep'"));
  EXPECT_EQ(refusal(with_source("  types: {columns: {a: money}}\n")).message,
            "r.yaml:6:24: source.types.columns.a must be a type, not 'money'");
}

TEST(Recipe, AnUnquotedDecimalInsideBracesIsToldToBeQuoted) {
  EXPECT_EQ(
      refusal(with_source("  types: {columns: {total: decimal(12,2)}}\n")),
      invalid("r.yaml:6:28: source.types.columns.total must be a type, not 'decimal(12'",
              "quote it: \"decimal(12,2)\", precision 1 to 76"));
}

TEST(Recipe, APartitionsRangeIsTwoWholeNumbersInOrder) {
  const std::string expected =
      "r.yaml:6:43: source.partition.range must be two whole numbers, [lowest, "
      "highest]";
  for (const char* range : {"[1]", "[1, 2, 3]", "[2, 1]", "5", "{a: 1}"}) {
    EXPECT_EQ(refusal(with_source(fmt::format(
                  "  partition: {{column: a, count: 2, range: {}}}\n", range))),
              invalid(expected))
        << range;
  }
  EXPECT_EQ(parse(with_source("  partition: {column: a, count: 2, range: "
                              "[-9223372036854775808, 9223372036854775807]}\n"))
                .query.partition.range,
            std::pair(INT64_MIN, INT64_MAX));
}

TEST(Recipe, TheSinkIsChecked) {
  EXPECT_EQ(refusal(with_source("sink: {format: xlsx}\n")),
            invalid("r.yaml:6:16: sink.format must be one of parquet, csv, jsonl, "
                    "arrow, ipc, arrows, not 'xlsx'"));
  for (const char* codec : {"zip", "zstd:", "zstd:x", "zstd:3:4", "zstd:3x"}) {
    EXPECT_EQ(
        refusal(with_source(fmt::format("sink: {{compression: \"{}\"}}\n", codec))),
        invalid(fmt::format(
                    "r.yaml:6:22: sink.compression must be NAME or NAME:LEVEL, not '{}'",
                    codec),
                "names: none, snappy, gzip, brotli, zstd, lz4"));
  }
  EXPECT_EQ(
      refusal(with_source("sink: {path: \"a\\0b\"}\n")),
      invalid("r.yaml:6:15: sink.path must be one line without control characters"));
  EXPECT_EQ(refusal(with_source("sink: out.csv\n")),
            invalid("r.yaml:6:7: sink must be a mapping of keys",
                    "known: path, format, compression, row_group_rows"));
  EXPECT_EQ(parse(with_source("sink: {path: \"-\", compression: none}\n")).sink.path,
            "-");
}

TEST(Recipe, ABooleanIsTrueOrFalse) {
  for (const char* value : {"yes", "1", "null", "[]"}) {
    EXPECT_EQ(refusal(with_source(fmt::format("  allow_privileged: {}\n", value))),
              invalid("r.yaml:6:21: source.allow_privileged must be true or false"));
  }
  EXPECT_EQ(refusal(with_source("  allow_privileged: \"true\"\n")),
            invalid("r.yaml:6:22: source.allow_privileged must be true or false",
                    "remove the quotes"));
}

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

Thrown syntax(std::string message, std::string hint = {}) {
  return {Category::kRecipe, "recipe_syntax", std::move(message), std::move(hint)};
}

// What the fuzzer, and a look at the library, brought up.
TEST(RecipeYaml, AnUnderIndentedBlockIsRefusedRatherThanSwallowingTheKeysBelowIt) {
  EXPECT_EQ(refusal("name: a\nsource:\n  query: |\n  type: sql\n  dsn_env: PENSTOCK_A\n"),
            syntax("r.yaml:4:3: a block scalar that is not indented more than its key",
                   "indent its lines more, or give it a value"));
  EXPECT_EQ(refusal("name: a\nsource:\n  query: >\n\n  type: sql\n").code,
            "recipe_syntax");
}

TEST(RecipeYaml, ABlockOfNothingButBlanksIsEmpty) {
  for (const char* block : {"|\n\n", ">\n\n\n", "|+\n\n", "|2\n    \n", "|\n", ">-"}) {
    const std::string head =
        "name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query: ";
    EXPECT_EQ(refusal(head + block).message, "r.yaml:6:1: source.query is empty")
        << block;
  }
}

TEST(RecipeYaml, ABlockIsReadToTheEndOfAFileWithoutALastLineEnd) {
  EXPECT_EQ(parse("name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query: |\n    "
                  "SELECT 1,\n      2")
                .query.sql,
            "SELECT 1,\n  2\n");
}

TEST(RecipeYaml, ABackslashAtTheEndIsAnUnclosedString) {
  EXPECT_EQ(refusal("\"Xx=\t\t: \\").code, "recipe_syntax");
}

TEST(RecipeYaml, WhatTakesTheLibraryQuadraticTimeIsRefusedFirst) {
  EXPECT_EQ(
      refusal(std::string(500'000, '%')),
      (Thrown{Category::kRecipe, "recipe_unsupported_yaml",
              "r.yaml:1:1: YAML directives (%) are not supported", "remove the line"}));
  EXPECT_EQ(refusal("%YAML 1.2\n---\nname: a\n").code, "recipe_unsupported_yaml");
  for (const char* text :
       {"? o:\t|", "? o: x\n  p: \t - x", "- ? - o:\t? x", "?\n  o:\t:"})
    EXPECT_EQ(refusal(text).code, "recipe_unsupported_yaml") << text;
  EXPECT_EQ(refusal("? o:\t|"),
            (Thrown{Category::kRecipe, "recipe_unsupported_yaml",
                    "r.yaml:1:5: a tab after ':' below an explicit key ('? ')",
                    "write spaces"}));
  EXPECT_EQ(
      parse(with_source("sink: {path: x}\nother:\n  ? a\n  : b\n  c:\td\n")).sink.path,
      "x");
  EXPECT_EQ(
      refusal("a: |\n  x\n" + std::string(500'000, '\n')),
      (Thrown{Category::kRecipe, "recipe_blank_lines",
              "r.yaml:2004:1: more than 1000 blank lines in a row", "remove some"}));
  EXPECT_EQ(parse(with_source(std::string(1000, '\n') + "sink: {path: x}\n")).sink.path,
            "x");
}

// RS-001
TEST(RecipeYaml, WhatIsNotYamlIsAnErrorWithItsPosition) {
  EXPECT_EQ(refusal("name: a: b\n"),
            syntax("r.yaml:1:8: invalid nested block mapping on the same line"));
  EXPECT_EQ(refusal("name: [a\n"),
            syntax("r.yaml:2:1: flow sequence without a closing bracket"));
  EXPECT_EQ(refusal("name: \"a\n"),
            syntax("r.yaml:1:8: double-quoted scalar without closing quote"));
  EXPECT_EQ(refusal("source:\n\ttype: sql\n").hint, "indent with spaces");
}

TEST(RecipeYaml, AnEmptyFileIsSaidToBeEmpty) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "...\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(refusal(text),
              (Thrown{Category::kRecipe, "recipe_empty", "r.yaml:1:1: the file is empty",
                      "penstock init writes a starter"}));
  }
}

TEST(RecipeYaml, TheRootIsAMapping) {
  for (const char* text : {"abc\n", "- name: a\n", "---\n"}) {
    EXPECT_EQ(refusal(text).code, "recipe_invalid_value");
  }
  EXPECT_EQ(refusal("- a\n").message,
            "r.yaml:1:1: a recipe is a mapping of keys: name, source, ...");
}

TEST(RecipeYaml, ASecondDocumentIsRefused) {
  EXPECT_EQ(refusal(with_source("---\nname: b\n")),
            (Thrown{Category::kRecipe, "recipe_documents",
                    "r.yaml:6:1: a second YAML document; a file holds one",
                    "remove the '---'"}));
  EXPECT_EQ(parse("---\n" + with_source("...\n")).name, "orders");
}

TEST(RecipeYaml, DuplicateKeysAreRefusedWithBothPositions) {
  EXPECT_EQ(refusal(with_source("  \"query\": SELECT 2\n")),
            (Thrown{Category::kRecipe, "recipe_duplicate_key",
                    "r.yaml:6:4: duplicate key 'query' (first at r.yaml:5:3)",
                    "remove one of the two"}));
  EXPECT_EQ(refusal(with_source("name: b\n")).message,
            "r.yaml:6:1: duplicate key 'name' (first at r.yaml:1:1)");
  EXPECT_EQ(refusal(with_source("  query_parameters: {a: 1, a: 2}\n")).message,
            "r.yaml:6:28: duplicate key 'a' (first at r.yaml:6:22)");
}

TEST(RecipeYaml, AnchorsAliasesTagsAndMergesAreRefusedInOurSections) {
  struct Row {
    const char* lines;
    const char* message;
  };
  const Row kRows[] = {
      {"  limits: &l {rows: 1}\n",
       "r.yaml:6:14: source.limits has an anchor (&), which is not supported"},
      {"sink: {path: *p}\n",
       "r.yaml:6:15: sink.path is an alias (*), which is not supported"},
      {"  query_parameters: {a: !!str 007}\n",
       "r.yaml:6:31: source.query_parameters.a has a tag (!), which is not supported"},
      {"  <<: {a: 1}\n", "r.yaml:6:3: merge keys (<<) are not supported"},
      {"<<: {a: 1}\n", "r.yaml:6:1: merge keys (<<) are not supported"},
      {"  &a limits: {rows: 1}\n",
       "r.yaml:6:6: a key has an anchor (&), which is not supported"},
      {"  [a]: 1\n", "r.yaml:6:3: a key must be a word"},
      {"  partition: {column: a, count: 1, range: [*a, 2]}\n",
       "r.yaml:6:45: source.partition.range is an alias (*), which is not supported"},
  };
  for (const Row& row : kRows) {
    const Thrown thrown = refusal(with_source(row.lines));
    EXPECT_EQ(thrown.message, row.message);
    EXPECT_EQ(thrown.code, "recipe_unsupported_yaml");
  }
}

TEST(RecipeYaml, BytesThatAreNoTextAreRefusedWithTheirPosition) {
  EXPECT_EQ(refusal("name: a\nx: \xff\n"),
            (Thrown{Category::kRecipe, "recipe_encoding",
                    "r.yaml:2:4: the file is not valid UTF-8", "save it as UTF-8"}));
  EXPECT_EQ(refusal(std::string_view("n\0a\0", 4)),
            (Thrown{Category::kRecipe, "recipe_control_byte",
                    "r.yaml:1:2: control byte \\x00", "remove it"}));
  EXPECT_EQ(refusal("\xFF\xFEn").message, "r.yaml:1:1: the file is not valid UTF-8");
  EXPECT_EQ(parse("\xEF\xBB\xBF" + with_source("")).name, "orders");
}

TEST(RecipeYaml, SizeAndDepthAreBounded) {
  EXPECT_EQ(refusal(std::string((1 << 20) + 1, 'a')),
            (Thrown{Category::kRecipe, "recipe_too_large",
                    "r.yaml:1:1: the file is larger than 1 MiB",
                    "a long query can stand in a file of its own: source.query_file"}));
  const std::string deep =
      "training: " + std::string(63, '[') + std::string(63, ']') + "\n";
  EXPECT_EQ(parse(with_source(deep)).name, "orders");
  for (const int depth : {64, 65, 1000, 500'000}) {
    const std::string deeper = "a: " + std::string(static_cast<std::size_t>(depth), '[');
    EXPECT_EQ(refusal(deeper).category, Category::kRecipe) << depth;
  }
}

}  // namespace
}  // namespace penstock
