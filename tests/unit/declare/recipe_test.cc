// The keys of a recipe.
#include <chrono>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/declare/recipes.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

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
  EXPECT_EQ(refusal(with_source("  types: {duplicates: drop}\n")),
            invalid("r.yaml:6:23: source.types.duplicates must be one of error, "
                    "rename, keep, not 'drop'"));
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

}  // namespace
}  // namespace penstock
