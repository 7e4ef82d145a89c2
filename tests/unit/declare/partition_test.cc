// Cuts, ranges and the text of a part: pure arithmetic, checked by counting.
#include "declare/partition.h"

#include <limits>

#include <gtest/gtest.h>

namespace penstock {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::vector<std::int64_t> cuts(std::int64_t low, std::int64_t high, std::int64_t count) {
  std::vector<std::int64_t> out;
  for (const Value& cut : even_cuts(low, high, count)) {
    out.push_back(std::get<std::int64_t>(cut));
  }
  return out;
}

using Cuts = std::vector<std::int64_t>;

TEST(Partition, CutsAreEven) {
  EXPECT_EQ(cuts(0, 100, 4), (Cuts{25, 50, 75}));
  EXPECT_EQ(cuts(1, 100, 2), Cuts{51});
  EXPECT_EQ(cuts(0, 1, 2), Cuts{1});
  EXPECT_EQ(cuts(-100, 100, 2), Cuts{0});
  EXPECT_EQ(cuts(0, 3, 3), (Cuts{1, 2}));
}

TEST(Partition, ThereAreNoMoreCutsThanNumbersBetween) {
  EXPECT_EQ(cuts(5, 5, 4), Cuts{});
  EXPECT_EQ(cuts(5, 4, 4), Cuts{});
  EXPECT_EQ(cuts(5, 6, 4), Cuts{6});
  EXPECT_EQ(cuts(5, 7, 256), (Cuts{6, 7}));
  EXPECT_EQ(cuts(0, 100, 1), Cuts{});
}

TEST(Partition, TheWholeRangeOf64BitsIsCutWithoutOverflow) {
  EXPECT_EQ(cuts(kLeast, kMost, 2), Cuts{0});
  const Cuts four = cuts(kLeast, kMost, 4);
  ASSERT_EQ(four.size(), 3U);
  EXPECT_LT(four[0], four[1]);
  EXPECT_LT(four[1], four[2]);
  EXPECT_EQ(cuts(kLeast, kMost, 256).size(), 255U);
  EXPECT_EQ(cuts(kMost - 2, kMost, 2), Cuts{kMost - 1});
  EXPECT_EQ(cuts(kLeast, kLeast + 2, 2), Cuts{kLeast + 1});
}

TEST(Partition, AWordIsFoundInAnyCaseAndOnlyAsAWhole) {
  EXPECT_TRUE(has_word("SELECT Random() FROM t", "random"));
  EXPECT_TRUE(has_word("random", "RANDOM"));
  EXPECT_TRUE(has_word("randoms random", "random"));
  EXPECT_FALSE(has_word("SELECT random_2, xrandom, random$ FROM t", "random"));
  EXPECT_FALSE(has_word("SELECT 1", ""));
}

bool holds(const KeyRange& range, std::int64_t key) {
  return (!range.low || key >= std::get<std::int64_t>(*range.low)) &&
         (!range.high || key < std::get<std::int64_t>(*range.high));
}

TEST(Partition, EveryKeyIsInExactlyOneRangeWhateverTheBoundsWere) {
  const std::int64_t keys[] = {kLeast, kLeast + 1, -1000, -1,  0,    1,         49,
                               50,     51,         99,    100, 1000, kMost - 1, kMost};
  for (const std::int64_t low : keys) {
    for (const std::int64_t high : keys) {
      for (const std::int64_t count : {1, 2, 3, 7, 256}) {
        const auto ranges = ranges_between(even_cuts(low, high, count));
        ASSERT_LE(ranges.size(), static_cast<std::size_t>(count));
        for (const std::int64_t key : keys) {
          int times = 0;
          for (const KeyRange& range : ranges) times += holds(range, key) ? 1 : 0;
          ASSERT_EQ(times, 1) << key << " in " << low << ".." << high << " by " << count;
        }
        int with_nulls = 0;
        for (const KeyRange& range : ranges) with_nulls += range.nulls ? 1 : 0;
        ASSERT_EQ(with_nulls, 1);
      }
    }
  }
}

Statement statement(const std::string& sql) {
  Statement one;
  one.source = sql;
  one.pieces.push_back({sql, -1, 0});
  return one;
}

std::string dollar(int index) { return "$" + std::to_string(index + 1); }

TEST(Partition, APartIsTheStatementAndABoundCondition) {
  const Statement inner = statement("SELECT a FROM t -- all");
  const Statement part =
      restricted(select_from("SELECT *", inner), "\"a\"",
                 {Value(std::int64_t{1}), Value(std::int64_t{5}), true});
  EXPECT_EQ(part.text(dollar),
            "SELECT * FROM (\nSELECT a FROM t -- all\n) AS penstock_rows\n"
            "WHERE (\"a\" >= $1 AND \"a\" < $2 OR \"a\" IS NULL)");
  EXPECT_EQ(part.values,
            (std::vector<Value>{Value(std::int64_t{1}), Value(std::int64_t{5})}));
  EXPECT_EQ(restricted(inner, "a", {}).text(dollar), inner.text(dollar));
  EXPECT_EQ(restricted(inner, "ctid", {std::nullopt, Value(std::string("(1,0)")), false},
                       "::tid")
                .text(dollar),
            "SELECT a FROM t -- all\nWHERE (ctid < $1::tid)");
}

TEST(Partition, ANameIsQuotedWhateverItHolds) {
  EXPECT_EQ(quote_identifier("a", '"'), "\"a\"");
  EXPECT_EQ(quote_identifier("a\"b; --", '"'), "\"a\"\"b; --\"");
  EXPECT_EQ(quote_identifier("a'b", '\''), "'a''b'");
}

}  // namespace
}  // namespace penstock
