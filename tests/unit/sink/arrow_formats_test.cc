// Parquet and Arrow's own formats, read back by Arrow's readers.
#include <limits>

#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include "penstock/version.h"
#include "sink_testing.h"

namespace penstock {
namespace {

using arrow::TimeUnit;

std::shared_ptr<arrow::Table> read_parquet(const std::string& path) {
  parquet::ArrowReaderProperties properties;
  properties.set_arrow_extensions_enabled(true);
  parquet::arrow::FileReaderBuilder builder;
  if (!builder.OpenFile(path).ok()) throw std::runtime_error("cannot open " + path);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  if (!builder.properties(properties)->Build(&reader).ok())
    throw std::runtime_error("no reader");
  return value_or_die(reader->ReadTable());
}

std::shared_ptr<arrow::Table> read_arrow(const std::string& path, Format format) {
  const auto in = value_or_die(arrow::io::ReadableFile::Open(path));
  if (format == Format::kArrowStream) {
    return value_or_die(
        value_or_die(arrow::ipc::RecordBatchStreamReader::Open(in))->ToTable());
  }
  return value_or_die(
      value_or_die(arrow::ipc::RecordBatchFileReader::Open(in))->ToTable());
}

std::shared_ptr<arrow::Table> read(const std::string& path, Format format) {
  return format == Format::kParquet ? read_parquet(path) : read_arrow(path, format);
}

std::shared_ptr<parquet::FileMetaData> metadata_of(const std::string& path) {
  return parquet::ParquetFileReader::OpenFile(path)->metadata();
}

std::vector<std::int64_t> group_rows(const std::string& path) {
  const auto metadata = metadata_of(path);
  std::vector<std::int64_t> rows;
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    rows.push_back(metadata->RowGroup(i)->num_rows());
  }
  return rows;
}

std::shared_ptr<arrow::Array> uuids() {
  arrow::FixedSizeBinaryBuilder bytes(arrow::fixed_size_binary(16));
  if (!bytes.Append(std::string(16, '\x11')).ok() || !bytes.AppendNull().ok() ||
      !bytes.Append(std::string(16, '\0')).ok()) {
    throw std::runtime_error("no memory");
  }
  return arrow::ExtensionType::WrapArray(arrow::extension::uuid(),
                                         value_or_die(bytes.Finish()));
}

std::shared_ptr<arrow::Array> odd_doubles() {
  arrow::DoubleBuilder builder;
  for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                             -std::numeric_limits<double>::infinity(), 0.1}) {
    if (!builder.Append(value).ok()) throw std::runtime_error("no memory");
  }
  return value_or_die(builder.Finish());
}

// Three rows of every type that a database column becomes.
std::shared_ptr<arrow::RecordBatch> all_types() {
  const auto json = array_of(arrow::utf8(), R"(["{\"a\":1}", null, "null"])");
  return batch_of(
      {{"bool", array_of(arrow::boolean(), "[true, null, false]")},
       {"int8", array_of(arrow::int8(), "[-128, null, 127]")},
       {"int16", array_of(arrow::int16(), "[-32768, null, 32767]")},
       {"int32", array_of(arrow::int32(), "[-2147483648, null, 2147483647]")},
       {"int64",
        array_of(arrow::int64(), "[-9223372036854775808, null, 9223372036854775807]")},
       {"uint8", array_of(arrow::uint8(), "[0, null, 255]")},
       {"uint16", array_of(arrow::uint16(), "[0, null, 65535]")},
       {"uint32", array_of(arrow::uint32(), "[0, null, 4294967295]")},
       {"uint64", array_of(arrow::uint64(), "[0, null, 18446744073709551615]")},
       {"float32", array_of(arrow::float32(), "[0.1, null, -3.4028235e38]")},
       {"float64", odd_doubles()},
       {"decimal128",
        array_of(arrow::decimal128(38, 20), R"(["0.00000000000000000001", null,
                                                              "-1.00000000000000000000"])")},
       {"decimal256", array_of(arrow::decimal256(76, 0),
                               "[\"" + std::string(76, '9') + "\", null, \"-1\"]")},
       {"text", array_of(arrow::utf8(), R"(["", null, "a\"\n世😀"])")},
       {"large", array_of(arrow::large_utf8(), R"(["", null, "x"])")},
       {"binary", array_of(arrow::binary(), R"(["", null, "\u0000"])")},
       {"date", array_of(arrow::date32(), "[-719529, null, 2932897]")},
       {"time", array_of(arrow::time64(TimeUnit::MICRO), "[0, null, 86400000000]")},
       {"timestamp", array_of(arrow::timestamp(TimeUnit::MICRO),
                              "[-9223372036854775808, null, 9223372036854775807]")},
       {"timestamptz",
        array_of(arrow::timestamp(TimeUnit::MICRO, "UTC"), "[0, null, 1]")},
       {"duration", array_of(arrow::duration(TimeUnit::MICRO), "[0, null, -1]")},
       {"list", array_of(arrow::list(arrow::int32()), "[[1, null], null, []]")},
       {"label", value_or_die(arrow::json::DictArrayFromJSONString(
                     arrow::dictionary(arrow::int32(), arrow::utf8()), "[0, null, 1]",
                     R"(["small", "large"])"))},
       {"nothing", array_of(arrow::utf8(), "[null, null, null]")},
       {"uuid", uuids()},
       {"json", arrow::ExtensionType::WrapArray(arrow::extension::json(), json)}});
}

