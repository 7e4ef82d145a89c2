#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/run.h"

namespace penstock::cli {
namespace {

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "RECIPE", "a recipe, YAML");
  add_output(command, options, "the recipe's sink.path");
  add_parameters(command, options, true);
  add_limits(command, options);
  add_partitions(command, options);
  add_types(command, options);
  add_lock(command, options);
  add_messages(command, options, true);
}

int run(const Options& options, const Context& context) {
  Recipe recipe = load_recipe(options.arguments.front(), context);
  apply_flags(options, recipe.query);
  const OutputOptions output = output_options(options, recipe.sink, context);
  const Params params = resolve_parameters(recipe, options, context);
  const Engine engine = make_engine(context);
  return run_recipe(engine, recipe, params, output, options, context);
}

}  // namespace

const Command kFetch{
    "fetch", "Run a recipe and write its file", "RECIPE", "recipe.yaml", flags, run};

}  // namespace penstock::cli
