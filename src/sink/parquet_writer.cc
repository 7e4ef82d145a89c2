#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "sink/writer.h"

namespace penstock {
namespace {

using arrow::ArrayData;
using arrow::DataType;
using arrow::Result;
using arrow::Status;
using arrow::Type;

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

// Every column holds a page and a dictionary in memory while its row group lasts. Arrow's
// default of 1 MiB for each costs twice the memory on TPC-H lineitem and makes the file
// larger: columns of nearly unique values give up a dictionary late.
constexpr std::int64_t kDictionaryBytes = 256 * 1024;
constexpr std::int64_t kPageBytes = 256 * 1024;

// Parquet has no interval of months, days and time that Arrow would write; three integers
// hold every PostgreSQL value.
std::shared_ptr<DataType> interval_struct() {
  return arrow::struct_({arrow::field("months", arrow::int32(), false),
                         arrow::field("days", arrow::int32(), false),
                         arrow::field("microseconds", arrow::int64(), false)});
}

// `type` with every interval in it replaced.
std::shared_ptr<DataType> storable(const std::shared_ptr<DataType>& type) {
  const auto child = [&](int i) {
    const auto& field = type->field(i);
    return field->WithType(storable(field->type()));
  };
  switch (type->id()) {
    case Type::INTERVAL_MONTH_DAY_NANO:
      return interval_struct();
    case Type::LIST:
      return arrow::list(child(0));
    case Type::LARGE_LIST:
      return arrow::large_list(child(0));
    case Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          child(0), static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case Type::MAP:
      return std::make_shared<arrow::MapType>(child(0));
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (int i = 0; i < type->num_fields(); ++i) fields.push_back(child(i));
      return arrow::struct_(fields);
    }
    default:
      return type;
  }
}

Result<std::shared_ptr<ArrayData>> store_intervals(
    const std::shared_ptr<ArrayData>& data) {
  const arrow::MonthDayNanoIntervalArray intervals(data);
  arrow::Int32Builder months;
  arrow::Int32Builder days;
  arrow::Int64Builder microseconds;
  arrow::TypedBufferBuilder<bool> valid;
  for (std::int64_t i = 0; i < intervals.length(); ++i) {
    const bool present = intervals.IsValid(i);
    const auto value =
        present ? intervals.Value(i) : arrow::MonthDayNanoIntervalType::MonthDayNanos{};
    if (value.nanoseconds % kNanosecondsPerMicrosecond != 0) {
      return Status::Invalid("an interval of ", value.nanoseconds,
                             " nanoseconds is no whole number of microseconds");
    }
    ARROW_RETURN_NOT_OK(months.Append(value.months));
    ARROW_RETURN_NOT_OK(days.Append(value.days));
    ARROW_RETURN_NOT_OK(
        microseconds.Append(value.nanoseconds / kNanosecondsPerMicrosecond));
    ARROW_RETURN_NOT_OK(valid.Append(present));
  }
  ARROW_ASSIGN_OR_RAISE(auto month_values, months.Finish());
  ARROW_ASSIGN_OR_RAISE(auto day_values, days.Finish());
  ARROW_ASSIGN_OR_RAISE(auto microsecond_values, microseconds.Finish());
  ARROW_ASSIGN_OR_RAISE(auto validity, valid.Finish());
  return ArrayData::Make(
      interval_struct(), intervals.length(), {std::move(validity)},
      {month_values->data(), day_values->data(), microsecond_values->data()});
}

// `data` as a value of `type`, which is storable(data->type).
Result<std::shared_ptr<ArrayData>> store(const std::shared_ptr<ArrayData>& data,
                                         const std::shared_ptr<DataType>& type) {
  if (data->type->Equals(*type)) return data;
  if (data->type->id() == Type::INTERVAL_MONTH_DAY_NANO) return store_intervals(data);
  std::shared_ptr<ArrayData> stored = data->Copy();
  stored->type = type;
  for (std::size_t i = 0; i < stored->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        stored->child_data[i],
        store(data->child_data[i], type->field(static_cast<int>(i))->type()));
  }
  return stored;
}

