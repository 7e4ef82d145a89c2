#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "sink/writer.h"

namespace penstock {
namespace {

using arrow::Status;

// Every column holds a page and a dictionary in memory while its row group lasts. Arrow's
// default of 1 MiB for each costs twice the memory on TPC-H lineitem and makes the file
// larger: columns of nearly unique values give up a dictionary late. A dictionary of
// 256 KiB needs a hash table of 6 MiB past 32,768 values; one of 192 KiB has no more than
// 28,086 of 7 bytes (a decimal of 15 digits), 24,576 of 8, and a table of 1.5 MiB.
constexpr std::int64_t kDictionaryBytes = 192 * 1024;
constexpr std::int64_t kPageBytes = 256 * 1024;

// The pages of a row group grow by reallocation, at many sizes at once. Arrow's default
// pool, mimalloc, keeps 40 MB more resident for it than jemalloc does, at the same speed.
arrow::MemoryPool* page_pool() {
  arrow::MemoryPool* pool = nullptr;
  return arrow::jemalloc_memory_pool(&pool).ok() ? pool : arrow::default_memory_pool();
}

class ParquetWriter final : public Encoder {
 public:
  ParquetWriter(std::unique_ptr<parquet::arrow::FileWriter> file,
                const OutputOptions& options)
      : file_(std::move(file)),
        max_rows_(options.row_group_rows),
        max_bytes_(options.row_group_bytes) {}

  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
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
      ARROW_RETURN_NOT_OK(file_->WriteRecordBatch(*batch.Slice(offset, rows)));
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
  std::unique_ptr<parquet::arrow::FileWriter> file_;
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

  // The Arrow schema in the file lets types that Parquet lacks come back as they were.
  ARROW_ASSIGN_OR_RAISE(
      auto file, parquet::arrow::FileWriter::Open(
                     *schema, page_pool(), std::move(out), properties.build(),
                     parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  return std::make_shared<ParquetWriter>(std::move(file), options);
}

}  // namespace penstock