class ArrowFormats : public testing::TestWithParam<Format> {
 protected:
  TempFolder folder_;
  std::string path_ = folder_ / "out";
};

INSTANTIATE_TEST_SUITE_P(EveryFormat, ArrowFormats,
                         testing::Values(Format::kParquet, Format::kArrowFile,
                                         Format::kArrowStream),
                         [](const auto& tested) {
                           return std::string(to_string(tested.param));
                         });

TEST_P(ArrowFormats, EveryTypeComesBackAsItWas) {
  const auto batch = all_types();
  write_all(options_for(path_, GetParam()), {batch});
  const auto table = read(path_, GetParam());
  ASSERT_EQ(table->num_columns(), batch->num_columns());
  for (int i = 0; i < batch->num_columns(); ++i) {
    EXPECT_EQ(table->field(i)->name(), batch->schema()->field(i)->name());
    EXPECT_EQ(*table->field(i)->type(), *batch->column(i)->type());
    EXPECT_TRUE(table->column(i)->chunk(0)->Equals(
        batch->column(i), arrow::EqualOptions::Defaults().nans_equal(true)))
        << table->field(i)->name() << ": " << table->column(i)->ToString();
  }
}

TEST_P(ArrowFormats, AnEmptyResultIsAFileWithItsSchema) {
  const auto batch = all_types()->Slice(0, 0);
  Output output(options_for(path_, GetParam()), {}, {});
  output.begin(batch->schema(), kProvenance);
  output.commit();
  const auto table = read(path_, GetParam());
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*batch->schema(), false));
}

TEST_P(ArrowFormats, ProvenanceStandsBesideTheMetadataThatWasThere) {
  const auto field =
      arrow::field("n", arrow::int64())
          ->WithMetadata(arrow::key_value_metadata({{"pg_type", "money"}}));
  const auto schema =
      arrow::schema({field}, arrow::key_value_metadata({{"owner", "me"}}));
  const auto batch =
      arrow::RecordBatch::Make(schema, 3, {array_of(arrow::int64(), "[1, 2, 3]")});
  write_all(options_for(path_, GetParam()), {batch});
  const auto read_back = read(path_, GetParam())->schema();
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : read_back->metadata()->sorted_pairs())
    found[key] = value;
  EXPECT_EQ(found, (std::map<std::string, std::string>{
                       {"owner", "me"},
                       {"penstock.recipe", "orders"},
                       {"penstock.query_sha256", std::string(64, 'a')},
                       {"penstock.dialect", "sqlite"},
                       {"penstock.version", kVersion}}));
  EXPECT_EQ(value_or_die(read_back->field(0)->metadata()->Get("pg_type")), "money");
}

TEST_P(ArrowFormats, TheSameRowsAreTheSameBytes) {
  const auto options = options_for(path_, GetParam());
  const auto other = options_for(folder_ / "other", GetParam());
  write_all(options, {all_types(), all_types()});
  write_all(other, {all_types(), all_types()});
  EXPECT_EQ(read_file(path_), read_file(folder_ / "other"));
}

