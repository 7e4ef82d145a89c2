#include "columns/lookahead.h"

#include <functional>

#include <gtest/gtest.h>

#include "unit/columns/show.h"

namespace penstock {
namespace {

using Kind = TypeName::Kind;

void add_text(Lookahead& column, std::string_view text) {
  column.add_bytes(ValueKind::kText, text.data(), static_cast<std::int64_t>(text.size()));
}
void add_blob(Lookahead& column, std::string_view bytes) {
  column.add_bytes(ValueKind::kBlob, bytes.data(),
                   static_cast<std::int64_t>(bytes.size()));
}

std::string decided(const std::function<void(Lookahead&)>& add,
                    std::optional<TypeName> preferred = std::nullopt) {
  Lookahead column(preferred);
  add(column);
  return to_string(column.decide());
}

constexpr std::int64_t kPast2To53 = (std::int64_t{1} << 53) + 1;

TEST(Lookahead, AllValuesDecideAndNeverTheFirstAlone) {
  EXPECT_EQ(decided([](Lookahead& c) { c.add_int(1); }), "int64");
  EXPECT_EQ(decided([](Lookahead& c) { c.add_real(1); }), "float64");
  EXPECT_EQ(decided([](Lookahead& c) {
              c.add_int(1);
              c.add_real(0.05);
            }),
            "float64");
  EXPECT_EQ(decided([](Lookahead& c) {
              c.add_real(0.05);
              c.add_int(1);
              c.add_int(kPast2To53);
            }),
            "text")
      << "a double does not hold every integer past 2^53";
  EXPECT_EQ(decided([](Lookahead& c) {
              c.add_int(kPast2To53);
              c.add_int(1);
            }),
            "int64");
  EXPECT_EQ(decided([](Lookahead& c) {
              for (int i = 0; i < 100; ++i) c.add_null();
              add_text(c, "abc");
            }),
            "text");
}

TEST(Lookahead, WithoutAnyValueItIsText) {
  EXPECT_EQ(decided([](Lookahead&) {}), "text");
  EXPECT_EQ(decided([](Lookahead& c) { c.add_null(); }), "text");
}

TEST(Lookahead, BytesWidenToBinaryAndBesideNumbersToText) {
  EXPECT_EQ(decided([](Lookahead& c) { add_blob(c, "x"); }), "binary");
  EXPECT_EQ(decided([](Lookahead& c) {
              add_text(c, "x");
              add_blob(c, "x");
            }),
            "binary");
  EXPECT_EQ(decided([](Lookahead& c) {
              c.add_int(1);
              add_text(c, "x");
            }),
            "text");
  EXPECT_EQ(decided([](Lookahead& c) {
              c.add_int(1);
              add_blob(c, "x");
            }),
            "text");
}

TEST(Lookahead, ADeclaredTypeIsKeptIfEveryValueFits) {
  EXPECT_EQ(decided(
                [](Lookahead& c) {
                  c.add_int(1);
                  c.add_null();
                  c.add_real(2.0);
                },
                TypeName{Kind::kInt64}),
            "int64");
  EXPECT_EQ(decided(
                [](Lookahead& c) {
                  c.add_int(1);
                  add_text(c, "");
                },
                TypeName{Kind::kInt64}),
            "text");
  EXPECT_EQ(decided([](Lookahead&) {}, TypeName{Kind::kDate}), "date");
  EXPECT_EQ(
      decided([](Lookahead& c) { add_text(c, "2026-02-30"); }, TypeName{Kind::kDate}),
      "text");
}

TEST(Lookahead, ReplaysWhatItKeptInOrder) {
  Lookahead column(std::nullopt);
  column.add_null();
  column.add_int(-7);
  column.add_real(0.5);
  add_text(column, "é");
  add_text(column, "");
  ASSERT_EQ(column.rows(), 5);
  ValueWriter writer({"c", "", OnLossy::kError}, column.decide());
  writer.start(column.rows());
  column.replay(writer);
  EXPECT_EQ(testing::shown(*writer.finish(5)),
            (std::vector<std::string>{"NULL", "'-7'", "'0.5'", "'é'", "''"}));
}

}  // namespace
}  // namespace penstock
