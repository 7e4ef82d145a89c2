#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/report_errors.h"
#include "cli/run.h"
#include "penstock/error.h"
#include "penstock/run_task.h"
#include "penstock/store.h"
#include "penstock/validate.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Outcome {
  std::string file;
  std::string name;
  Validation validation;
  std::optional<StoreValidation> store;  // of a manifest
  std::optional<Error> error;
};

int exit_code(const Outcome& outcome) {
  return outcome.error ? traits(outcome.error->category()).exit_code : 0;
}

void check_manifest(const std::string& text, Outcome& outcome, const Options& options,
                    const Context& context) {
  refuse_flags(options, {"--param", "--env-var"}, "a manifest",
               "only a recipe's parameters are given so");
  const Manifest manifest = manifest_of(text, outcome.file, context);
  outcome.name = manifest.name;
  outcome.store = validate(make_engine(context), manifest, options.offline, context.stop);
  outcome.validation.dialect = outcome.store->dialect;
  outcome.validation.connected = outcome.store->connected;
}

void check_task(const std::string& text, Outcome& outcome, const Options& options,
                const Context& context) {
  refuse_flags(options, {"--param", "--env-var"}, "a task",
               "only a recipe's parameters are given so");
  const Task task = task_of(text, outcome.file, context);
  outcome.name = task.name;
  outcome.validation.dialect =
      validate_task(make_engine(context), task, options.offline, context.stop);
  outcome.validation.connected = !options.offline;
  for (const Input& input : task.inputs)
    outcome.validation.parameters.push_back(input.name);
}

void check_recipe(const std::string& text, Outcome& outcome, const Options& options,
                  const Context& context) {
  const Recipe recipe = recipe_of(text, outcome.file, context);
  outcome.name = recipe.name;
  if (!recipe.sink.path.empty()) output_options({}, recipe.sink, context);
  const Params params = resolve_parameters(recipe, options, context);
  outcome.validation =
      validate(make_engine(context), recipe, params, options.offline, context.stop);
}

Outcome check(const std::string& file, const Options& options, const Context& context) {
  Outcome outcome{file, {}, {}, {}, {}};
  try {
    const std::string text = read_text(file, context.stop);
    switch (kind_of_file(text, file)) {
      case FileKind::kTask:
        check_task(text, outcome, options, context);
        break;
      case FileKind::kManifest:
        check_manifest(text, outcome, options, context);
        break;
      case FileKind::kRecipe:
        check_recipe(text, outcome, options, context);
        break;
    }
  } catch (const Error& error) {
    if (error.category() == Category::kInterrupted) throw;
    // With several files, a message that does not start with its file is no use.
    const bool has_file = error.message().find(file) != std::string::npos;
    outcome.error.emplace(
        error.category(), error.code(),
        has_file ? error.message() : fmt::format("{}: {}", file, error.message()),
        error.hint(), error.sqlstate());
  }
  return outcome;
}

std::string text_of(const Outcome& outcome) {
  const Validation& found = outcome.validation;
  std::string text =
      fmt::format("ok: {}: {}", harmless(outcome.file), harmless(outcome.name));
  if (outcome.store) {
    text += fmt::format(", {} {}", outcome.store->keys,
                        outcome.store->keys == 1 ? "key" : "keys");
    if (outcome.store->templates > 0)
      text += fmt::format(", {} with parameters", outcome.store->templates);
  }
  if (found.dialect.empty()) {
    return text + ", the query was not scanned: its dialect is not known without a DSN\n";
  }
  text += ", " + found.dialect;
  if (!found.parameters.empty()) {
    text += fmt::format(", parameters {}", fmt::join(found.parameters, ", "));
  }
  return text +
         (found.connected ? ", SELECT 1 answered\n" : ", not connected (--offline)\n");
}

std::string json_of(const Outcome& outcome) {
  Json json{{"file", outcome.file}, {"ok", !outcome.error}};
  if (outcome.error) {
    const CategoryTraits& kind = traits(outcome.error->category());
    json["error_type"] = kind.error_type;
    json["code"] = outcome.error->code();
    json["message"] = outcome.error->message();
    json["hint"] = outcome.error->hint();
    json["exit_code"] = kind.exit_code;
  } else {
    const Validation& found = outcome.validation;
    json["name"] = outcome.name;
    json["dialect"] = found.dialect.empty() ? Json(nullptr) : Json(found.dialect);
    json["scanned"] = !found.dialect.empty();
    json["parameters"] = found.parameters;
    json["connected"] = found.connected;
    if (outcome.store) {
      json["keys"] = outcome.store->keys;
      json["templates"] = outcome.store->templates;
    }
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void flags(CLI::App* command, Options& options) {
  command->add_option("FILE", options.arguments, "recipes, tasks and manifests")
      ->type_name("")
      ->group("Arguments");
  command->add_flag("--offline", options.offline, "do not connect")->group("Input");
  add_parameters(command, options, true);
  add_json(command, options);
  add_messages(command, options, false);
}

int run(const Options& options, const Context& context) {
  std::vector<Outcome> failures;
  for (const std::string& file : options.arguments) {
    Outcome outcome = check(file, options, context);
    if (options.json) {
      write_stdout(json_of(outcome));
    } else if (!outcome.error && !context.messages.quiet()) {
      write_stdout(text_of(outcome));
    }
    if (outcome.error) failures.push_back(std::move(outcome));
  }
  // The worst comes last, so that the last line has the exit code.
  std::stable_sort(
      failures.begin(), failures.end(),
      [](const Outcome& a, const Outcome& b) { return exit_code(a) < exit_code(b); });
  int code = 0;
  for (const Outcome& failure : failures)
    code = report_error(*failure.error, context.messages);
  return code;
}

}  // namespace

const Command kValidate{"validate", "Check files and that their database answers",
                        "FILE...",  "recipe.yaml",
                        flags,      run};

}  // namespace penstock::cli
