#include "cli/flags.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/units.h"
#include "penstock/limits.h"
#include "penstock/recipe.h"

namespace penstock::cli {
namespace {

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

struct Choice {
  std::string_view option;
  std::vector<std::string> words;
};

const std::vector<Choice>& choices() {
  static const std::vector<Choice> kChoices{
      {"--format", {"parquet", "csv", "jsonl", "arrow", "arrows"}},
      {"--on-lossy", {"error", "null", "text", "clamp"}},
      {"--progress", {"auto", "always", "never"}},
      {"--log-format", {"auto", "text", "json"}},
      {"KIND", {"recipe", "task", "manifest"}},
      {"ACTION", {"ls", "tree", "glob", "stat", "cat", "get", "health"}},
      {"SHELL", {"bash", "zsh", "fish"}},
  };
  return kChoices;
}

void refuse_url(std::string_view option, std::string_view value) {
  if (value.find("://") == std::string_view::npos) return;
  throw Error(Category::kUsage, "url_for_path",
              fmt::format("{} takes a path on this machine, not a URL", option));
}

std::size_t choice(std::string_view option, const std::string& value) {
  for (const Choice& known : choices()) {
    if (known.option != option) continue;
    for (std::size_t i = 0; i < known.words.size(); ++i) {
      if (known.words[i] == value) return i;
    }
    throw bad_value(option, fmt::format("one of {}", fmt::join(known.words, ", ")),
                    value);
  }
  throw std::logic_error("an option without choices");
}

template <typename Enum>
void enumerated(CLI::App* command, const std::string& name, Enum& target,
                const std::string& help, const std::string& group) {
  command
      ->add_option_function<std::string>(
          name,
          [name, &target](const std::string& value) {
            target = static_cast<Enum>(choice(name, value));
          },
          help)
      ->type_name("WORD")
      ->group(group);
}

void whole_number(CLI::App* command, const std::string& name,
                  std::optional<std::int64_t>& target, std::int64_t most,
                  const std::string& help, const std::string& group) {
  const auto read = [name, most, &target](const std::string& value) {
    target = parse_count(value);
    if (target && *target >= 1 && *target <= most) return;
    throw bad_value(name,
                    most == kAny ? "a whole number from 1"
                                 : fmt::format("a whole number from 1 to {}", most),
                    value);
  };
  command->add_option_function<std::string>(name, read, help)
      ->type_name("N")
      ->group(group);
}

void byte_count(CLI::App* command, const std::string& name,
                std::optional<std::int64_t>& target, const std::string& help,
                const std::string& group) {
  const auto read = [name, &target](const std::string& value) {
    target = parse_bytes(value);
    if (!target || *target < 1)
      throw bad_value(name, "bytes, such as 500MB or 2GiB", value);
  };
  command->add_option_function<std::string>(name, read, help)
      ->type_name("BYTES")
      ->group(group);
}

// --env-var feeds parameters. A DSN given this way would stand in the argument list for
// all to see.
void add_variable(Options& options, const std::string& argument) {
  const auto equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  const bool ours =
      name.starts_with("PENSTOCK_PARAM_") || name.starts_with("RECOTEM_RECIPE_");
  const bool word = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                    std::string::npos;
  if (equals == std::string::npos || !ours || !word) {
    throw Error(
        Category::kUsage, "bad_env_var",
        "--env-var takes NAME=VALUE with a name of PENSTOCK_PARAM_* or RECOTEM_RECIPE_*",
        "it feeds ${NAME} in query_parameters and nothing else");
  }
  if (name.find("DSN") != std::string::npos) {
    throw Error(
        Category::kUsage, "dsn_on_command_line",
        "--env-var feeds query_parameters; a DSN is never taken from the command line",
        fmt::format("export {} in the environment", name));
  }
  options.variables[name] = argument.substr(equals + 1);
}

}  // namespace

Error bad_value(std::string_view option, std::string_view takes, std::string_view value) {
  const std::string given =
      looks_like_dsn(value) ? "" : fmt::format(", not '{}'", printable(value));
  return {Category::kUsage, "bad_option_value",
          fmt::format("{} takes {}{}", option, takes, given)};
}

void add_text(CLI::App* command, const std::string& name, const std::string& type,
              const std::function<void(const std::string&)>& read,
              const std::string& help, const std::string& group) {
  command->add_option_function<std::string>(name, read, help)
      ->type_name(type)
      ->group(group);
}

void add_messages(CLI::App* command, Options& options, bool with_progress) {
  const std::string group = "Messages";
  if (with_progress) {
    enumerated(command, "--progress", options.progress,
               "auto (on a terminal), always, never", group);
  }
  enumerated(command, "--log-format", options.messages.format,
             "auto (text on a terminal, else JSON lines), text, json", group);
  command->add_flag("-q,--quiet", options.messages.quiet, "warnings and errors only")
      ->group(group);
  command->add_flag("-v,--verbose", options.messages.verbose, "say more")->group(group);
}

void add_json(CLI::App* command, Options& options) {
  command->add_flag("--json", options.json, "JSON on standard output")->group("Output");
}

void add_parameters(CLI::App* command, Options& options, bool with_variables) {
  const auto read = [&options](const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      auto [name, parsed] = parse_parameter(value);
      if (!options.parameters.emplace(name, std::move(parsed)).second) {
        throw Error(Category::kUsage, "duplicate_parameter",
                    fmt::format("-p {} is given more than once", name));
      }
    }
  };
  command
      ->add_option_function<std::vector<std::string>>(
          "-p,--param", read, "a parameter, over the file's; NAME:str=007 forces a type")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group("Parameters");
  if (!with_variables) return;
  const auto read_variables = [&options](const std::vector<std::string>& values) {
    for (const std::string& value : values) add_variable(options, value);
  };
  command
      ->add_option_function<std::vector<std::string>>(
          "--env-var", read_variables, "a value for ${NAME} in query_parameters")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group("Parameters");
}

