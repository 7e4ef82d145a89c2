#include <algorithm>
#include <string>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "sink/text_value.h"
#include "sink/writer.h"

namespace penstock {
namespace {

Error usage(std::string code, std::string message, std::string hint) {
  return Error(Category::kUsage, std::move(code), std::move(message), std::move(hint));
}

bool is_textual(Format format) {
  return format == Format::kCsv || format == Format::kJsonLines;
}

arrow::Result<arrow::ipc::IpcWriteOptions> ipc_options(const OutputOptions& options) {
  auto ipc = arrow::ipc::IpcWriteOptions::Defaults();
  ipc.emit_dictionary_deltas = true;  // a file cannot hold a dictionary that is replaced
  if (options.compression && options.compression->codec != "none") {
    const int level =
        options.compression->level.value_or(arrow::util::kUseDefaultCompressionLevel);
    ARROW_ASSIGN_OR_RAISE(ipc.codec, arrow::util::Codec::Create(
                                         arrow_codec(*options.compression, true), level));
  }
  return ipc;
}

arrow::Status check_text_types(const arrow::Schema& schema, Format format) {
  for (const auto& field : schema.fields()) {
    if (!has_text(*field->type())) {
      return arrow::Status::NotImplemented("column '", printable(field->name()),
                                           "' of type ", field->type()->ToString(),
                                           " has no place in ", to_string(format));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

void check_options(const OutputOptions& options) {
  const std::string name(to_string(options.format));
  if (options.gzip && !is_textual(options.format)) {
    throw usage("gzip_not_possible",
                fmt::format("{} output cannot be gzipped as a whole", name),
                "leave .gz off; --compression compresses inside the file");
  }
  if (options.row_group_rows < 1 || options.row_group_bytes < 1) {
    throw usage("row_group_size", "a row group needs room for at least one row", "");
  }
  if (!options.compression || options.compression->codec == "none") return;
  const std::string& codec = options.compression->codec;
  if (is_textual(options.format)) {
    throw usage("compression_not_possible",
                fmt::format("{} output takes no --compression", name),
                fmt::format("name the file .{}.gz to have it gzipped", name));
  }
  const bool arrow_format = options.format != Format::kParquet;
  if (arrow_format && codec != "lz4" && codec != "zstd") {
    throw usage("compression_not_possible",
                fmt::format("{} output cannot be compressed with {}", name, codec),
                "known: none, lz4, zstd");
  }
  if (!arrow::util::Codec::IsAvailable(arrow_codec(*options.compression, arrow_format))) {
    throw usage("compression_not_available",
                fmt::format("the Arrow library of this build has no {}", codec), "");
  }
}

arrow::Compression::type arrow_codec(const Compression& compression, bool framed) {
  if (compression.codec == "snappy") return arrow::Compression::SNAPPY;
  if (compression.codec == "gzip") return arrow::Compression::GZIP;
  if (compression.codec == "brotli") return arrow::Compression::BROTLI;
  if (compression.codec == "zstd") return arrow::Compression::ZSTD;
  if (compression.codec == "lz4") {
    return framed ? arrow::Compression::LZ4_FRAME : arrow::Compression::LZ4;
  }
  return arrow::Compression::UNCOMPRESSED;
}

EncoderResult make_encoder(std::shared_ptr<arrow::io::OutputStream> out,
                           const std::shared_ptr<arrow::Schema>& schema,
                           const OutputOptions& options) {
  switch (options.format) {
    case Format::kParquet:
      return make_parquet_writer(std::move(out), schema, options);
    case Format::kCsv:
      ARROW_RETURN_NOT_OK(check_text_types(*schema, options.format));
      return make_csv_writer(std::move(out), schema);
    case Format::kJsonLines:
      ARROW_RETURN_NOT_OK(check_text_types(*schema, options.format));
      return make_json_lines_writer(std::move(out), schema);
    case Format::kArrowFile: {
      ARROW_ASSIGN_OR_RAISE(const auto ipc, ipc_options(options));
      return arrow::ipc::MakeFileWriter(std::move(out), schema, ipc);
    }
    case Format::kArrowStream: {
      ARROW_ASSIGN_OR_RAISE(const auto ipc, ipc_options(options));
      return arrow::ipc::MakeStreamWriter(std::move(out), schema, ipc);
    }
  }
  return arrow::Status::NotImplemented("no such format");
}

}  // namespace penstock
