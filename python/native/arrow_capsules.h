// The Arrow PyCapsule interface: rows leave by the C data interface alone, so that any
// Arrow library of the process takes them, whichever Arrow it was built with.
#pragma once

#include <functional>
#include <memory>
#include <nanobind/nanobind.h>

#include <arrow/type_fwd.h>

namespace penstock::python {

/// The next batch, or null at the end.
using NextBatch = std::function<std::shared_ptr<arrow::RecordBatch>()>;

/// Each gives a capsule that owns what is in it; the caller holds the GIL. A stream's
/// get_next may be called with the GIL or without it; its error text is the error's
/// message and hint.
nanobind::object schema_capsule(const arrow::Schema& schema);
nanobind::object stream_capsule(std::shared_ptr<arrow::Schema> schema, NextBatch next);
/// (schema capsule, array capsule).
nanobind::tuple array_capsules(const arrow::RecordBatch& batch);
nanobind::tuple array_capsules(const arrow::Field& field, const arrow::Array& values);

}  // namespace penstock::python
