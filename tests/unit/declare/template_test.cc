#include "declare/template.h"

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/moments.h"
#include "base/text.h"
#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Input input_of(std::string name, InputType type, bool list = false) {
  Input input;
  input.name = std::move(name);
  input.type = type;
  input.is_list = list;
  input.nullable = true;
  return input;
}

// The inputs that the tests' templates may name.
std::vector<Input> all_inputs() {
  std::vector<Input> inputs{
      input_of("s", InputType::kStr),        input_of("u", InputType::kStr),
      input_of("n", InputType::kInt),        input_of("b", InputType::kBool),
      input_of("d", InputType::kDate),       input_of("t", InputType::kIdentifier),
      input_of("c", InputType::kIdentifier), input_of("ns", InputType::kInt, true),
      input_of("ss", InputType::kStr, true), input_of("none", InputType::kStr),
      input_of("raw", InputType::kBytes),    input_of("e", InputType::kInt, true),
      input_of("dir", InputType::kChoice),   input_of("col", InputType::kChoice)};
  inputs[12].choices = {"ASC", "DESC"};
  inputs[13].choices = {"total", "total DESC"};
  return inputs;
}

Inputs all_values() {
  return {{"s", Value(std::string("it's {{ .inputs.n }}"))},
          {"u", Value(std::string("50%"))},
          {"n", Value(std::int64_t{7})},
          {"b", Value(true)},
          {"d", Value(Date{20'454})},
          {"t", Value(std::string("orders"))},
          {"c", Value(std::string("Total"))},
          {"ns", std::vector<Value>{std::int64_t{1}, std::int64_t{2}}},
          {"ss", std::vector<Value>{std::string("a"), std::string("b")}},
          {"none", Value()},
          {"raw", Value(Bytes{"\x01"})},
          {"e", std::vector<Value>{}},
          {"dir", Value(std::string("DESC"))},
          {"col", Value(std::string("total DESC"))}};
}

std::string shown(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return std::to_string(*whole);
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return std::string(type_name(value));
}

// Only the inputs that the template names are declared.
Template compiled(const std::string& sql, const Lexicon& lexicon) {
  std::vector<Input> used;
  for (const Input& input : all_inputs()) {
    for (const char* form :
         {"{{ .inputs.X }}", "{{.inputs.X}}", "{{ .X }}", "{{ X }}", "{{X}}"}) {
      std::string reference = form;
      reference.replace(reference.find('X'), 1, input.name);
      if (sql.find(reference) == std::string::npos) continue;
      used.push_back(input);
      break;
    }
  }
  return Template(sql, {}, lexicon, used);
}

// "SQL with $1 | values", statements apart by " ;; ".
std::string bound(const std::string& sql, const Lexicon& lexicon) {
  std::string out;
  for (const Statement& statement : compiled(sql, lexicon).bind(all_values())) {
    out += out.empty() ? "" : " ;; ";
    out += statement.text([](int index) { return fmt::format("${}", index + 1); });
    out += " |";
    for (const Value& value : statement.values) out += " " + shown(value);
  }
  return out;
}

std::string postgres(const std::string& sql) { return bound(sql, Lexicon::postgres()); }
std::string mysql(const std::string& sql) { return bound(sql, Lexicon::mysql()); }
std::string sqlite(const std::string& sql) { return bound(sql, Lexicon::sqlite()); }

std::string refused(const std::string& sql,
                    const Lexicon& lexicon = Lexicon::postgres()) {
  const Thrown thrown = thrown_by([&] { bound(sql, lexicon); });
  if (thrown.message.empty()) return "accepted";
  EXPECT_EQ(thrown.category, Category::kTask) << sql;
  return thrown.code;
}

// FT-002
TEST(Template, FourSpellingsNameAnInput) {
  for (const char* reference :
       {"{{ .inputs.n }}", "{{.inputs.n}}", "{{ .n }}", "{{ n }}", "{{n}}"}) {
    EXPECT_EQ(postgres(fmt::format("SELECT {}", reference)), "SELECT $1 | 7")
        << reference;
  }
}

// FT-002
TEST(Template, OtherSyntaxIsRefusedByName) {
  EXPECT_EQ(refused("SELECT {{ n | upper }}"), "template_filter");
  EXPECT_EQ(refused("SELECT {% if n %} 1 {% endif %}"), "template_syntax");
  EXPECT_EQ(refused("SELECT {# a #} 1"), "template_syntax");
  EXPECT_EQ(refused("SELECT {{ .outputs.n }}"), "template_reference");
  EXPECT_EQ(refused("SELECT {{ n.m }}"), "template_reference");
  EXPECT_EQ(refused("SELECT {{ 'n' }}"), "template_reference");
  EXPECT_EQ(refused("SELECT {{ }}"), "template_reference");
  EXPECT_EQ(refused("SELECT {{ n"), "template_reference");
  EXPECT_EQ(refused("SELECT '{{ n'"), "template_reference");
  EXPECT_EQ(refused("SELECT {{ nobody }}"), "template_undeclared_input");
  EXPECT_EQ(refused("SELECT :n"), "template_colon");
  EXPECT_EQ(refused("SELECT $1"), "query_placeholder");
  EXPECT_EQ(refused(""), "query_empty");
  EXPECT_EQ(refused("-- nothing"), "query_empty");
  EXPECT_EQ(thrown_by([] {
              Template("SELECT 1", {}, Lexicon::sqlite(), {all_inputs()[2]});
            }).code,
            "template_unused_input");
  const Thrown filter = thrown_by([] {
    Template("SELECT\n  {{ n | upper }}", {"t.yaml", 5, 5, 4}, Lexicon::sqlite(),
             all_inputs());
  });
  EXPECT_EQ(filter.message, "t.yaml:6:7: the filter 'upper' is not supported");
}

// FT-003
TEST(Template, AValueIsBoundAndItsTextNeverScannedAgain) {
  EXPECT_EQ(postgres("SELECT * FROM x WHERE a = {{ .inputs.s }} AND n > {{n}}"),
            "SELECT * FROM x WHERE a = $1 AND n > $2 | 'it's {{ .inputs.n }}' 7");
}

// FT-003
TEST(Template, QuotesAroundAReferenceAreDropped) {
  EXPECT_EQ(postgres("WHERE a = '{{ .inputs.s }}'").substr(0, 14), "WHERE a = $1 |");
  EXPECT_EQ(postgres("a LIKE '%{{u}}%'"), "a LIKE $1 | '%50%%'");
  EXPECT_EQ(postgres("a = '{{n}}-{{b}}'"), "a = $1 | '7-true'");
  EXPECT_EQ(postgres("a = 'it''s {{n}}'"), "a = $1 | 'it's 7'");
  EXPECT_EQ(mysql("a = 'x\\'\\\\\\%{{n}}\\n'"), "a = $1 | 'x'\\\\%7\n'");
  EXPECT_EQ(mysql("a = \"{{n}}\"\"\""), "a = $1 | '7\"'");
  EXPECT_EQ(postgres("a = '{{d}}'"), "a = $1 | '2026-01-01'");
  EXPECT_EQ(postgres("a = 'x{{none}}'"), "a = $1 | null");
  EXPECT_EQ(refused("a = '{{ss}}'"), "template_position");
  EXPECT_EQ(refused("a = '{{raw}}'"), "template_position");
}

// FT-003
TEST(Template, OtherLiteralsAreRefusedByName) {
  for (const char* sql : {"a = E'{{n}}'", "a = x'{{n}}'", "a = U&'{{n}}'",
                          "a = $$ {{n}} $$", "a = N'{{n}}'", "a = b'{{n}}'"}) {
    EXPECT_EQ(refused(sql), "template_literal") << sql;
  }
  EXPECT_EQ(refused("a = _latin1'{{n}}'", Lexicon::mysql()), "template_literal");
}

// FT-003
TEST(Template, AListExpandsInTheBracketsOfIn) {
  EXPECT_EQ(postgres("a IN ({{ns}})"), "a IN ($1, $2) | 1 2");
  EXPECT_EQ(postgres("a IN {{ns}}"), "a IN ($1, $2) | 1 2");
  EXPECT_EQ(postgres("a not in /* x */ ( {{ss}} ) "),
            "a not in /* x */ ( $1, $2 )  | 'a' 'b'");
  EXPECT_EQ(postgres("a IN ({{e}}) AND b"), "a = ANY ('{}') AND b |");
  EXPECT_EQ(postgres("a NOT IN ({{e}})"), "a <> ALL ('{}') |");
  EXPECT_EQ(sqlite("a NOT IN ({{e}})"), "a NOT IN () |");
  EXPECT_EQ(mysql("a IN {{e}}"), "a IN (SELECT NULL FROM DUAL WHERE FALSE) |");
  EXPECT_EQ(refused("a = {{ns}}"), "template_position");
  EXPECT_EQ(refused("a IN ({{ns}}, 3)"), "template_position");
  EXPECT_EQ(refused("f({{ns}})"), "template_position");
  EXPECT_EQ(refused("a IN {{n}}"), "template_position");
  EXPECT_EQ(postgres("a IN ({{n}}, 3)"), "a IN ($1, 3) | 7");
}

// FT-003
TEST(Template, NoneIsNullAlsoAfterIs) {
  EXPECT_EQ(postgres("a = {{none}}"), "a = $1 | null");
  EXPECT_EQ(postgres("a IS {{none}}"), "a IS NULL |");
  EXPECT_EQ(mysql("a IS NOT {{none}}"), "a IS NOT NULL |");
  EXPECT_EQ(postgres("a IS NOT {{b}}"), "a IS NOT TRUE |");
  EXPECT_EQ(postgres("a IS {{n}}"), "a IS NOT DISTINCT FROM $1 | 7");
  EXPECT_EQ(postgres("a IS NOT {{n}}"), "a IS DISTINCT FROM $1 | 7");
  EXPECT_EQ(mysql("a IS {{n}}"), "a <=> $1 | 7");
  EXPECT_EQ(sqlite("a IS NOT {{n}}"), "a IS NOT $1 | 7");
  EXPECT_EQ(refused("a IS NOT {{n}}", Lexicon::mysql()), "template_position");
}

// FT-003
TEST(Template, ATypedLiteralIsACastOfAParameter) {
  EXPECT_EQ(postgres("a >= date '{{s}}'").substr(0, 23), "a >= CAST($1 AS date) |");
  EXPECT_EQ(postgres("now() - interval '{{n}} days'"),
            "now() - CAST($1 AS interval) | '7 days'");
  EXPECT_EQ(postgres("a < timestamp with time zone '{{d}} 10:00'"),
            "a < CAST($1 AS timestamp with time zone) | '2026-01-01 10:00'");
  EXPECT_EQ(postgres("a AT TIME ZONE '{{u}}'"), "a AT TIME ZONE $1 | '50%'");
  EXPECT_EQ(postgres("a = uuid '{{u}}'"), "a = CAST($1 AS uuid) | '50%'");
  EXPECT_EQ(mysql("a >= date '{{d}}'"), "a >= CAST($1 AS DATE) | '2026-01-01'");
  EXPECT_EQ(mysql("a >= timestamp '{{d}}'"),
            "a >= CAST($1 AS DATETIME(6)) | '2026-01-01'");
  EXPECT_EQ(mysql("a - interval {{n}} day"), "a - interval $1 day | 7");
  EXPECT_EQ(postgres("a = {{d}}::date"), "a = $1::date | 2026-01-01");
  EXPECT_EQ(refused("a - interval '{{n}}' day"), "template_literal");
  EXPECT_EQ(refused("a = date '{{d}}'", Lexicon::sqlite()), "template_literal");
}

// FT-003
TEST(Template, PlacesOfValues) {
  EXPECT_EQ(postgres("SELECT {{n}} LIMIT {{n}} OFFSET {{n}}"),
            "SELECT $1 LIMIT $1 OFFSET $1 | 7");
  EXPECT_EQ(postgres("extract(year FROM {{d}})"), "extract(year FROM $1) | 2026-01-01");
  EXPECT_EQ(postgres("a IS DISTINCT FROM {{n}}"), "a IS DISTINCT FROM $1 | 7");
  EXPECT_EQ(postgres("INSERT INTO x (a, b) VALUES ({{n}}, {{s}})").substr(0, 43),
            "INSERT INTO x (a, b) VALUES ($1, $2) | 7 'i");
  EXPECT_EQ(postgres("UPDATE x SET a = {{n}}, b = a + {{n}} WHERE a BETWEEN 1 AND {{n}}"),
            "UPDATE x SET a = $1, b = a + $1 WHERE a BETWEEN 1 AND $1 | 7");
  EXPECT_EQ(postgres("CASE a WHEN {{n}} THEN {{n}} ELSE {{n}} END"),
            "CASE a WHEN $1 THEN $1 ELSE $1 END | 7");
  EXPECT_EQ(postgres("ORDER BY {{n}} - a"), "ORDER BY $1 - a | 7");
  EXPECT_EQ(postgres("FROM generate_series(1, {{n}}) g"),
            "FROM generate_series(1, $1) g | 7");
  EXPECT_EQ(sqlite("LIMIT {{n}}, {{n}}"), "LIMIT $1, $1 | 7");
}

// FT-003
TEST(Template, TheSameInputTwiceSharesAParameterWhereItsTypeCannotDiffer) {
  EXPECT_EQ(postgres("f({{n}}) + g({{n}})"), "f($1) + g($1) | 7");
  EXPECT_EQ(postgres("day = {{u}} AND at > {{u}}"), "day = $1 AND at > $2 | '50%' '50%'");
  EXPECT_EQ(postgres("SELECT f('{{u}}', x) GROUP BY f('{{u}}', x)"),
            "SELECT f($1, x) GROUP BY f($1, x) | '50%'");
}

// FT-003
TEST(Template, AReferenceInACommentIsUsedAndNotSent) {
  EXPECT_EQ(sqlite("SELECT 1 -- {{n}}"), "SELECT 1 -- {{n}} |");
  EXPECT_EQ(refused("SELECT 1 /* {{ nobody }} */"), "template_undeclared_input");
}

// FT-003
TEST(Template, NamesComeFromIdentifiersAndChoicesAndAreQuoted) {
  EXPECT_EQ(postgres("SELECT {{c}} FROM {{t}}"), "SELECT \"Total\" FROM \"orders\" |");
  EXPECT_EQ(mysql("SELECT a FROM {{t}}"), "SELECT a FROM `orders` |");
  EXPECT_EQ(postgres("FROM Tbl_{{t}}"), "FROM \"tbl_orders\" |");
  EXPECT_EQ(sqlite("FROM Tbl_{{t}}_x"), "FROM \"Tbl_orders_x\" |");
  EXPECT_EQ(postgres("FROM {{t}}.{{c}} x"), "FROM \"orders\".\"Total\" x |");
  EXPECT_EQ(postgres("SELECT x.{{c}}"), "SELECT x.\"Total\" |");
  EXPECT_EQ(postgres("FROM \"My {{t}}\""), "FROM \"My orders\" |");
  EXPECT_EQ(postgres("ORDER BY a {{dir}}"), "ORDER BY a DESC |");
  EXPECT_EQ(postgres("ORDER BY {{c}} {{dir}}, {{col}}"),
            "ORDER BY \"Total\" DESC, total DESC |");
  EXPECT_EQ(postgres("WHERE a = {{dir}}"), "WHERE a = $1 | 'DESC'");
  EXPECT_EQ(postgres("INSERT INTO x ({{c}}) VALUES (1)"),
            "INSERT INTO x (\"Total\") VALUES (1) |");
}

// FT-003
TEST(Template, AValueWhereOnlyANameOrAKeywordCanStandIsRefused) {
  for (const char* sql : {"SELECT a FROM {{s}}",
                          "ORDER BY {{s}}",
                          "ORDER BY a, {{s}}",
                          "GROUP BY {{n}}",
                          "FROM tbl_{{s}}",
                          "ORDER BY a {{s}}",
                          "SELECT x.{{s}}",
                          "FROM a JOIN {{s}}",
                          "INSERT INTO {{s}}",
                          "INSERT INTO x ({{s}}) VALUES (1)",
                          "UPDATE {{s}} SET a = 1",
                          "UPDATE x SET {{s}} = 1",
                          "DELETE FROM {{s}}",
                          "DROP TABLE IF EXISTS {{s}}",
                          "SELECT a AS {{s}}",
                          "SELECT a {{s}}",
                          "{{s}}",
                          "FROM a, {{s}}",
                          "{{s}}{{u}}",
                          "TRUNCATE {{s}}",
                          "SELECT 1 FROM \"{{s}}\"",
                          "ORDER BY '{{s}}'",
                          "a {{s}} b"}) {
    EXPECT_EQ(refused(sql), "template_position") << sql;
  }
  const Thrown thrown = thrown_by([] { postgres("SELECT a FROM {{s}}"); });
  EXPECT_THAT(thrown.hint,
              HasSubstr("declare the input as identifier, or as choice: [...]"));
}

// FT-003
TEST(Template, ATextIsNoCondition) {
  for (const char* sql :
       {"WHERE {{s}}", "WHERE a AND {{s}}", "WHERE ({{s}})", "WHERE NOT {{s}}",
        "HAVING {{s}} ORDER BY a", "WHERE '{{s}}'", "CASE WHEN {{s}} THEN 1 END",
        "FROM a JOIN b ON {{s}}", "WHERE a OR {{n}}"}) {
    EXPECT_EQ(refused(sql), "template_predicate") << sql;
  }
  EXPECT_EQ(postgres("WHERE {{b}} OR a"), "WHERE $1 OR a | true");
  EXPECT_EQ(postgres("WHERE {{n}} = a"), "WHERE $1 = a | 7");
}

// FT-003
TEST(Template, AnIdentifierIsCheckedBeforeItIsQuoted) {
  const Template query("SELECT a FROM {{t}}", {}, Lexicon::sqlite(), {all_inputs()[5]});
  for (const char* name :
       {"", "a b", "a\"b", "a;", "1a", "a.b.c.d", "a..b", "a-b", "ä"}) {
    const Thrown thrown =
        thrown_by([&] { query.bind({{"t", Value(std::string(name))}}); });
    EXPECT_EQ(thrown.code, "task_input_name") << name;
  }
  EXPECT_EQ(query.bind({{"t", Value(std::string("main.select"))}})[0].text({}),
            "SELECT a FROM \"main\".\"select\"");
}

// FT-006
TEST(Template, StatementsAreSplitByTheScanner) {
  EXPECT_EQ(sqlite("INSERT INTO a VALUES (';'); -- ;\nDELETE FROM b WHERE c = {{n}};;\n"),
            "INSERT INTO a VALUES (';') | ;;  -- ;\nDELETE FROM b WHERE c = $1 | 7");
  EXPECT_EQ(
      sqlite(
          "CREATE TRIGGER x AFTER INSERT ON a BEGIN UPDATE b SET c = 1; END; SELECT 1"),
      "CREATE TRIGGER x AFTER INSERT ON a BEGIN UPDATE b SET c = 1; END | ;;  SELECT 1 "
      "|");
  EXPECT_EQ(postgres("SELECT $$a;b$$; SELECT 'c;d'"),
            "SELECT $$a;b$$ | ;;  SELECT 'c;d' |");
}

// FT-003
TEST(Template, WhatIsNotAReferenceReachesTheServerUnchanged) {
  const std::string sql =
      "  SELECT\t/* ; */ 'a''b', E'\\'', \"q\"\"\", $x$ '{ $x$, a::text, b[1:2], c -- "
      "'\n FROM x  ";
  const auto statements = Template(sql, {}, Lexicon::postgres(), {}).bind({});
  ASSERT_EQ(statements.size(), 1U);
  EXPECT_EQ(statements[0].text({}), sql);
}

// FT-003, on text that nobody would write: whatever a value holds, the statement's text
// is the same, and the value comes back as it was.
TEST(Template, NoValueChangesTheTextOfAStatement) {
  std::mt19937 random(7);
  const std::string alphabet = "a'\"`\\;-/*{}$%_?:\n ()[]\x01";
  const std::string sql =
      "SELECT {{s}}, '{{s}}', 'x{{s}}y' FROM a WHERE b = {{s}} AND c IN ({{ss}}) -- "
      "{{s}}";
  for (const Lexicon* lexicon :
       {&Lexicon::postgres(), &Lexicon::mysql(), &Lexicon::sqlite()}) {
    const Template query = compiled(sql, *lexicon);
    std::string first;
    for (int round = 0; round < 500; ++round) {
      std::string text;
      for (auto size = random() % 12; size > 0; --size)
        text += alphabet[random() % alphabet.size()];
      const auto statement =
          query.bind({{"s", Value(text)}, {"ss", std::vector<Value>{text, text}}})[0];
      const std::string now =
          statement.text([](int index) { return fmt::format(":p{}", index); });
      if (first.empty()) first = now;
      ASSERT_EQ(now, first);
      ASSERT_THAT(statement.values,
                  ElementsAre(Value(text), Value(text), Value("x" + text + "y"),
                              Value(text), Value(text), Value(text)));
    }
  }
}

}  // namespace
}  // namespace penstock
