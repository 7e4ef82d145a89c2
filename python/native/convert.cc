#include "native/convert.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <nanobind/stl/string.h>
#include <string_view>
#include <utility>

#include "penstock/error.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;

Error usage(const std::string& code, const std::string& message,
            const std::string& hint = {}) {
  return {Category::kUsage, code, message, hint};
}

std::string type_of(nb::handle value) {
  return nb::cast<std::string>(nb::handle(value.type()).attr("__name__"));
}

// str() or the UTF-8 of a str; a lone surrogate has none.
std::string utf8(nb::handle text, const std::string& what) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data == nullptr) {
    PyErr_Clear();
    throw usage("bad_argument", what + " is not valid Unicode");
  }
  return {data, static_cast<std::size_t>(size)};
}

std::string name_of(nb::handle key, const std::string& where) {
  if (!nb::isinstance<nb::str>(key)) {
    throw usage("bad_argument", where + ": a name is a str, not " + type_of(key));
  }
  return utf8(key, where + ": a name");
}

std::int64_t integer(nb::handle value, const std::string& what) {
  const nb::object index = nb::steal<nb::object>(PyNumber_Index(value.ptr()));
  if (!index.is_valid()) {
    PyErr_Clear();
    throw usage("bad_argument", what + " is a whole number, not " + type_of(value));
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) throw usage("bad_argument", what + " is past 64 bits");
  return number;
}

bool has_index(nb::handle value) { return nb::hasattr(value, "__index__"); }

Value to_value(nb::handle value, const std::string& what) {
  if (value.is_none()) return std::monostate();
  if (nb::isinstance<nb::bool_>(value)) return value.ptr() == Py_True;
  if (nb::isinstance<nb::str>(value)) return utf8(value, what);
  if (nb::isinstance<nb::float_>(value)) return PyFloat_AsDouble(value.ptr());
  if (has_index(value)) return integer(value, what);
  throw usage("parameter_type",
              what + " is of type " + type_of(value) +
                  "; None, bool, int, float and str can be bound",
              "give a date, a time or a Decimal as its text");
}

// ---- options ----

using Seconds = std::chrono::duration<double>;

std::int64_t from_one(nb::handle value, const std::string& name,
                      std::int64_t most = INT64_MAX) {
  const std::int64_t number = integer(value, name);
  if (number < 1 || number > most) {
    throw usage("bad_argument",
                name + " is a whole number from 1" +
                    (most == INT64_MAX ? "" : " to " + std::to_string(most)));
  }
  return number;
}

std::chrono::milliseconds seconds(nb::handle value, const std::string& name,
                                  std::int64_t least, std::int64_t most) {
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw usage("bad_argument", name + " is a number of seconds, not " + type_of(value));
  }
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most))) {
    throw usage("bad_argument", name + " is a number of seconds from " +
                                    std::to_string(least) + " to " +
                                    std::to_string(most));
  }
  return std::chrono::ceil<std::chrono::milliseconds>(Seconds(number));
}

std::string word(nb::handle value, const std::string& name) {
  if (!nb::isinstance<nb::str>(value)) {
    throw usage("bad_argument", name + " is a str, not " + type_of(value));
  }
  return utf8(value, name);
}

bool truth(nb::handle value, const std::string& name) {
  if (!nb::isinstance<nb::bool_>(value)) {
    throw usage("bad_argument", name + " is True or False, not " + type_of(value));
  }
  return value.ptr() == Py_True;
}

// The position of `value` among `words`.
std::size_t one_of(nb::handle value, const std::string& name,
                   std::initializer_list<std::string_view> words) {
  const std::string given = word(value, name);
  const auto* const found = std::find(words.begin(), words.end(), given);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const std::string_view known : words) {
    all += (all.empty() ? "" : ", ") + std::string(known);
  }
  throw usage("bad_argument", name + " is one of " + all);
}

TypeName type_named(nb::handle value, const std::string& name) {
  const auto type = parse_type_name(word(value, name));
  if (!type) {
    throw usage("bad_argument", name + " is no type",
                "the types are " + std::string(type_names()));
  }
  return *type;
}

void lower(std::int64_t& cap, std::int64_t to) {
  cap = cap == 0 ? to : std::min(cap, to);
}

void lower(std::chrono::milliseconds& cap, std::chrono::milliseconds to) {
  cap = cap.count() == 0 ? to : std::min(cap, to);
}

void set_columns(nb::handle value, Query& query) {
  if (!nb::isinstance<nb::dict>(value)) {
    throw usage("bad_argument", "columns is a dict of names and types");
  }
  for (const auto& [key, type] : nb::borrow<nb::dict>(value)) {
    const std::string column = name_of(key, "columns");
    query.types.columns[column] = type_named(type, "columns['" + column + "']");
  }
}

using Set = void (*)(nb::handle, const std::string&, Query&);

