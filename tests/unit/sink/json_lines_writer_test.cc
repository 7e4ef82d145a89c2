#include <limits>

#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <nlohmann/json.hpp>

#include "sink_testing.h"

namespace penstock {
namespace {

std::string lines_of(const Columns& columns) {
  return text_of(batch_of(columns), Format::kJsonLines);
}

std::string lines_of(const std::shared_ptr<arrow::DataType>& type,
                     const std::string& json) {
  return lines_of({{"x", array_of(type, json)}});
}

TEST(JsonLines, ARowIsAnObjectWithItsKeysInOrder) {
  EXPECT_EQ(lines_of({{"z", array_of(arrow::int64(), "[1, null]")},
                      {"a", array_of(arrow::utf8(), R"(["x", ""])")}}),
            "{\"z\":1,\"a\":\"x\"}\n{\"z\":null,\"a\":\"\"}\n");
}

TEST(JsonLines, AnEmptyResultIsAnEmptyFile) {
  EXPECT_EQ(lines_of(arrow::int64(), "[]"), "");
}

TEST(JsonLines, IntegersAreExactNumbers) {
  EXPECT_EQ(lines_of(arrow::int64(), "[-9223372036854775808]"),
            "{\"x\":-9223372036854775808}\n");
  EXPECT_EQ(lines_of(arrow::uint64(), "[18446744073709551615]"),
            "{\"x\":18446744073709551615}\n");
}

TEST(JsonLines, WhatJsonHasNoNumberForIsAString) {
  arrow::DoubleBuilder builder;
  for (const double value : {1e300, -0.5, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
    ASSERT_TRUE(builder.Append(value).ok());
  }
  EXPECT_EQ(lines_of({{"x", value_or_die(builder.Finish())}}),
            "{\"x\":1e+300}\n{\"x\":-0.5}\n{\"x\":\"NaN\"}\n{\"x\":\"Infinity\"}\n"
            "{\"x\":\"-Infinity\"}\n");
  EXPECT_EQ(lines_of(arrow::decimal128(38, 20), R"(["0.00000000000000000001"])"),
            "{\"x\":\"0.00000000000000000001\"}\n");
}

TEST(JsonLines, EveryByteOfTextReadsBack) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "ü世😀";
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append(all).ok());
  const std::string line = lines_of({{"k\"\n", value_or_die(builder.Finish())}});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(nlohmann::json::parse(line).at("k\"\n").get<std::string>(), all);
}

TEST(JsonLines, TimesAreIso8601) {
  using arrow::TimeUnit;
  EXPECT_EQ(
      lines_of({{"a", array_of(arrow::timestamp(TimeUnit::MICRO), "[1767323045000000]")},
                {"b", array_of(arrow::timestamp(TimeUnit::MICRO, "UTC"),
                               "[1767323045000000]")},
                {"c", array_of(arrow::date32(), "[20455]")},
                {"d", array_of(arrow::time64(TimeUnit::MICRO), "[1]")},
                {"e", array_of(arrow::month_day_nano_interval(), "[[1, -1, 1000]]")}}),
      "{\"a\":\"2026-01-02T03:04:05.000000\",\"b\":\"2026-01-02T03:04:05.000000Z\","
      "\"c\":\"2026-01-02\",\"d\":\"00:00:00.000001\","
      "\"e\":\"1 mon -1 days +00:00:00.000001\"}\n");
}

TEST(JsonLines, BytesAndUuidsAreText) {
  EXPECT_EQ(lines_of(arrow::binary(), R"(["a"])"), "{\"x\":\"\\\\x61\"}\n");
  arrow::FixedSizeBinaryBuilder bytes(arrow::fixed_size_binary(16));
  ASSERT_TRUE(bytes.Append(std::string(16, '\x11')).ok());
  EXPECT_EQ(
      lines_of({{"x", arrow::ExtensionType::WrapArray(arrow::extension::uuid(),
                                                      value_or_die(bytes.Finish()))}}),
      "{\"x\":\"11111111-1111-1111-1111-111111111111\"}\n");
}

TEST(JsonLines, ListsAndStructsAreArraysAndObjects) {
  const auto record = arrow::struct_({arrow::field("a", arrow::list(arrow::boolean())),
                                      arrow::field("b", arrow::utf8())});
  EXPECT_EQ(
      lines_of(arrow::list(record), R"([[[[true, null], "q\""], null], [], null])"),
      "{\"x\":[{\"a\":[true,null],\"b\":\"q\\\"\"},null]}\n{\"x\":[]}\n{\"x\":null}\n");
  EXPECT_EQ(lines_of(arrow::map(arrow::utf8(), arrow::int32()), R"([[["k", 1]]])"),
            "{\"x\":[{\"key\":\"k\",\"value\":1}]}\n");
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  EXPECT_EQ(lines_of({{"x", value_or_die(arrow::json::DictArrayFromJSONString(
                                type, "[1, null]", R"(["a", "b"])"))}}),
            "{\"x\":\"b\"}\n{\"x\":null}\n");
}

// A json column may hold line breaks and numbers that no reader keeps, so it stays a
// string.
TEST(JsonLines, AJsonColumnIsAString) {
  const auto text = array_of(arrow::utf8(), R"(["{\"a\":\n1e400}"])");
  EXPECT_EQ(
      lines_of({{"x", arrow::ExtensionType::WrapArray(arrow::extension::json(), text)}}),
      "{\"x\":\"{\\\"a\\\":\\n1e400}\"}\n");
}

TEST(JsonLines, BothNullsOfAJsonColumnAreTold) {
  const auto text = array_of(arrow::utf8(), R"(["null", null])");
  EXPECT_EQ(
      lines_of({{"x", arrow::ExtensionType::WrapArray(arrow::extension::json(), text)}}),
      "{\"x\":\"null\"}\n{\"x\":null}\n");
}

}  // namespace
}  // namespace penstock