// The pages of a row group grow by reallocation, at many sizes at once. Arrow's default
// pool, mimalloc, keeps 40 MB more resident for it than jemalloc does, at the same speed.
arrow::MemoryPool* page_pool() {
  arrow::MemoryPool* pool = nullptr;
  return arrow::jemalloc_memory_pool(&pool).ok() ? pool : arrow::default_memory_pool();
}

class ParquetWriter final : public Encoder {
 public:
  ParquetWriter(std::unique_ptr<parquet::arrow::FileWriter> file,
                std::shared_ptr<arrow::Schema> schema, const OutputOptions& options)
      : file_(std::move(file)),
        schema_(std::move(schema)),
        max_rows_(options.row_group_rows),
        max_bytes_(options.row_group_bytes) {}

  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto stored, stored_batch(batch));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t bytes,
                          arrow::util::ReferencedBufferSize(batch));
    const double row_bytes =
        std::max(1.0, static_cast<double>(bytes) / static_cast<double>(batch.num_rows()));
    std::int64_t offset = 0;
    while (offset < batch.num_rows()) {
      if (group_rows_ >= max_rows_ || group_bytes_ >= static_cast<double>(max_bytes_)) {
        ARROW_RETURN_NOT_OK(file_->NewBufferedRowGroup());
        group_rows_ = 0;
        group_bytes_ = 0;
      }
      const auto room = (static_cast<double>(max_bytes_) - group_bytes_) / row_bytes;
      const std::int64_t rows =
          std::min({batch.num_rows() - offset, max_rows_ - group_rows_,
                    static_cast<std::int64_t>(std::min(room, 1e15)) + 1});
      ARROW_RETURN_NOT_OK(file_->WriteRecordBatch(*stored->Slice(offset, rows)));
      offset += rows;
      group_rows_ += rows;
      group_bytes_ += row_bytes * static_cast<double>(rows);
    }
    return Status::OK();
  }
  using Encoder::WriteRecordBatch;

  Status Close() override { return file_->Close(); }
  arrow::ipc::WriteStats stats() const override { return {}; }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> stored_batch(
      const arrow::RecordBatch& batch) const {
    std::vector<std::shared_ptr<ArrayData>> columns = batch.column_data();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          columns[i], store(columns[i], schema_->field(static_cast<int>(i))->type()));
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  std::unique_ptr<parquet::arrow::FileWriter> file_;
  std::shared_ptr<arrow::Schema> schema_;
  const std::int64_t max_rows_;
  const std::int64_t max_bytes_;
  std::int64_t group_rows_ = 0;
  double group_bytes_ = 0;  // of Arrow data, the batch's average for each of its rows
};

}  // namespace

EncoderResult make_parquet_writer(std::shared_ptr<arrow::io::OutputStream> out,
                                  const std::shared_ptr<arrow::Schema>& schema,
                                  const OutputOptions& options) {
  const Compression compression = options.compression.value_or(Compression{"zstd", 3});
  parquet::WriterProperties::Builder properties;
  properties.memory_pool(page_pool())
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->compression(arrow_codec(compression, false))
      ->dictionary_pagesize_limit(kDictionaryBytes)
      ->data_pagesize(kPageBytes)
      ->max_row_group_length(options.row_group_rows);
  if (compression.level) properties.compression_level(*compression.level);

  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) {
    fields.push_back(field->WithType(storable(field->type())));
  }
  auto stored = arrow::schema(std::move(fields), schema->metadata());
  // The Arrow schema in the file lets types that Parquet lacks come back as they were.
  ARROW_ASSIGN_OR_RAISE(
      auto file, parquet::arrow::FileWriter::Open(
                     *stored, page_pool(), std::move(out), properties.build(),
                     parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  return std::make_shared<ParquetWriter>(std::move(file), std::move(stored), options);
}

}  // namespace penstock
