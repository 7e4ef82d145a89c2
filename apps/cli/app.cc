#include "cli/app.h"

#include <array>
#include <functional>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/units.h"
#include "penstock/error.h"
#include "penstock/limits.h"
#include "penstock/recipe.h"
#include "penstock/version.h"

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
      {"KIND", {"recipe", "manifest"}},
      {"ACTION", {"ls", "tree", "glob", "stat", "cat", "get", "health"}},
      {"SHELL", {"bash", "zsh", "fish"}},
  };
  return kChoices;
}

// A DSN in the wrong place is never repeated.
Error bad_value(std::string_view option, std::string_view takes, std::string_view value) {
  const std::string given =
      looks_like_dsn(value) ? "" : fmt::format(", not '{}'", printable(value));
  return {Category::kUsage, "bad_option_value",
          fmt::format("{} takes {}{}", option, takes, given)};
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

template <typename Read>
void text(CLI::App* command, const std::string& name, const std::string& type, Read read,
          const std::string& help, const std::string& group) {
  command->add_option_function<std::string>(name, read, help)
      ->type_name(type)
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
  text(command, "--on-lossy", "WORD", on_lossy,
       "a value with no exact place: error, null, text, clamp", group);
  const auto numeric = [&options](const std::string& value) {
    using enum TypeName::Kind;
    options.numeric = parse_type_name(value);
    const bool fits = options.numeric && (options.numeric->kind == kText ||
                                          options.numeric->kind == kFloat64 ||
                                          options.numeric->kind == kDecimal);
    if (!fits) throw bad_value("--numeric", "text, float64 or decimal(p,s)", value);
  };
  text(command, "--numeric", "TYPE", numeric,
       "numbers of no precision as text, float64, decimal(p,s)", group);
}

void add_output(CLI::App* command, Options& options, const std::string& otherwise) {
  const std::string group = "Output";
  text(
      command, "-o,--output", "PATH",
      [&options](const std::string& value) {
        if (value.empty())
          throw bad_value("-o", "a path, or - for standard output", value);
        refuse_url("-o", value);
        options.output = value;
      },
      "where to write, - for stdout; else " + otherwise, group);
  text(
      command, "--format", "WORD",
      [&options](const std::string& value) { options.format = parse_format(value); },
      "parquet, csv, jsonl, arrow (file), arrows (stream)", group);
  text(
      command, "--compression", "NAME[:LEVEL]",
      [&options](const std::string& value) {
        options.compression = parse_compression(value);
      },
      "none, snappy, gzip, brotli, zstd, lz4 (Parquet: zstd:3)", group);
  whole_number(command, "--row-group-rows", options.row_group_rows, kAny,
               fmt::format("Parquet: rows of a row group, at most ({})",
                           OutputOptions().row_group_rows),
               group);
  text(
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
  text(
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
  text(command, "--lock-timeout", "SECONDS", read,
       "wait so long for another run to end (0); -1 for ever", group);
  command
      ->add_flag_callback(
          "--no-lock", [&options] { options.lock.enabled = false; },
          "do not lock the output")
      ->group(group);
}

void add_argument(CLI::App* command, Options& options, const std::string& name,
                  const std::string& help) {
  const auto read = [&options](const std::string& value) { options.arguments = {value}; };
  text(command, name, "", read, help, "Arguments");
}

void add_fetch(CLI::App& app, Options& options) {
  CLI::App* const fetch = app.add_subcommand("fetch", "Run a recipe and write its file");
  add_argument(fetch, options, "RECIPE", "a recipe, YAML");
  add_output(fetch, options, "the recipe's sink.path");
  add_parameters(fetch, options, true);
  add_limits(fetch, options);
  add_partitions(fetch, options);
  add_types(fetch, options);
  add_lock(fetch, options);
  add_messages(fetch, options, true);
}

// Never repeats the value: it may be a DSN, or a password.
void set_dsn_variable(Options& options, const std::string& value) {
  if (is_dsn_variable(value)) {
    options.dsn_env = value;
    return;
  }
  if (looks_like_dsn(value)) {
    throw Error(
        Category::kUsage, "dsn_on_command_line",
        "--dsn-env takes the name of an environment variable, not a DSN",
        "export PENSTOCK_DSN='...' and give --dsn-env PENSTOCK_DSN; anyone on the "
        "machine can read a process's arguments");
  }
  throw Error(Category::kUsage, "bad_dsn_env",
              "--dsn-env takes a name that matches PENSTOCK_[A-Z0-9_]+ or "
              "RECOTEM_RECIPE_[A-Z0-9_]+",
              "export the DSN under such a name, for instance PENSTOCK_DSN");
}

void add_query(CLI::App& app, Options& options) {
  CLI::App* const query = app.add_subcommand("query", "Run a query without a recipe");
  add_argument(query, options, "SQL", "the query; - reads it from standard input");
  text(
      query, "--dsn-env", "NAME",
      [&options](const std::string& value) { set_dsn_variable(options, value); },
      "the environment variable that holds the DSN", "Input");
  text(
      query, "--file", "FILE",
      [&options](const std::string& value) { options.sql_file = value; },
      "read the query from a file", "Input");
  add_output(query, options, "a table, or CSV");
  add_parameters(query, options, false);
  add_limits(query, options);
  add_partitions(query, options);
  add_types(query, options);
  add_lock(query, options);
  add_messages(query, options, true);
}

// One of several arguments that stand one after the other.
void add_next_argument(CLI::App* command, Options& options, const std::string& name,
                       const std::string& help) {
  const auto read = [&options, name](const std::string& value) {
    if (name == "ACTION") choice(name, value);
    options.arguments.push_back(value);
  };
  text(command, name, "", read, help, "Arguments");
}

void add_store(CLI::App& app, Options& options) {
  CLI::App* const store =
      app.add_subcommand("store", "Read a manifest's queries as a tree of files");
  add_next_argument(store, options, "MANIFEST", "a manifest, YAML");
  add_next_argument(store, options, "ACTION", "ls, tree, glob, stat, cat, get, health");
  add_next_argument(store, options, "KEY", "a key; a folder for ls, a pattern for glob");
  const std::string group = "Listing";
  store->add_flag("-R,--recursive", options.recursive, "ls: at any depth")->group(group);
  const auto depth = [&options](const std::string& value) {
    options.max_depth = parse_count(value);
    if (!options.max_depth)
      throw bad_value("--max-depth", "a whole number from 0", value);
  };
  text(store, "--max-depth", "N", depth, "ls, tree: so many folders deep, at most",
       group);
  store->add_flag("-l,--long", options.details, "ls, glob: size and time, too")
      ->group(group);
  store
      ->add_flag("--templates", options.templates,
                 "ls: the keys that need parameters, and which")
      ->group(group);
  text(
      store, "-o,--output", "PATH",
      [&options](const std::string& value) {
        if (value.empty())
          throw bad_value("-o", "a path, or - for standard output", value);
        refuse_url("-o", value);
        options.output = value;
      },
      "get: where to write, - for stdout; else the key's own name", "Output");
  add_json(store, options);
  add_lock(store, options);
  add_messages(store, options, true);
}

void add_checks(CLI::App& app, Options& options) {
  CLI::App* const validate =
      app.add_subcommand("validate", "Check files and that their database answers");
  validate->add_option("FILE", options.arguments, "recipes and manifests, YAML")
      ->type_name("")
      ->group("Arguments");
  validate->add_flag("--offline", options.offline, "do not connect")->group("Input");
  add_parameters(validate, options, true);
  add_json(validate, options);
  add_messages(validate, options, false);

  CLI::App* const plan = app.add_subcommand(
      "plan", "Show columns, parameters, EXPLAIN and rights; read no row");
  add_argument(plan, options, "FILE", "a recipe or a manifest, YAML");
  add_parameters(plan, options, true);
  add_types(plan, options);
  add_json(plan, options);
  add_messages(plan, options, false);
}

void add_helpers(CLI::App& app, Options& options) {
  CLI::App* const init = app.add_subcommand("init", "Write a commented starter");
  add_argument(init, options, "KIND", "recipe (default), manifest");
  text(
      init, "-o,--output", "PATH",
      [&options](const std::string& value) { options.output = value; },
      "a new file; otherwise standard output", "Output");
  add_messages(init, options, false);

  CLI::App* const schema =
      app.add_subcommand("schema", "Print the JSON Schema of a file");
  add_argument(schema, options, "KIND", "recipe, manifest");
  add_messages(schema, options, false);

  CLI::App* const doctor =
      app.add_subcommand("doctor", "Show what this build and this machine can do");
  add_json(doctor, options);
  add_messages(doctor, options, false);

  CLI::App* const completions =
      app.add_subcommand("completions", "Print a completion script for a shell");
  add_argument(completions, options, "SHELL", "bash, zsh, fish");
  add_messages(completions, options, false);
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Options& options) {
  auto app = std::make_unique<CLI::App>(
      "The rows of a declared query, whole and exact, in one file", "penstock");
  app->set_help_flag("-h,--help", "show this help, or a command's");
  app->set_version_flag("--version", kVersion, "show the version");
  app->allow_extras()->require_subcommand(0, 1);
  add_fetch(*app, options);
  add_query(*app, options);
  add_store(*app, options);
  add_checks(*app, options);
  add_helpers(*app, options);
  for (CLI::App* const command :
       app->get_subcommands([](const CLI::App*) { return true; })) {
    command->allow_extras();
    command->set_help_flag("-h,--help", "show this help")->group("Messages");
    command->callback([&options, command] { options.command = command->get_name(); });
  }
  return app;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  for (const Choice& known : choices()) {
    if (option.check_name(std::string(known.option))) return known.words;
  }
  return {};
}

}  // namespace penstock::cli