TEST_P(ArrowFormats, EveryCodecReadsBack) {
  for (const char* codec : {"none", "lz4", "zstd", "zstd:19"}) {
    auto options = options_for(path_, GetParam());
    options.compression = parse_compression(codec);
    write_all(options, {numbers(0, 5'000), numbers(5'000, 1)});
    const auto table = read(path_, GetParam());
    EXPECT_EQ(table->num_rows(), 5'001) << codec;
    EXPECT_TRUE(table->Equals(
        *value_or_die(arrow::Table::FromRecordBatches({numbers(0, 5'001)}))))
        << codec;
  }
}

TEST_P(ArrowFormats, ADictionaryMayGrowFromBatchToBatch) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto labels = [&](const std::string& indices, const std::string& values) {
    return batch_of({{"x", value_or_die(arrow::json::DictArrayFromJSONString(
                               type, indices, values))}});
  };
  write_all(options_for(path_, GetParam()),
            {labels("[0]", R"(["a"])"), labels("[1, 0]", R"(["a", "b"])")});
  std::string text;
  const auto table = read(path_, GetParam());
  for (const auto& chunk : table->column(0)->chunks()) text += chunk->ToString();
  EXPECT_EQ(table->num_rows(), 3) << text;
}

class Parquet : public testing::Test {
 protected:
  TempFolder folder_;
  std::string path_ = folder_ / "a.parquet";
  OutputOptions options_ = options_for(path_, Format::kParquet);
};

TEST_F(Parquet, AColumnIsZstdWithDictionaryAndStatistics) {
  write_all(options_, {numbers(0, 1000)});
  const auto metadata = metadata_of(path_);
  EXPECT_EQ(metadata->version(), parquet::ParquetVersion::PARQUET_2_6);
  const auto column = metadata->RowGroup(0)->ColumnChunk(0);
  EXPECT_EQ(column->compression(), parquet::Compression::ZSTD);
  EXPECT_TRUE(column->has_dictionary_page());
  const auto statistics =
      std::static_pointer_cast<parquet::Int64Statistics>(column->statistics());
  ASSERT_TRUE(statistics && statistics->HasMinMax());
  EXPECT_EQ(statistics->min(), 0);
  EXPECT_EQ(statistics->max(), 999);
  EXPECT_EQ(statistics->null_count(), 0);
}

TEST_F(Parquet, EveryCodecIsTheOneAskedFor) {
  using C = parquet::Compression;
  const std::vector<std::pair<std::string, C::type>> codecs = {
      {"none", C::UNCOMPRESSED}, {"snappy", C::SNAPPY}, {"gzip:9", C::GZIP},
      {"brotli:1", C::BROTLI},   {"zstd", C::ZSTD},     {"lz4", C::LZ4}};
  for (const auto& [name, codec] : codecs) {
    options_.compression = parse_compression(name);
    write_all(options_, {numbers(0, 1000)});
    EXPECT_EQ(metadata_of(path_)->RowGroup(0)->ColumnChunk(0)->compression(), codec)
        << name;
    EXPECT_EQ(read_parquet(path_)->num_rows(), 1000) << name;
  }
}

TEST_F(Parquet, ARowGroupEndsExactlyAtItsRows) {
  options_.row_group_rows = 1000;
  write_all(options_,
            {numbers(0, 700), numbers(700, 2500), numbers(3200, 800), numbers(4000, 1)});
  EXPECT_EQ(group_rows(path_), (std::vector<std::int64_t>{1000, 1000, 1000, 1000, 1}));
  EXPECT_TRUE(read_parquet(path_)->column(0)->Equals(
      *std::make_shared<arrow::ChunkedArray>(numbers(0, 4001)->column(0))));
}

TEST_F(Parquet, RowsThatFillAGroupStartNoOther) {
  options_.row_group_rows = 500;
  write_all(options_, {numbers(0, 500), numbers(500, 500)});
  EXPECT_EQ(group_rows(path_), (std::vector<std::int64_t>{500, 500}));
}

// RS-021
TEST_F(Parquet, ARowGroupEndsAtItsBytesToo) {
  options_.row_group_bytes = 80'000;  // ten thousand int64
  write_all(options_, {numbers(0, 6'000), numbers(6'000, 40'000)});
  const auto rows = group_rows(path_);
  ASSERT_EQ(rows.size(), 5U);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size()) {
      EXPECT_NEAR(static_cast<double>(rows[i]), 10'000, 1);
    }
    total += rows[i];
  }
  EXPECT_EQ(total, 46'000);
}

TEST_F(Parquet, ARowLargerThanAGroupIsAGroupOfItsOwn) {
  options_.row_group_bytes = 1;
  write_all(options_, {numbers(0, 3)});
  EXPECT_EQ(group_rows(path_), (std::vector<std::int64_t>{1, 1, 1}));
}

// What a dialect gives for a Parquet file is Intervals::kParts.
TEST_F(Parquet, AnIntervalOfMonthsDaysAndNanosecondsHasNoPlace) {
  const auto batch =
      batch_of({{"i", array_of(arrow::month_day_nano_interval(), "[[0, 0, 1000]]")}});
  EXPECT_EQ(thrown_by([&] { write_all(options_, {batch}); }).code, "cannot_encode");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.parquet.lock"});
}

TEST_F(Parquet, ATypeThatItLacksFailsBeforeTheFirstRow) {
  const Thrown thrown = thrown_by([&] {
    Output output(options_, {}, {});
    output.begin(arrow::schema({arrow::field(
                     "u", arrow::dense_union({arrow::field("a", arrow::int8())}))}),
                 {});
  });
  EXPECT_EQ(thrown.category, Category::kOutput);
  EXPECT_EQ(thrown.code, "cannot_encode");
  EXPECT_THAT(thrown.message, testing::HasSubstr("dense_union"));
  EXPECT_EQ(thrown.hint, "cast the column to text in the query");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"a.parquet.lock"});
}

}  // namespace
}  // namespace penstock