void add_types(CLI::App* command, Options& options) {
  const std::string group = "Types";
  const auto on_lossy = [&options](const std::string& value) {
    options.on_lossy = static_cast<OnLossy>(choice("--on-lossy", value));
  };
  add_text(command, "--on-lossy", "WORD", on_lossy,
           "a value with no exact place: error, null, text, clamp", group);
  const auto numeric = [&options](const std::string& value) {
    using enum TypeName::Kind;
    options.numeric = parse_type_name(value);
    const bool fits = options.numeric && (options.numeric->kind == kText ||
                                          options.numeric->kind == kFloat64 ||
                                          options.numeric->kind == kDecimal);
    if (!fits) throw bad_value("--numeric", "text, float64 or decimal(p,s)", value);
  };
  add_text(command, "--numeric", "TYPE", numeric,
           "numbers of no precision as text, float64, decimal(p,s)", group);
}

void add_output_path(CLI::App* command, Options& options, const std::string& help) {
  const auto read = [&options](const std::string& value) {
    if (value.empty()) throw bad_value("-o", "a path, or - for standard output", value);
    refuse_url("-o", value);
    options.output = value;
  };
  add_text(command, "-o,--output", "PATH", read, help, "Output");
}

void add_output(CLI::App* command, Options& options, const std::string& otherwise) {
  const std::string group = "Output";
  add_output_path(command, options, "where to write, - for stdout; else " + otherwise);
  add_text(
      command, "--format", "WORD",
      [&options](const std::string& value) { options.format = parse_format(value); },
      "parquet, csv, jsonl, arrow (file), arrows (stream)", group);
  add_text(
      command, "--compression", "NAME[:LEVEL]",
      [&options](const std::string& value) {
        options.compression = parse_compression(value);
      },
      "none, snappy, gzip, brotli, zstd, lz4 (Parquet: zstd:3)", group);
  whole_number(command, "--row-group-rows", options.row_group_rows, kAny,
               fmt::format("Parquet: rows of a row group, at most ({})",
                           OutputOptions().row_group_rows),
               group);
  add_text(
      command, "--report", "FILE",
      [&options](const std::string& value) {
        if (value.empty()) throw bad_value("--report", "a path", value);
        refuse_url("--report", value);
        options.report = value;
      },
      "write a JSON receipt: times, counts, content hash", group);
}

