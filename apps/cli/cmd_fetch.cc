#include "cli/commands.h"
#include "cli/input.h"
#include "cli/run.h"

namespace penstock::cli {

int fetch_command(const Options& options, const Context& context) {
  Recipe recipe = load_recipe(options.arguments.front(), context);
  apply_flags(options, recipe.query);
  const OutputOptions output = output_options(options, recipe.sink, context);
  const Params params = resolve_parameters(recipe, options, context);
  const Engine engine = make_engine(context);
  return run_recipe(engine, recipe, params, output, options, context);
}

}  // namespace penstock::cli
