#include "penstock/types.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "penstock/value.h"

namespace penstock {
namespace {

using Kind = TypeName::Kind;

// The names of type_names(), with a decimal of some size for "decimal(p,s)".
std::vector<std::string> listed_names() {
  std::string list(type_names());
  const std::string decimal = "decimal(p,s)";
  list.replace(list.find(decimal), decimal.size(), "decimal(12;2)");
  std::vector<std::string> names;
  for (const std::string_view name : split(list, ',')) {
    names.emplace_back(trim(name));
    std::replace(names.back().begin(), names.back().end(), ';', ',');
  }
  return names;
}

TEST(TypeName, EveryNameInTheListReadsBackAsItself) {
  for (const std::string& name : listed_names()) {
    const auto type = parse_type_name(name);
    ASSERT_TRUE(type.has_value()) << name;
    EXPECT_EQ(to_string(*type), name);
    EXPECT_EQ(parse_type_name(to_upper(name)), type);
  }
}

TEST(TypeName, TheListNamesEveryKindOnce) {
  const auto names = listed_names();
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Kind::kTimestampTz) + 1);
  for (int kind = 0; kind <= static_cast<int>(Kind::kTimestampTz); ++kind) {
    const std::string name = to_string(TypeName{static_cast<Kind>(kind), 12, 2});
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
}

TEST(TypeName, SynonymsAreReadAndNeverPrinted) {
  const std::pair<const char*, const char*> cases[] = {
      {"int", "int64"},
      {"float", "float64"},
      {"double", "float64"},
      {"str", "text"},
      {"string", "text"},
      {"utf8", "text"},
      {"bytes", "binary"},
      {"datetime", "timestamp"},
      {"numeric(5,1)", "decimal(5,1)"},
      {"decimal(7)", "decimal(7,0)"},
      {" Decimal ( 38 , 10 ) ", "decimal(38,10)"}};
  for (const auto& [word, name] : cases) {
    const auto type = parse_type_name(word);
    ASSERT_TRUE(type.has_value()) << word;
    EXPECT_EQ(to_string(*type), name);
  }
}

TEST(TypeName, TheLimitsOfADecimalAreThoseOfArrow) {
  EXPECT_EQ(parse_type_name("decimal(1,0)"), (TypeName{Kind::kDecimal, 1, 0}));
  EXPECT_EQ(parse_type_name("decimal(76,76)"), (TypeName{Kind::kDecimal, 76, 76}));
  for (const char* bad : {"decimal(0,0)",
                          "decimal(77,0)",
                          "decimal(5,6)",
                          "decimal(5,-1)",
                          "decimal(-5,1)",
                          "decimal()",
                          "decimal(,)",
                          "decimal(5,)",
                          "decimal(5,1,1)",
                          "decimal(5,1",
                          "decimal(5,1)x",
                          "decimal 5,1",
                          "decimal(+5,1)",
                          "decimal(5.0,1)",
                          "decimal(a,b)",
                          "decimal(99999999999999999999,1)",
                          "text(5)",
                          "int(11)",
                          "",
                          "()",
                          "tex",
                          "texts",
                          "int128",
                          "timestamp[us]",
                          "null",
                          "text text"}) {
    EXPECT_EQ(parse_type_name(bad), std::nullopt) << bad;
  }
}

// RS-008
TEST(Value, ItsTypeHasTheWordOfThePage) {
  EXPECT_EQ(type_name(Value{}), "null");
  EXPECT_EQ(type_name(Value{true}), "bool");
  EXPECT_EQ(type_name(Value{std::int64_t{1}}), "int");
  EXPECT_EQ(type_name(Value{1.0}), "float");
  EXPECT_EQ(type_name(Value{std::string("1")}), "str");
}

}  // namespace
}  // namespace penstock
