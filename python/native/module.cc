// The native half of the Python package; python/penstock/__init__.py is the other.

#include <malloc.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "native/arrow_capsules.h"
#include "native/calls.h"
#include "native/errors.h"
#include "native/plain_types.h"
#include "native/row_stream.h"
#include "native/store.h"
#include "native/task.h"
#include "penstock/version.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;
using nb::literals::operator""_a;

using Batch = arrow::RecordBatch;

struct Column {
  std::shared_ptr<arrow::Field> field;
  std::shared_ptr<arrow::Array> values;
};

std::vector<Column> columns_of(const Batch& batch) {
  std::vector<Column> columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    columns.push_back({batch.schema()->field(i), batch.column(i)});
  }
  return columns;
}

void bind_batch(nb::module_& module) {
  nb::class_<Column>(module, "Column", "A column of a record batch.")
      .def(
          "__arrow_c_array__",
          [](const Column& column, const nb::object&) {
            return array_capsules(*column.field, *column.values);
          },
          "requested_schema"_a = nb::none(),
          nb::sig(
              "def __arrow_c_array__(self, requested_schema: object | None = None) -> "
              "tuple[object, object]"));
  nb::class_<Batch>(module, "Batch", "Rows as one Arrow record batch.")
      .def_prop_ro("num_rows", &Batch::num_rows)
      .def_prop_ro("num_columns", &Batch::num_columns)
      .def_prop_ro("column_names",
                   [](const Batch& batch) { return batch.schema()->field_names(); })
      .def("__len__", &Batch::num_rows)
      .def(
          "columns", &columns_of,
          "Its columns, each to be taken, and let go, by itself: what takes a batch as a "
          "whole holds the memory of all columns until the last of them is gone.")
      .def("with_plain_types", &with_plain_types,
           nb::sig("def with_plain_types(self) -> Batch"),
           "The same rows for libraries without intervals and 256-bit decimals: structs "
           "of months, days and microseconds, and text.")
      .def(
          "__arrow_c_schema__",
          [](const Batch& batch) { return schema_capsule(*batch.schema()); },
          nb::sig("def __arrow_c_schema__(self) -> object"))
      .def(
          "__arrow_c_array__",
          [](const Batch& batch, const nb::object&) { return array_capsules(batch); },
          "requested_schema"_a = nb::none(),
          nb::sig(
              "def __arrow_c_array__(self, requested_schema: object | None = None) -> "
              "tuple[object, object]"));
}

nb::list lossy_of(const RowStream& rows) {
  nb::list list;
  for (const LossyColumn& column : rows.lossy()) {
    list.append(
        nb::make_tuple(column.column, column.nulled, column.as_text, column.clamped));
  }
  return list;
}

void bind_stream(nb::module_& module) {
  nb::class_<RowStream>(module, "RowStream", "The rows of a running query.")
      .def_prop_ro("dialect", &RowStream::dialect)
      .def_prop_ro("rows", &RowStream::rows)
      .def_prop_ro("expected_rows", &RowStream::expected_rows)
      .def_prop_ro("column_names",
                   [](const RowStream& rows) { return rows.schema()->field_names(); })
      .def("lossy", &lossy_of,
           nb::sig("def lossy(self) -> list[tuple[str, int, int, int]]"))
      .def("partitions",
           [](const RowStream& rows) {
             const Partitions parts = rows.partitions();
             return std::pair(parts.how, parts.rows);
           })
      .def(
          "next", [](RowStream& rows) { return rows.next(); },
          nb::sig("def next(self) -> Batch | None"))
      .def(
          "empty",
          [](const RowStream& rows) {
            return arrow::RecordBatch::MakeEmpty(rows.schema()).ValueOrDie();
          },
          nb::sig("def empty(self) -> Batch"))
      .def("cancel", &RowStream::cancel)
      .def("close", &RowStream::close)
      .def(
          "arrow_c_schema",
          [](const RowStream& rows) { return schema_capsule(*rows.schema()); },
          nb::sig("def arrow_c_schema(self) -> object"))
      .def(
          "arrow_c_stream",
          [](const std::shared_ptr<RowStream>& rows) {
            return stream_capsule(rows->schema(), [rows] { return rows->next(); });
          },
          nb::sig("def arrow_c_stream(self) -> object"));
}

