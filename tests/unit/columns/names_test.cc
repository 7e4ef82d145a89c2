#include <gtest/gtest.h>

#include "columns/arrow_types.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using Names = std::vector<std::string>;

TEST(Names, TwoColumnsOfOneNameAreAnErrorWithTheHintToAlias) {
  EXPECT_EQ(failure_of([] { unique_names({"a", "b", "a"}, Duplicates::kError); }),
            (Failure{Category::kDataSource, "duplicate_column",
                     "the result has more than one column named 'a'",
                     "give each an alias in the query (AS ...), or set "
                     "types.duplicates: rename"}));
  EXPECT_EQ(unique_names({"a", "A", "b"}, Duplicates::kError), (Names{"a", "A", "b"}))
      << "Arrow and Parquet tell cases apart";
}

TEST(Names, RenamedOnesCountUpAndPassOverWhatIsTaken) {
  EXPECT_EQ(unique_names({"a", "a", "a"}, Duplicates::kRename),
            (Names{"a", "a_1", "a_2"}));
  EXPECT_EQ(unique_names({"a", "a", "a_1", "a"}, Duplicates::kRename),
            (Names{"a", "a_2", "a_1", "a_3"}));
  EXPECT_EQ(unique_names({"a_1", "a", "a", "a_1"}, Duplicates::kRename),
            (Names{"a_1", "a", "a_2", "a_1_1"}));
  EXPECT_EQ(unique_names({"", ""}, Duplicates::kRename), (Names{"", "_1"}));
}

TEST(Names, KeptOnesStayAsTheyAre) {
  EXPECT_EQ(unique_names({"a", "b", "a"}, Duplicates::kKeep), (Names{"a", "b", "a"}));
}

TEST(Names, ThirtyThousandOfOneNameTakeNoTime) {
  const Names names = unique_names(Names(30'000, "x"), Duplicates::kRename);
  EXPECT_EQ(names.back(), "x_29999");
}

TEST(Names, ATypeForAColumnThatIsNotThereIsARecipeError) {
  TypeChoices choices;
  choices.columns.emplace("totl", TypeName{});
  EXPECT_EQ(failure_of([&] { check_named_columns(choices, {"id", "total"}); }),
            (Failure{Category::kRecipe, "unknown_typed_column",
                     "types.columns names 'totl', which is not a column of the result",
                     "did you mean 'total'?"}));
  EXPECT_EQ(failure_of([&] { check_named_columns(choices, {"totl"}); }), Failure{});
}

TEST(ArrowTypes, EachNameHasItsArrowType) {
  using Kind = TypeName::Kind;
  const std::pair<TypeName, const char*> cases[] = {
      {{Kind::kBool}, "bool"},
      {{Kind::kInt8}, "int8"},
      {{Kind::kUInt64}, "uint64"},
      {{Kind::kFloat32}, "float"},
      {{Kind::kFloat64}, "double"},
      {{Kind::kDecimal, 38, 2}, "decimal128(38, 2)"},
      {{Kind::kDecimal, 39, 2}, "decimal256(39, 2)"},
      {{Kind::kText}, "string"},
      {{Kind::kBinary}, "binary"},
      {{Kind::kDate}, "date32[day]"},
      {{Kind::kTime}, "time64[us]"},
      {{Kind::kTimestamp}, "timestamp[us]"},
      {{Kind::kTimestampTz}, "timestamp[us, tz=UTC]"}};
  for (const auto& [type, text] : cases) EXPECT_EQ(arrow_type_text(type), text);
}

}  // namespace
}  // namespace penstock
