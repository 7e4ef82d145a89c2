#include <array>
#include <ostream>
#include <type_traits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "penstock/error.h"
#include "penstock/secret.h"

namespace penstock {
namespace {

using enum Category;

// RS-024
TEST(ErrorTable, ExitCodesAreThoseOfTheContract) {
  const std::pair<Category, int> expected[] = {
      {kUnexpected, 1},   {kUsage, 2},       {kRecipe, 2},        {kTask, 2},
      {kNotFound, 2},     {kInvalidPath, 2}, {kNotSupported, 2},  {kDataSource, 3},
      {kUnavailable, 3},  {kLimit, 3},       {kTimeout, 3},       {kRefused, 3},
      {kOutput, 5},       {kLocked, 6},      {kConfiguration, 8}, {kInterrupted, 130},
      {kTerminated, 143}, {kBrokenPipe, 141}};
  EXPECT_EQ(std::size(expected), static_cast<std::size_t>(kBrokenPipe) + 1);
  for (const auto& [category, code] : expected) {
    EXPECT_EQ(traits(category).category, category);
    EXPECT_EQ(traits(category).exit_code, code) << traits(category).error_type;
    EXPECT_FALSE(traits(category).python_class.empty());
    EXPECT_GE(traits(category).http_status, 400);
  }
}

// RS-024
TEST(ErrorTable, EveryFailureOfADatabaseIsADataSourceError) {
  for (const Category category :
       {kDataSource, kUnavailable, kLimit, kTimeout, kRefused}) {
    EXPECT_EQ(traits(category).error_type, "DataSourceError");
  }
  EXPECT_EQ(traits(kRecipe).error_type, "RecipeError");
  EXPECT_EQ(traits(kConfiguration).error_type, "ConfigurationError");
  EXPECT_EQ(traits(kOutput).error_type, "OutputError");
}

TEST(Error, KeepsItsPartsApart) {
  const Error error(kDataSource, "a_code", "what happened", "what to do", "42P01");
  EXPECT_EQ(error.category(), kDataSource);
  EXPECT_EQ(error.code(), "a_code");
  EXPECT_STREQ(error.what(), "what happened");
  EXPECT_EQ(error.hint(), "what to do");
  EXPECT_EQ(error.sqlstate(), "42P01");
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

// RS-026
static_assert(!Streamable<Secret>);
static_assert(!Comparable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, const char*>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

// RS-026
TEST(Secret, CopiesAreIndependentAndMovesLeaveNothing) {
  Secret a(std::string("postgresql://u:p@h/db"));
  Secret b = a;
  Secret c = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the point
  a = Secret(std::string("other"));
  b = a;
  EXPECT_EQ(b.reveal(), "other");
  EXPECT_EQ(c.reveal(), "postgresql://u:p@h/db");
}

// Placed where its bytes can be looked at after it is gone.
std::string bytes_left(const char* first, const char* second) {
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> place{};
  auto* secret = new (place.data()) Secret{std::string(first)};
  *secret = Secret(std::string(second));
  secret->~Secret();
  return {place.begin(), place.end()};
}

// RS-026
TEST(Secret, NothingOfItIsLeftBehind) {
  // Both fit into std::string's own buffer, inside the object.
  const std::string left = bytes_left("passwordXYZ", "pw");
  EXPECT_EQ(left.find("passw"), std::string::npos);
  EXPECT_EQ(left.find("XYZ"), std::string::npos) << "the end of a longer value before";
}

}  // namespace
}  // namespace penstock