void add_limits(CLI::App* command, Options& options) {
  const std::string group = "Limits";
  whole_number(command, "--max-rows", options.max_rows, kAny,
               "fail past so many rows; only lowers a cap", group);
  byte_count(command, "--max-bytes", options.max_bytes,
             "fail past so many bytes of data; only lowers a cap", group);
  whole_number(command, "--batch-rows", options.batch_rows, 100'000,
               fmt::format("rows of a batch, at most ({})", BatchSize().rows), group);
  byte_count(command, "--batch-bytes", options.batch_bytes,
             fmt::format("bytes of a batch, about ({}MiB)", BatchSize().bytes >> 20),
             group);
}

void add_partitions(CLI::App* command, Options& options) {
  const std::string group = "Parts";
  add_text(
      command, "--partition-on", "COLUMN",
      [&options](const std::string& value) {
        if (value.empty()) throw bad_value("--partition-on", "a column's name", value);
        options.partition_on = value;
      },
      "read in ranges of this column of numbers", group);
  whole_number(command, "--partitions", options.partitions, 256,
               "read in so many parts, a connection each (1)", group);
}

void add_lock(CLI::App* command, Options& options) {
  const std::string group = "Lock";
  command
      ->add_flag("--fail-on-busy", options.fail_on_busy,
                 "exit 6, not 0, if another run holds the output")
      ->group(group);
  const auto read = [&options](const std::string& value) {
    const bool forever = value == "-1";
    std::size_t end = 0;
    double seconds = -1;
    try {
      seconds = std::stod(value, &end);
    } catch (const std::exception&) {
      end = 0;
    }
    const bool fits =
        end == value.size() && !value.empty() && seconds >= 0 && seconds <= 1e9;
    if (!fits && !forever) {
      throw bad_value("--lock-timeout", "seconds from 0, or -1 to wait for ever", value);
    }
    options.lock.timeout_seconds = seconds;
  };
  add_text(command, "--lock-timeout", "SECONDS", read,
           "wait so long for another run to end (0); -1 for ever", group);
  command
      ->add_flag_callback(
          "--no-lock", [&options] { options.lock.enabled = false; },
          "do not lock the output")
      ->group(group);
}

void add_argument(CLI::App* command, Options& options, const std::string& name,
                  const std::string& help) {
  const auto read = [&options](const std::string& value) {
    options.arguments.push_back(value);
  };
  add_text(command, name, "", read, help, "Arguments");
}

void add_inputs(CLI::App* command, Options& options) {
  command
      ->add_option("-i,--input", options.inputs,
                   "an input of the task, by its declared type")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group("Inputs");
  add_text(
      command, "--inputs", "FILE",
      [&options](const std::string& value) { options.inputs_file = value; },
      "inputs from a JSON file; - reads standard input; -i wins", "Inputs");
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  for (const Choice& known : choices()) {
    if (option.check_name(std::string(known.option))) return known.words;
  }
  return {};
}

void refuse_flags(const Options& options, std::initializer_list<std::string_view> flags,
                  std::string_view whom, std::string_view hint) {
  for (const std::string_view flag : flags) {
    const auto& given = options.flags;
    if (std::find(given.begin(), given.end(), flag) == given.end()) continue;
    throw Error(Category::kUsage, "unfit_option",
                fmt::format("{} takes no {}", whom, flag), std::string(hint));
  }
}

}  // namespace penstock::cli
