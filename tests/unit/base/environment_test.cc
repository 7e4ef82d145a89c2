#include "penstock/environment.h"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/deadline.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string, std::less<>>;

// RS-020
TEST(Environment, PenstockWinsOverItsTwin) {
  const Environment both(
      Variables{{"PENSTOCK_MAX_SQL_ROWS", "1"}, {"RECOTEM_MAX_SQL_ROWS", "2"}});
  const auto control = both.control("MAX_SQL_ROWS");
  ASSERT_TRUE(control.has_value());
  EXPECT_EQ(control->name, "PENSTOCK_MAX_SQL_ROWS");
  EXPECT_EQ(control->value, "1");
}

// RS-020
TEST(Environment, TheNameIsTheOneTheUserUsed) {
  const Environment twin(Variables{{"RECOTEM_MAX_SQL_ROWS", " 2\n"}});
  const auto control = twin.control("MAX_SQL_ROWS");
  ASSERT_TRUE(control.has_value());
  EXPECT_EQ(control->name, "RECOTEM_MAX_SQL_ROWS");
  EXPECT_EQ(control->value, "2");
}

// RS-020
TEST(Environment, ABlankOneCountsAsUnset) {
  const Environment blank(
      {{"PENSTOCK_MAX_SQL_ROWS", " "}, {"RECOTEM_MAX_SQL_ROWS", "2"}});
  EXPECT_EQ(blank.control("MAX_SQL_ROWS")->name, "RECOTEM_MAX_SQL_ROWS");
  const Environment none(
      Variables{{"PENSTOCK_MAX_SQL_ROWS", ""}, {"RECOTEM_MAX_SQL_ROWS", "\t"}});
  EXPECT_FALSE(none.control("MAX_SQL_ROWS").has_value());
  EXPECT_FALSE(Environment(Variables{}).control("MAX_SQL_ROWS").has_value());
}

// RS-003
TEST(Environment, AVariableThatAFileNamesIsReadExactlyAsNamed) {
  const Environment one(Variables{{"RECOTEM_RECIPE_DSN", " sqlite:// "}});
  EXPECT_EQ(one.get("RECOTEM_RECIPE_DSN"), " sqlite:// ");
  EXPECT_EQ(one.get("PENSTOCK_RECIPE_DSN"), std::nullopt);
  EXPECT_EQ(one.get("recotem_recipe_dsn"), std::nullopt);
}

TEST(Environment, TheProcesssOwnIsACopy) {
  ASSERT_EQ(::setenv("PENSTOCK_TEST_COPY", "a=b", 1), 0);
  const Environment copy = Environment::of_process();
  ASSERT_EQ(::unsetenv("PENSTOCK_TEST_COPY"), 0);
  EXPECT_EQ(copy.get("PENSTOCK_TEST_COPY"), "a=b");
  EXPECT_EQ(Environment::of_process().get("PENSTOCK_TEST_COPY"), std::nullopt);
}

TEST(Deadline, NoWaitMeansNever) {
  EXPECT_FALSE(Deadline::after(0ms).passed());
  EXPECT_FALSE(Deadline::after(-1ms).passed());
  EXPECT_EQ(Deadline::after(0ms).at(), Deadline::never().at());
}

TEST(Deadline, AWaitPastTheEndOfTheClockIsNever) {
  EXPECT_EQ(Deadline::after(std::chrono::milliseconds::max()).at(),
            Deadline::never().at());
  EXPECT_EQ(Deadline::after(std::chrono::milliseconds(9'300'000'000'000)).at(),
            Deadline::never().at());
  EXPECT_FALSE(Deadline::after(24h * 365 * 200).passed());
}

TEST(Deadline, TheSoonerOfTwoCounts) {
  const Deadline soon = Deadline::after(1ms);
  EXPECT_EQ(soon.sooner(Deadline::never()).at(), soon.at());
  EXPECT_EQ(Deadline::never().sooner(soon).at(), soon.at());
  while (Deadline::Clock::now() < soon.at()) {
  }
  EXPECT_TRUE(soon.passed());
}

}  // namespace
}  // namespace penstock
