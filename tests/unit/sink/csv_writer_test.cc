#include <limits>

#include <arrow/extension/uuid.h>
#include <arrow/io/compressed.h>
#include <arrow/io/memory.h>
#include <arrow/util/compression.h>

#include "sink_testing.h"

namespace penstock {
namespace {

std::string csv_of(const Columns& columns) {
  return text_of(batch_of(columns), Format::kCsv);
}

std::string csv_of(const std::shared_ptr<arrow::DataType>& type,
                   const std::string& json) {
  return csv_of({{"x", array_of(type, json)}});
}

TEST(Csv, AnEmptyResultIsItsHeader) {
  EXPECT_EQ(csv_of({{"id", array_of(arrow::int64(), "[]")},
                    {"name", array_of(arrow::utf8(), "[]")}}),
            "\"id\",\"name\"\n");
}

TEST(Csv, NamesAreQuotedLikeStrings) {
  EXPECT_EQ(csv_of({{"a \"b\", c", array_of(arrow::int64(), "[1]")},
                    {"naïve\n", array_of(arrow::int64(), "[2]")}}),
            "\"a \"\"b\"\", c\",\"naïve\n\"\n1,2\n");
}

TEST(Csv, NullIsNothingAndAnEmptyStringIsTwoQuotes) {
  EXPECT_EQ(csv_of({{"a", array_of(arrow::utf8(), R"(["", null, "x"])")},
                    {"b", array_of(arrow::int64(), "[null, 1, null]")}}),
            "\"a\",\"b\"\n\"\",\n,1\n\"x\",\n");
}

TEST(Csv, TextMayHoldEverySignThatCsvUses) {
  EXPECT_EQ(csv_of(arrow::utf8(),
                   R"(["a,b", "q\"q", "\"", "l\nm\r\n", "世界😀", " x ", "=1+1"])"),
            "\"x\"\n\"a,b\"\n\"q\"\"q\"\n\"\"\"\"\n\"l\nm\r\n\"\n\"世界😀\"\n\" x "
            "\"\n\"=1+1\"\n");
  EXPECT_EQ(csv_of(arrow::utf8(), R"(["a\u0000b"])"),
            std::string("\"x\"\n\"a\0b\"\n", 10));
}

TEST(Csv, NumbersBooleansDatesAndTimesStandBare) {
  using arrow::TimeUnit;
  EXPECT_EQ(
      csv_of({{"a", array_of(arrow::int64(), "[-9223372036854775808]")},
              {"b", array_of(arrow::float64(), "[0.1]")},
              {"c", array_of(arrow::decimal128(10, 2), R"(["12.50"])")},
              {"d", array_of(arrow::boolean(), "[true]")},
              {"e", array_of(arrow::date32(), "[20455]")},
              {"f", array_of(arrow::timestamp(TimeUnit::MICRO), "[1767323045000000]")},
              {"g",
               array_of(arrow::timestamp(TimeUnit::MICRO, "UTC"), "[1767323045000000]")},
              {"h", array_of(arrow::time64(TimeUnit::MICRO), "[1]")}}),
      "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"\n"
      "-9223372036854775808,0.1,12.50,true,2026-01-02,2026-01-02 03:04:05.000000,"
      "2026-01-02 03:04:05.000000Z,00:00:00.000001\n");
}

TEST(Csv, NanAndTheInfinitiesAreWords) {
  arrow::DoubleBuilder builder;
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    ASSERT_TRUE(builder.Append(value).ok());
  }
  EXPECT_EQ(csv_of({{"x", value_or_die(builder.Finish())}}),
            "\"x\"\nNaN\nInfinity\n-Infinity\n");
}

TEST(Csv, AllElseIsQuoted) {
  EXPECT_EQ(csv_of(arrow::binary(), R"(["a", "", null])"),
            "\"x\"\n\"\\x61\"\n\"\\x\"\n\n");
  EXPECT_EQ(csv_of(arrow::list(arrow::utf8()), R"([["a", "b c", null]])"),
            "\"x\"\n\"{a,\"\"b c\"\",NULL}\"\n");
  EXPECT_EQ(csv_of(arrow::month_day_nano_interval(), "[[1, -1, 1000]]"),
            "\"x\"\n\"1 mon -1 days +00:00:00.000001\"\n");
  EXPECT_EQ(csv_of(arrow::duration(arrow::TimeUnit::MICRO), "[1000000]"),
            "\"x\"\n\"00:00:01\"\n");
  arrow::FixedSizeBinaryBuilder bytes(arrow::fixed_size_binary(16));
  ASSERT_TRUE(bytes.Append(std::string(16, '\x11')).ok());
  EXPECT_EQ(csv_of({{"x", arrow::ExtensionType::WrapArray(
                              arrow::extension::uuid(), value_or_die(bytes.Finish()))}}),
            "\"x\"\n\"11111111-1111-1111-1111-111111111111\"\n");
}

TEST(Csv, ADictionaryIsWrittenAsItsEntries) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  EXPECT_EQ(csv_of({{"x", value_or_die(arrow::json::DictArrayFromJSONString(
                              type, "[1, null, 0]", R"(["a", "b"])"))}}),
            "\"x\"\n\"b\"\n\n\"a\"\n");
}

TEST(Csv, ATypeWithoutATextFailsBeforeTheFirstRowAndLeavesNothing) {
  const TempFolder folder;
  EXPECT_EQ(
      thrown_by([&] {
        Output output(options_for(folder / "a.csv", Format::kCsv), {}, {});
        output.begin(arrow::schema({arrow::field("u", arrow::list_view(arrow::int8()))}),
                     {});
      }),
      (Thrown{Category::kOutput, "cannot_encode",
              "cannot write " + folder / "a.csv" +
                  " as csv: column 'u' of type list_view<item: int8> has no place in csv",
              "cast the column to text in the query"}));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.csv.lock"});
}

std::string gunzipped(const std::string& bytes) {
  const auto codec = value_or_die(arrow::util::Codec::Create(arrow::Compression::GZIP));
  const auto in = value_or_die(arrow::io::CompressedInputStream::Make(
      codec.get(),
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes))));
  return value_or_die(in->Read(1 << 24))->ToString();
}

TEST(Csv, GzippedItReadsBackAndHasNoTimeInIt) {
  const TempFolder folder;
  auto options = options_for(folder / "a.csv.gz", Format::kCsv);
  options.gzip = true;
  std::string expected = "\"n\"\n";
  for (int i = 0; i < 20'000; ++i) expected += std::to_string(i) + "\n";
  write_all(options, {numbers(0, 10'000), numbers(10'000, 10'000)});
  const std::string bytes = read_file(folder / "a.csv.gz");
  EXPECT_EQ(gunzipped(bytes), expected);
  EXPECT_EQ(bytes.substr(4, 4), std::string(4, '\0'));  // RFC 1952, MTIME
}

TEST(Csv, MoreThanABufferOfRowsArrivesWhole) {
  std::string expected = "\"n\"\n";
  for (int i = 0; i < 400'000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(text_of(numbers(0, 400'000), Format::kCsv), expected);
}

}  // namespace
}  // namespace penstock
