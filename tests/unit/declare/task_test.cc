#include "penstock/task.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encodings.h"
#include "base/moments.h"
#include "declare/file_kind.h"
#include "penstock/recipe.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kRestock = R"yaml(
name: restock
description: Adds pieces
connection:
  uri: postgresql://app@db.example:5432/shop
  connect_args: {connect_timeout: 5, ssl: {ca: /ca.pem}}
  secret_connect_args: {password: {group: shop, key: db-password, group_version: v2}}
access: read_write
inputs: {sku: str, amount: {type: int, default: 10, description: pieces to add}, ids: "list[int]", dir: {choice: [ASC, DESC], default: ASC}}
query: |
  UPDATE stock SET pieces = pieces + {{ .inputs.amount }} WHERE sku = {{ .inputs.sku }} RETURNING sku, pieces
output: {sku: str, pieces: {type: int, nullable: false}}
extra_columns: drop
limits: {rows: 10, bytes: 2KiB, seconds: 9}
types: {numeric: "decimal(12,2)", columns: {total: float64}}
)yaml";

Task parsed(const std::string& text) {
  return parse_task(text, "t.yaml",
                    [](const std::string&) { return std::string("SELECT 1"); });
}
Thrown refused(const std::string& text) {
  return thrown_by([&] { parsed(text); });
}
const std::string kHead =
    "name: t\nconnection: {dsn_env: PENSTOCK_DSN}\nquery: SELECT 1\n";

// FT-001, FT-008
TEST(Task, AllKeysAreRead) {
  const Task task = parsed(kRestock);
  EXPECT_EQ(task.name, "restock");
  EXPECT_EQ(task.description, "Adds pieces");
  EXPECT_EQ(task.query.connection.uri.reveal(), "postgresql://app@db.example:5432/shop");
  EXPECT_EQ(
      task.query.connection.connect_args,
      (Params{{"connect_timeout", std::int64_t{5}}, {"ssl.ca", std::string("/ca.pem")}}));
  const SecretRef& secret = task.secrets.at("password");
  EXPECT_EQ(secret.group + "/" + secret.version + "/" + secret.key,
            "shop/v2/db-password");
  EXPECT_EQ(task.query.access, Access::kReadWrite);
  ASSERT_EQ(task.inputs.size(), 4U);
  EXPECT_EQ(to_string(task.inputs[0]), "str");
  EXPECT_EQ(to_string(task.inputs[1]), "int");
  EXPECT_EQ(task.inputs[1].otherwise, InputValue(Value(std::int64_t{10})));
  EXPECT_EQ(task.inputs[1].description, "pieces to add");
  EXPECT_EQ(to_string(task.inputs[2]), "list[int]");
  EXPECT_EQ(to_string(task.inputs[3]), "choice of ASC, DESC");
  EXPECT_EQ(task.output_kind, OutputKind::kColumns);
  ASSERT_EQ(task.output.size(), 2U);
  EXPECT_TRUE(task.output[0].nullable);
  EXPECT_FALSE(task.output[1].nullable);
  EXPECT_EQ(task.extra_columns, ExtraColumns::kDrop);
  EXPECT_EQ(task.query.limits.rows, 10);
  EXPECT_THAT(task.warnings, ElementsAre());
}

// FT-001, FT-007
TEST(Task, ReadsOnlyAndGivesWhatComesUnlessItSaysOtherwise) {
  const Task task = parsed(kHead);
  EXPECT_EQ(task.query.access, Access::kReadOnly);
  EXPECT_EQ(task.output_kind, OutputKind::kAny);
  EXPECT_EQ(parsed(kHead + "output: none\n").output_kind, OutputKind::kNone);
  EXPECT_EQ(parsed(kHead + "output: null\n").output_kind, OutputKind::kNone);
}

