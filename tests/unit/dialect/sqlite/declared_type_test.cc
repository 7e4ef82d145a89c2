#include "dialect/sqlite/declared_type.h"

#include <string>

#include <gtest/gtest.h>

namespace penstock::sqlite {
namespace {

std::string type_text(std::string_view declared,
                      const std::optional<TypeName>& numeric = std::nullopt) {
  const auto type = type_of_declared(declared, numeric);
  return type ? to_string(*type) : "by its values";
}

TEST(DeclaredType, NamesKnownByThemselvesComeFirst) {
  const std::pair<const char*, const char*> cases[] = {
      {"BOOLEAN", "bool"},
      {"bool", "bool"},
      {"DATE", "date"},
      {"DateTime", "timestamp"},
      {"DATETIME(6)", "timestamp"},
      {"TIMESTAMP", "timestamp"},
      {"timestamp without time zone", "timestamp"},
      {"TIMESTAMP(3) WITHOUT TIME ZONE", "timestamp"},
      {"TIMESTAMPTZ", "timestamptz"},
      {"TIMESTAMP  WITH\tTIME ZONE", "timestamptz"},
      {"timestamp (6) with time zone", "timestamptz"},
      {"DECIMAL(12,2)", "decimal(12,2)"},
      {"decimal ( 12 , 2 )", "decimal(12,2)"},
      {"NUMERIC(10)", "decimal(10,0)"},
      {"DEC(5,5)", "decimal(5,5)"},
      {"NUMERIC(76,30)", "decimal(76,30)"},
      {"JSON", "text"},
      {"JSONB", "text"}};
  for (const auto& [declared, name] : cases) EXPECT_EQ(type_text(declared), name);
}

TEST(DeclaredType, ThenSqlitesRulesOfAffinityInTheirOrder) {
  // The examples of https://www.sqlite.org/datatype3.html#affinity_name_examples.
  const std::pair<const char*, const char*> cases[] = {
      {"INT", "int64"},
      {"INTEGER", "int64"},
      {"TINYINT", "int64"},
      {"MEDIUMINT", "int64"},
      {"UNSIGNED BIG INT", "int64"},
      {"INT8", "int64"},
      {"TINYINT(1)", "int64"},
      {"CHARACTER(20)", "text"},
      {"VARCHAR(255)", "text"},
      {"VARYING CHARACTER(255)", "text"},
      {"NATIVE CHARACTER(70)", "text"},
      {"CLOB", "text"},
      {"tinytext", "text"},
      {"BLOB", "binary"},
      {"REAL", "float64"},
      {"DOUBLE PRECISION", "float64"},
      {"FLOAT", "float64"},
      {"FLOATING POINT", "int64"},  // INT comes first
      {"CHARINT", "int64"},
      {"POINT", "int64"}};
  for (const auto& [declared, name] : cases) EXPECT_EQ(type_text(declared), name);
}

TEST(DeclaredType, OfNumericAffinityOnlyTheValuesTell) {
  for (const char* declared : {"",
                               " ",
                               "STRING",
                               "NUMERIC",
                               "DECIMAL",
                               "DECIMAL()",
                               "DECIMAL(0,0)",
                               "DECIMAL(99,2)",
                               "DECIMAL(5,6)",
                               "DECIMAL(10,2) UNSIGNED",
                               "NUMBER(10,2)",
                               "MONEY",
                               "UUID",
                               "TIME",
                               "ANY",
                               "(",
                               ")",
                               "()",
                               "DATE TIME",
                               "\xFF"}) {
    EXPECT_EQ(type_text(declared), "by its values") << declared;
  }
}

TEST(DeclaredType, TypesNumericIsForDecimalsWithoutAPrecisionThatCounts) {
  const TypeName text{TypeName::Kind::kText};
  EXPECT_EQ(type_text("NUMERIC", text), "text");
  EXPECT_EQ(type_text("decimal", text), "text");
  EXPECT_EQ(type_text("DECIMAL(99,2)", text), "text");
  EXPECT_EQ(type_text("DECIMAL(9,2)", text), "decimal(9,2)");
  EXPECT_EQ(type_text("STRING", text), "by its values");
  EXPECT_EQ(type_text("", text), "by its values");
  EXPECT_EQ(type_text("INTEGER", text), "int64");
}

}  // namespace
}  // namespace penstock::sqlite