const std::map<std::string, Set, std::less<>>& option_setters() {
  static const std::map<std::string, Set, std::less<>> kSetters{
      {"max_rows", [](nb::handle value, const std::string& name,
                      Query& query) { lower(query.limits.rows, from_one(value, name)); }},
      {"max_bytes",
       [](nb::handle value, const std::string& name, Query& query) {
         lower(query.limits.bytes, from_one(value, name));
       }},
      {"seconds",
       [](nb::handle value, const std::string& name, Query& query) {
         lower(query.limits.total, seconds(value, name, 0, 1'000'000));
       }},
      {"connect_timeout_seconds",
       [](nb::handle value, const std::string& name, Query& query) {
         query.limits.connect = seconds(value, name, 1, 60);
       }},
      {"statement_timeout_seconds",
       [](nb::handle value, const std::string& name, Query& query) {
         query.limits.statement = seconds(value, name, 1, 1800);
       }},
      {"batch_rows",
       [](nb::handle value, const std::string& name, Query& query) {
         query.batch.rows = from_one(value, name, 100'000);
       }},
      {"batch_bytes", [](nb::handle value, const std::string& name,
                         Query& query) { query.batch.bytes = from_one(value, name); }},
      {"on_lossy",
       [](nb::handle value, const std::string& name, Query& query) {
         query.types.on_lossy = static_cast<OnLossy>(
             one_of(value, name, {"error", "null", "text", "clamp"}));
       }},
      {"duplicates",
       [](nb::handle value, const std::string& name, Query& query) {
         query.types.duplicates =
             static_cast<Duplicates>(one_of(value, name, {"error", "rename", "keep"}));
       }},
      {"numeric", [](nb::handle value, const std::string& name,
                     Query& query) { query.types.numeric = type_named(value, name); }},
      {"tinyint1", [](nb::handle value, const std::string& name,
                      Query& query) { query.types.tinyint1 = type_named(value, name); }},
      {"bit1", [](nb::handle value, const std::string& name,
                  Query& query) { query.types.bit1 = type_named(value, name); }},
      {"columns", [](nb::handle value, const std::string&,
                     Query& query) { set_columns(value, query); }},
      {"partition_on",
       [](nb::handle value, const std::string& name, Query& query) {
         const std::string column = word(value, name);
         if (column != query.partition.column) query.partition.range.reset();
         query.partition.column = column;
       }},
      {"partitions",
       [](nb::handle value, const std::string& name, Query& query) {
         query.partition.count = from_one(value, name, 256);
       }},
      {"allow_privileged",
       [](nb::handle value, const std::string&, Query& query) {
         query.allow_privileged = truth(value, "allow_privileged");
       }},
  };
  return kSetters;
}

bool is_upper_word(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Params to_params(const nb::dict& values) {
  Params params;
  for (const auto& [key, value] : values) {
    const std::string name = name_of(key, "params");
    params.emplace(name, to_value(value, "parameter '" + name + "'"));
  }
  return params;
}

namespace {

Value to_moment(const nb::tuple& parts) {
  const auto kind = nb::cast<std::string>(parts[0]);
  const auto number = nb::cast<std::int64_t>(parts[1]);
  if (kind == "date") return Date{static_cast<std::int32_t>(number)};
  if (kind == "timedelta") return TimeDelta{number};
  return DateTime{number, nb::cast<bool>(parts[2])};
}

bool is_time(InputType type) {
  return type == InputType::kDate || type == InputType::kDateTime ||
         type == InputType::kTimeDelta;
}

Value to_input(nb::handle value, const Input& input) {
  const std::string what = "input '" + input.name + "'";
  if (nb::isinstance<nb::tuple>(value)) return to_moment(nb::borrow<nb::tuple>(value));
  if (nb::isinstance<nb::bytes>(value)) {
    const auto bytes = nb::borrow<nb::bytes>(value);
    return Bytes{std::string(bytes.c_str(), bytes.size())};
  }
  if (!nb::isinstance<nb::str>(value) || !is_time(input.type))
    return to_value(value, what);
  Task alone;
  alone.inputs = {input};
  alone.inputs[0].is_list = false;
  const auto [name, read] = parse_input(alone, input.name + "=" + utf8(value, what));
  return std::get<Value>(read);
}

InputValue to_input_value(nb::handle value, const Input& input) {
  try {
    if (!nb::isinstance<nb::list>(value)) return to_input(value, input);
    std::vector<Value> list;
    for (nb::handle one : nb::borrow<nb::list>(value)) {
      list.push_back(to_input(one, input));
    }
    return list;
  } catch (const Error& error) {
    throw Error(Category::kTask, "task_input_type", error.message(), error.hint());
  }
}

}  // namespace

Inputs to_inputs(const nb::dict& values, const Task& task) {
  Inputs inputs;
  for (const auto& [key, value] : values) {
    const std::string name = name_of(key, "inputs");
    const auto input =
        std::find_if(task.inputs.begin(), task.inputs.end(),
                     [&](const Input& declared) { return declared.name == name; });
    // One that is not declared is refused, by its name, when the task is run.
    inputs.emplace(
        name, input == task.inputs.end() ? InputValue() : to_input_value(value, *input));
  }
  return inputs;
}

Environment to_environment(const nb::dict& variables) {
  // Read under the GIL: Python changes the environment under it, too.
  if (nb::len(variables) == 0) return Environment::of_process();
  std::map<std::string, std::string, std::less<>> over;
  for (const auto& [key, value] : variables) {
    const std::string name = name_of(key, "variables");
    const bool parameter =
        name.starts_with("RECOTEM_RECIPE_") || name.starts_with("PENSTOCK_PARAM_");
    const bool dsn =
        name.starts_with("PENSTOCK_") && name.find("DSN") != std::string::npos;
    if (!is_upper_word(name) || (!parameter && !dsn)) {
      throw usage("bad_variable",
                  "variables holds DSNs and parameters: PENSTOCK_*DSN*, PENSTOCK_PARAM_* "
                  "and RECOTEM_RECIPE_*",
                  "set any other variable in the environment");
    }
    if (!nb::isinstance<nb::str>(value)) {
      throw usage("bad_argument", "variables['" + name + "'] is not a str");
    }
    over[name] = utf8(value, "variables['" + name + "']");
  }
  const nb::object process = nb::module_::import_("os").attr("environb");
  for (nb::handle item : process.attr("items")()) {
    const auto name = nb::cast<nb::bytes>(item[0]);
    const auto value = nb::cast<nb::bytes>(item[1]);
    over.emplace(std::string(name.c_str(), name.size()),
                 std::string(value.c_str(), value.size()));
  }
  return Environment(std::move(over));
}

void apply_options(const nb::dict& options, Query& query) {
  for (const auto& [key, value] : options) {
    const std::string name = name_of(key, "options");
    const auto found = option_setters().find(name);
    if (found == option_setters().end()) {
      throw usage("unknown_argument", "there is no option '" + name + "'");
    }
    if (!value.is_none()) found->second(value, name, query);
  }
  if (!query.partition.column.empty() && query.partition.count == 1 &&
      options.contains("partition_on")) {
    throw usage("missing_argument", "partition_on needs partitions",
                "for instance partitions=4");
  }
}

namespace {

// Whose mistake a path or a format is: the call's, or the recipe's.
Category blame(bool by_call) { return by_call ? Category::kUsage : Category::kRecipe; }

void choose_format(OutputOptions& output, const std::optional<Format>& given,
                   const RecipeSink& sink, bool path_given) {
  const auto by_path = format_of_path(output.path);
  std::optional<Format> declared = given;
  if (!declared && !sink.format.empty() && (!path_given || !by_path)) {
    declared = parse_format(sink.format);
  }
  if (!by_path && !declared) {
    throw Error(blame(path_given), "unknown_format",
                "the name '" + output.path + "' does not say a format",
                "end it in .parquet, .csv, .jsonl, .arrow or .arrows, or give format=");
  }
  output.format = declared ? *declared : by_path->format;
  if (!by_path) return;
  output.gzip = by_path->gzip;
  if (by_path->format != output.format) {
    throw Error(blame(path_given || given), "format_mismatch",
                "the extension of '" + output.path + "' says " +
                    std::string(to_string(by_path->format)) + ", " +
                    (given ? "format" : "sink.format") + " says " +
                    std::string(to_string(output.format)),
                "leave out one of the two");
  }
}

}  // namespace

LockOptions lock_options(const nb::dict& choices) {
  LockOptions lock;
  lock.enabled = truth(choices["lock"], "lock");
  const double seconds = PyFloat_AsDouble(nb::object(choices["lock_timeout"]).ptr());
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw usage("bad_argument", "lock_timeout is a number of seconds, or -1 for ever");
  }
  lock.timeout_seconds = seconds;
  return lock;
}

std::string run_id_of(const nb::dict& choices) {
  return word(choices["run_id"], "run_id");
}

OutputOptions output_options(const nb::dict& choices, const RecipeSink& sink) {
  const auto given = [&](const char* name) {
    return choices.contains(name) && !choices[name].is_none();
  };
  OutputOptions output;
  const bool path_given = given("out");
  output.path = path_given ? word(choices["out"], "out") : sink.path;
  if (output.path.empty() || output.path == "-") {
    throw Error(Category::kUsage, "no_output", "no output: give out=PATH, or sink.path",
                "penstock.read() gives the rows themselves");
  }
  std::optional<Format> format;
  if (given("format")) format = parse_format(word(choices["format"], "format"));
  choose_format(output, format, sink, path_given);

  // The recipe's compression belongs to the recipe's format.
  const bool same_format =
      sink.format.empty() ? !path_given : parse_format(sink.format) == output.format;
  if (given("compression")) {
    output.compression = parse_compression(word(choices["compression"], "compression"));
  } else if (!sink.compression.empty() && same_format) {
    output.compression = parse_compression(sink.compression);
  }
  if (sink.row_group_rows > 0) output.row_group_rows = sink.row_group_rows;
  if (given("row_group_rows")) {
    output.row_group_rows = from_one(choices["row_group_rows"], "row_group_rows");
  }
  if (given("content_hash"))
    output.content_hash = truth(choices["content_hash"], "content_hash");
  return output;
}

}  // namespace penstock::python