CallArguments arguments(const nb::dict& params, const nb::dict& variables,
                        const nb::dict& options, const nb::object& on_event) {
  return {params, variables, options, on_event};
}

void bind_calls(nb::module_& module) {
  nb::class_<Recipe>(module, "Source", "A recipe, or a query without one.")
      .def_ro("name", &Recipe::name)
      .def_ro("description", &Recipe::description)
      .def_ro("file", &Recipe::file)
      .def_prop_ro("sink_path", [](const Recipe& recipe) { return recipe.sink.path; });
  module.def("load_recipe", &load_recipe, "path"_a);
  module.def("query_source", &query_source,
             nb::sig("def query_source(sql: str, dsn_env: str, name: str, parameters: "
                     "dict[str, Any] = {}) -> Source"),
             "sql"_a, "dsn_env"_a, "name"_a, "parameters"_a = nb::dict());
  module.def("inspect_dsn", &inspect_dsn,
             nb::sig("def inspect_dsn(dsn_env: str, look_up: Callable[[str], list[str]]) "
                     "-> dict[str, Any]"),
             "dsn_env"_a, "look_up"_a);
  module.def(
      "open_rows",
      [](const Recipe& source, const nb::dict& params, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event) {
        return open_rows(source, arguments(params, variables, options, on_event));
      },
      nb::sig("def open_rows(source: Source, params: dict[str, Any], variables: "
              "dict[str, str], "
              "options: dict[str, Any], on_event: Callable[[str, "
              "str, dict[str, Any]], object] "
              "| None) -> RowStream"),
      "source"_a, "params"_a, "variables"_a, "options"_a, "on_event"_a.none());
  module.def(
      "fetch_file",
      [](const Recipe& source, const nb::dict& params, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event, const nb::dict& output,
         const nb::object& on_progress) {
        return fetch_file(source, arguments(params, variables, options, on_event), output,
                          on_progress);
      },
      nb::sig("def fetch_file(source: Source, params: dict[str, Any], variables: "
              "dict[str, str], "
              "options: dict[str, Any], on_event: Callable[[str, "
              "str, dict[str, Any]], object] "
              "| None, output: dict[str, Any], on_progress: Callable[..., object] | "
              "None) -> str"),
      "source"_a, "params"_a, "variables"_a, "options"_a, "on_event"_a.none(), "output"_a,
      "on_progress"_a.none());
  module.def(
      "plan_query",
      [](const Recipe& source, const nb::dict& params, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event) {
        return plan_query(source, arguments(params, variables, options, on_event));
      },
      nb::sig("def plan_query(source: Source, params: dict[str, Any], variables: "
              "dict[str, str], "
              "options: dict[str, Any], on_event: Callable[[str, "
              "str, dict[str, Any]], object] "
              "| None) -> dict[str, Any]"),
      "source"_a, "params"_a, "variables"_a, "options"_a, "on_event"_a.none());
  module.def(
      "validate_source",
      [](const Recipe& source, const nb::dict& params, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event, bool offline) {
        return validate_source(source, arguments(params, variables, options, on_event),
                               offline);
      },
      nb::sig("def validate_source(source: Source, params: dict[str, Any], variables: "
              "dict[str, str], "
              "options: dict[str, Any], on_event: Callable[[str, "
              "str, dict[str, Any]], object] "
              "| None, offline: bool) -> dict[str, Any]"),
      "source"_a, "params"_a, "variables"_a, "options"_a, "on_event"_a.none(),
      "offline"_a);
  module.def("dialects", &Engine::dialects,
             "The databases of this build, and their client libraries' versions.");
  module.def(
      "trim_memory", [] { malloc_trim(0); },
      "Gives memory that is free, but between what is not, back to the system.");
}

}  // namespace
}  // namespace penstock::python

NB_MODULE(_native, module) {
  using namespace penstock::python;
  // What another library holds to the end of the process (polars does, of a LazyFrame) is
  // no matter for a user's standard error.
  nanobind::set_leak_warnings(false);
  module.def("version", [] { return penstock::kVersion; });
  translate_errors(module);
  bind_batch(module);
  bind_stream(module);
  bind_calls(module);
  bind_store(module);
  bind_tasks(module);
}
