// Values for libraries that lack a type: polars.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

namespace penstock::python {

/// The batch with each interval as a struct of months int32, days int32 and microseconds
/// int64, as a Parquet file has it, and each decimal256 as the text of its digits
/// (docs/reference/python.md), also in lists; exact, since no database has finer
/// intervals. The batch itself where it has neither.
std::shared_ptr<arrow::RecordBatch> with_plain_types(
    const std::shared_ptr<arrow::RecordBatch>& batch);

}  // namespace penstock::python