// FT-001
TEST(Task, WhatIsWrongIsNamedWithItsPlace) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"name: t\nquery: SELECT 1\n", "t.yaml:1:1: connection is missing"},
      {"name: t\nconnection: {dsn_env: PENSTOCK_DSN, host: x}\nquery: a\n",
       "t.yaml:2:37: unknown key 'host' in connection"},
      {"name: t\nconnection: {dsn_env: PENSTOCK_DSN, uri: 'sqlite:///a'}\nquery: a\n",
       "t.yaml:2:43: connection.uri and connection.dsn_env exclude each other"},
      {"name: t\nconnection: {uri: shop}\nquery: a\n",
       "t.yaml:2:19: connection.uri must be DIALECT://..."},
      {"name: t\nconnection: {dsn_env: PENSTOCK_DSN, secret_connect_args: {password: "
       "hunter2}}\n"
       "query: a\n",
       "t.yaml:2:69: connection.secret_connect_args.password must say where the secret "
       "is kept, "
       "never what it is"},
  };
  for (const Case& one : cases) {
    const Thrown thrown = refused(one.text);
    EXPECT_EQ(thrown.category, Category::kTask);
    EXPECT_EQ(thrown.message, one.message);
    EXPECT_THAT(thrown.hint + thrown.message, Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(refused(kHead + "inputs: {a: strr}\n").message,
            "t.yaml:4:13: inputs.a must be an input's type, not 'strr'");
  EXPECT_EQ(refused(kHead + "inputs: {a: {type: int, default: x}}\n").message,
            "t.yaml:4:34: the default of input 'a' is not of its type, int");
  EXPECT_EQ(refused(kHead + "inputs: {a: {choice: []}}\n").code, "task_invalid_value");
  EXPECT_EQ(refused(kHead + "inputs: {a: \"list[none]\"}\n").code, "task_invalid_value");
  EXPECT_EQ(refused(kHead + "output: {a: integer}\n").code, "task_invalid_value");
  EXPECT_EQ(refused(kHead + "output: some\n").code, "task_invalid_value");
  EXPECT_EQ(refused(kHead + "access: write\n").code, "task_invalid_value");
  EXPECT_THAT(
      parsed(kHead + "acess: read_write\n").warnings,
      ElementsAre("t.yaml:4:1: unknown top-level key 'acess' (did you mean 'access'?)"));
}

// FT-010
TEST(Task, WrittenAsJsonItReadsBackTheSameAndHasNoSecret) {
  const std::string json = to_json(parsed(kRestock));
  EXPECT_EQ(to_json(parsed(json)), json);
  EXPECT_THAT(json, HasSubstr("\"group\": \"shop\""));
  const Task back = parsed(json);
  EXPECT_EQ(back.query.sql, parsed(kRestock).query.sql);
  EXPECT_EQ(back.inputs[1].otherwise, InputValue(Value(std::int64_t{10})));
  EXPECT_EQ(to_json(parsed(kHead)).find("secret"), std::string::npos);
}

// FT-010
TEST(Task, APasswordThatItHoldsIsWarnedOfAndNeverWritten) {
  for (const char* connection :
       {"uri: 'postgresql://app:hunter2@h/d'", "uri: 'mysql://h/d?user=a&passwd=hunter2'",
        "uri: 'mysql://h/d', connect_args: {passwd: hunter2}",
        "dsn_env: PENSTOCK_DSN, connect_args: {sslpassword: hunter2}"}) {
    const Task task = parsed(std::string("name: t\nquery: SELECT 1\nconnection: {") +
                             connection + "}\n");
    ASSERT_EQ(task.warnings.size(), 1U) << connection;
    EXPECT_THAT(task.warnings[0], Not(HasSubstr("hunter2")));
    const Thrown thrown = thrown_by([&] { to_json(task); });
    EXPECT_EQ(thrown.code, "task_password");
    EXPECT_THAT(thrown.hint, HasSubstr("secret_connect_args"));
    EXPECT_THAT(thrown.message + thrown.hint, Not(HasSubstr("hunter2")));
  }
}

// FT-004
TEST(Inputs, TheCommandLineGivesAValueOfTheDeclaredType) {
  const Task task = parsed(kHead + R"yaml(
inputs: {i: int, f: float, s: str, b: bool, d: date, t: datetime, l: timedelta, y: bytes, is: "list[int]", n: {type: int, nullable: true}, c: {choice: [a, b]}}
)yaml");
  const auto value = [&](const char* text) { return parse_input(task, text).second; };
  EXPECT_EQ(value("i=-7"), InputValue(Value(std::int64_t{-7})));
  EXPECT_EQ(value("f=2"), InputValue(Value(2.0)));
  EXPECT_EQ(value("s=007"), InputValue(Value(std::string("007"))));
  EXPECT_EQ(value("s=null"), InputValue(Value(std::string("null"))));
  EXPECT_EQ(value("b=true"), InputValue(Value(true)));
  EXPECT_EQ(value("d=2026-01-01"), InputValue(Value(Date{20'454})));
  EXPECT_EQ(value("t=1970-01-01T00:00:01.5+01:00"),
            InputValue(Value(DateTime{-3'598'500'000, true})));
  EXPECT_EQ(value("l=P1DT1S"), InputValue(Value(TimeDelta{86'401'000'000})));
  EXPECT_EQ(value("y=hex:00FF"), InputValue(Value(Bytes{std::string("\0\xFF", 2)})));
  EXPECT_EQ(value("y=base64:AP8="), InputValue(Value(Bytes{std::string("\0\xFF", 2)})));
  EXPECT_EQ(value("is=[1, 2]"),
            InputValue(std::vector<Value>{std::int64_t{1}, std::int64_t{2}}));
  EXPECT_EQ(value("is=[]"), InputValue(std::vector<Value>{}));
  EXPECT_EQ(value("n=null"), InputValue(Value()));
  EXPECT_EQ(value("c=b"), InputValue(Value(std::string("b"))));
  for (const char* wrong :
       {"i=1.5", "i=x", "i=", "i=null", "f=x", "b=1", "b=yes", "d=2026-02-30", "t=noon",
        "l=P1M", "y=abc", "y=hex:0", "is=1", "is=[a]", "is=[1,", "is=[null]", "c=d"}) {
    const Thrown thrown = thrown_by([&] { value(wrong); });
    EXPECT_EQ(thrown.code, "task_input_type") << wrong;
    EXPECT_THAT(thrown.hint, HasSubstr("for example"));
  }
  EXPECT_EQ(thrown_by([&] { value("j=1"); }).message, "task 't' has no input 'j'");
  EXPECT_EQ(thrown_by([&] { value("i"); }).code, "usage_input");
}

// FT-002, FT-004
TEST(Inputs, AMissingOneIsNamedWithItsTypeAndAnExample) {
  const Task task =
      parsed(kHead + "inputs: {amount: {type: int, description: pieces to add}}\n");
  EXPECT_EQ(thrown_by([&] { complete_inputs(task, {}); }),
            (Thrown{Category::kTask, "task_input_missing",
                    "input 'amount' is missing: int, pieces to add",
                    "give it with -i amount=10"}));
  EXPECT_EQ(
      thrown_by([&] { complete_inputs(task, {{"amount", Value(std::string("7"))}}); }),
      (Thrown{Category::kTask, "task_input_type",
              "input 'amount' is not of its type, int", "for example amount=10"}));
  EXPECT_EQ(
      thrown_by([&] { complete_inputs(task, {{"amont", Value(std::int64_t{7})}}); }).hint,
      "did you mean 'amount'?");
}

// FT-004
TEST(Inputs, AJsonFileGivesThem) {
  const Task task = parsed(
      kHead + "inputs: {a: str, b: \"list[float]\", c: {type: str, nullable: true}}\n");
  const Inputs inputs =
      parse_inputs(task, R"({"a": "x\"\u00e4", "b": [1, 2.5], "c": null})", "i.json");
  EXPECT_EQ(inputs.at("a"), InputValue(Value(std::string("x\"ä"))));
  EXPECT_EQ(inputs.at("b"), InputValue(std::vector<Value>{1.0, 2.5}));
  EXPECT_EQ(inputs.at("c"), InputValue(Value()));
  EXPECT_EQ(thrown_by([&] { parse_inputs(task, R"({"a": 1})", "i.json"); }).message,
            "i.json:1:7: input 'a' is not of its type, str");
  EXPECT_EQ(thrown_by([&] { parse_inputs(task, "[", "i.json"); }).code,
            "task_inputs_file");
}

// FT-001
TEST(Task, TheStarterAndTheKindsOfFiles) {
  EXPECT_EQ(parse_task(starter("task"), "s.yaml", nullptr).name, "restock");
  EXPECT_THAT(json_schema("task"), HasSubstr("\"title\": \"Penstock task\""));
  EXPECT_EQ(kind_of_file(starter("task"), "f"), FileKind::kTask);
  EXPECT_EQ(kind_of_file(starter("recipe"), "f"), FileKind::kRecipe);
  EXPECT_EQ(kind_of_file("name: s\ndsn_env: X\nqueries: {a.csv: SELECT 1}\n", "f"),
            FileKind::kManifest);
  EXPECT_EQ(kind_of_file("]", "f"), FileKind::kRecipe);
}

// FT-004
TEST(Moments, AreWrittenAndReadExactly) {
  for (const char* text : {"1970-01-01", "0001-01-01", "9999-12-31", "2024-02-29"}) {
    ASSERT_TRUE(date_from_text(text)) << text;
    EXPECT_EQ(text_of(*date_from_text(text)), text);
  }
  for (const char* text : {"2026-02-29", "2026-1-01", "0000-01-01", "2026-01-01x", ""})
    EXPECT_FALSE(date_from_text(text)) << text;
  EXPECT_EQ(text_of(*datetime_from_text("1969-12-31T23:59:59.25")),
            "1969-12-31 23:59:59.25");
  EXPECT_EQ(text_of(*datetime_from_text("2026-01-01 00:30+01:00")),
            "2025-12-31 23:30:00+00:00");
  for (const char* text :
       {"2026-01-01T24:00", "2026-01-01T1:00", "2026-01-01T10:00:00.1234567",
        "2026-01-01T10:00:00 Z", "2026-01-01T"}) {
    EXPECT_FALSE(datetime_from_text(text)) << text;
  }
  const std::pair<const char*, std::int64_t> deltas[] = {
      {"1.5", 1'500'000},
      {"-90", -90'000'000},
      {"1 day, 0:00:01", 86'401'000'000},
      {"2 days", 172'800'000'000},
      {"26:03:04.5", 93'784'500'000},
      {"PT0.000001S", 1},
      {"-P1W", -604'800'000'000}};
  for (const auto& [text, micros] : deltas) {
    ASSERT_TRUE(timedelta_from_text(text)) << text;
    EXPECT_EQ(timedelta_from_text(text)->micros, micros) << text;
  }
  for (const char* text : {"", "P", "P1Y", "PT1.5H", "1:2", "day", "1 week", "0.1234567"})
    EXPECT_FALSE(timedelta_from_text(text)) << text;
  EXPECT_EQ(seconds_text({-1'500'000}), "-1.5");
  EXPECT_EQ(clock_text({-93'784'500'000}), "-26:03:04.5");
  EXPECT_EQ(to_base64(std::string("\0\xFF", 2)), "AP8=");
  EXPECT_FALSE(from_base64("AP8"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace penstock
