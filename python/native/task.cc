#include "native/task.h"

#include <memory>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/record_batch.h>

#include "native/calls.h"
#include "native/convert.h"
#include "native/job.h"
#include "native/row_stream.h"
#include "penstock/error.h"
#include "penstock/run_task.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;
using nb::literals::operator""_a;

/// What a run is given beside its task.
struct RunArguments {
  nb::dict inputs;     // input_value() of each, see _task.py
  nb::dict variables;  // as of CallArguments
  nb::dict options;
  nb::object on_event;
  nb::object secrets;  // (group, key, version) -> str or None; or None
};

// A task made ready, as Prepared is a recipe.
class Prepared : public Job {
 public:
  Prepared(const Task& given, const RunArguments& run)
      : Job(run.on_event),
        task(given),
        inputs(to_inputs(run.inputs, given)),
        environment_(to_environment(run.variables)),
        secrets_(run.secrets) {
    apply_options(run.options, task.query);
  }

  template <typename Work>
  void run_with_engine(Work work) {
    run([&] {
      tell_of_keys(task.warnings);
      work(Engine(environment_, events));
    });
  }

  // The caller's own first. Valid as long as this object.
  std::vector<SecretProvider> providers() {
    std::vector<SecretProvider> all = default_secret_providers(environment_);
    if (!secrets_.is_none()) {
      all.insert(all.begin(), [this](const SecretRef& ref) { return ask(ref); });
    }
    return all;
  }

  Task task;
  Inputs inputs;

 private:
  std::optional<Secret> ask(const SecretRef& ref) {
    std::optional<Secret> found;
    callbacks.guarded([&] {
      const nb::object given = secrets_(ref.group, ref.key, ref.version);
      if (given.is_none()) return;
      if (!nb::isinstance<nb::str>(given)) {
        PyErr_SetString(PyExc_TypeError, "secrets gives a str or None");
        throw nb::python_error();
      }
      found.emplace(nb::cast<std::string>(given));
    });
    return found;
  }

  Environment environment_;
  nb::object secrets_;
};

std::shared_ptr<RowStream> open_rows_of(const Task& task, const RunArguments& run) {
  Prepared job(task, run);
  std::optional<TaskRows> rows;
  job.run_with_engine([&](const Engine& engine) {
    rows.emplace(
        open_task(engine, job.task, job.inputs, job.providers(), job.stop.get_token()));
  });
  return std::make_shared<RowStream>(RowSource(std::move(*rows)), job.stop);
}

// The receipt, and the rows that a change gave.
std::pair<std::string, std::shared_ptr<RowStream>> run_whole(const Task& task,
                                                             const RunArguments& run,
                                                             const nb::dict& output) {
  Prepared job(task, run);
  TaskOptions options;
  HeldRows held;
  if (output.contains("out") && !output["out"].is_none()) {
    options.output = output_options(output, {});
    options.rows_required = true;
  } else {
    options.on_schema = [&](const auto& schema) { held.schema = schema; };
    options.on_batch = [&](const auto& batch) { held.batches.push_back(batch); };
  }
  options.lock = lock_options(output);
  options.run_id = run_id_of(output);
  options.secrets = job.providers();
  options.events = job.events;
  options.stop = job.stop.get_token();
  TaskReport report;
  job.run_with_engine([&](const Engine& engine) {
    report = run_task(engine, job.task, job.inputs, options);
  });
  std::shared_ptr<RowStream> rows;
  if (held.schema) {
    held.dialect = report.dialect;
    held.lossy = report.lossy;
    rows = std::make_shared<RowStream>(RowSource(std::move(held)), job.stop);
  }
  return {to_json(report), rows};
}

const char* word_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::kAny:
      return "any";
    case OutputKind::kNone:
      return "none";
    case OutputKind::kColumns:
      break;
  }
  return "columns";
}

// (name, type as a file has it, whether it must be given, whether none is a value,
// choices, description).
nb::list inputs_of(const Task& task) {
  nb::list list;
  for (const Input& input : task.inputs) {
    Input bare = input;
    bare.nullable = false;
    const std::string type =
        input.type == InputType::kChoice ? "choice" : to_string(bare);
    list.append(nb::make_tuple(input.name, type, !input.otherwise, input.nullable,
                               input.choices, input.description));
  }
  return list;
}

nb::list columns_of(const Task& task) {
  nb::list list;
  for (const OutputColumn& column : task.output) {
    list.append(nb::make_tuple(column.name, column.type, column.nullable));
  }
  return list;
}

// (argument, group, key, version); not those that a command gives.
nb::list secrets_of(const Task& task) {
  nb::list list;
  for (const auto& [argument, ref] : task.secrets) {
    if (ref.command.empty())
      list.append(nb::make_tuple(argument, ref.group, ref.key, ref.version));
  }
  return list;
}

void bind_task(nb::module_& module) {
  nb::class_<Task>(module, "TaskFile", "A task, read.")
      .def_ro("name", &Task::name)
      .def_ro("description", &Task::description)
      .def_prop_ro("query", [](const Task& task) { return task.query.sql; })
      .def_prop_ro(
          "writes",
          [](const Task& task) { return task.query.access == Access::kReadWrite; })
      .def_prop_ro("output_kind",
                   [](const Task& task) { return word_of(task.output_kind); })
      .def("inputs", &inputs_of,
           nb::sig("def inputs(self) -> list[tuple[str, str, bool, bool, list[str], "
                   "str]]"))
      .def("columns", &columns_of,
           nb::sig("def columns(self) -> list[tuple[str, str, bool]]"))
      .def("secrets", &secrets_of,
           nb::sig("def secrets(self) -> list[tuple[str, str, str, str]]"))
      .def("to_json", [](const Task& task) { return to_json(task); });
}

}  // namespace

void bind_tasks(nb::module_& module) {
  bind_task(module);
  module.def(
      "parse_task",
      [](const std::string& text, const std::string& file) {
        return parse_task(text, file, read_text);
      },
      "text"_a, "file"_a);
  module.def(
      "open_task",
      [](const Task& task, const nb::dict& inputs, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event, const nb::object& secrets) {
        return open_rows_of(task, {inputs, variables, options, on_event, secrets});
      },
      nb::sig("def open_task(task: TaskFile, inputs: dict[str, Any], variables: "
              "dict[str, str], options: dict[str, Any], on_event: Callable[[str, str, "
              "dict[str, Any]], object] | None, secrets: Callable[[str, str, str], str "
              "| None] | None) -> RowStream"),
      "task"_a, "inputs"_a, "variables"_a, "options"_a, "on_event"_a.none(),
      "secrets"_a.none());
  module.def(
      "run_task",
      [](const Task& task, const nb::dict& inputs, const nb::dict& variables,
         const nb::dict& options, const nb::object& on_event, const nb::object& secrets,
         const nb::dict& output) {
        return run_whole(task, {inputs, variables, options, on_event, secrets}, output);
      },
      nb::sig("def run_task(task: TaskFile, inputs: dict[str, Any], variables: "
              "dict[str, str], options: dict[str, Any], on_event: Callable[[str, str, "
              "dict[str, Any]], object] | None, secrets: Callable[[str, str, str], str "
              "| None] | None, output: dict[str, Any]) -> tuple[str, RowStream | None]"),
      "task"_a, "inputs"_a, "variables"_a, "options"_a, "on_event"_a.none(),
      "secrets"_a.none(), "output"_a);
}

}  // namespace penstock::python
