// Encoders: Arrow record batches -> the bytes of a format.
//
// They derive from Arrow's own abstract writer, so that Arrow's IPC writers and ours are
// one kind.
#pragma once

#include <memory>

#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include "penstock/output.h"

namespace penstock {

using Encoder = arrow::ipc::RecordBatchWriter;

/// What every encoder of ours needs; Close() does not close `out`.
using EncoderResult = arrow::Result<std::shared_ptr<Encoder>>;

/// Checks what can be checked without a schema: throws Error{kUsage} for a codec or gzip
/// that the format does not have.
void check_options(const OutputOptions& options);

/// The encoder of `options.format`. Writes what stands before the first row.
EncoderResult make_encoder(std::shared_ptr<arrow::io::OutputStream> out,
                           const std::shared_ptr<arrow::Schema>& schema,
                           const OutputOptions& options);

EncoderResult make_parquet_writer(std::shared_ptr<arrow::io::OutputStream> out,
                                  const std::shared_ptr<arrow::Schema>& schema,
                                  const OutputOptions& options);
EncoderResult make_csv_writer(std::shared_ptr<arrow::io::OutputStream> out,
                              const std::shared_ptr<arrow::Schema>& schema);
EncoderResult make_json_lines_writer(std::shared_ptr<arrow::io::OutputStream> out,
                                     const std::shared_ptr<arrow::Schema>& schema);

/// Arrow's own name of a codec that parse_compression read.
arrow::Compression::type arrow_codec(const Compression& compression, bool framed);

}  // namespace penstock
