#include "cli/commands.h"
#include "cli/flags.h"
#include "penstock/recipe.h"

namespace penstock::cli {
namespace {

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "KIND", "recipe, task, manifest");
  add_messages(command, options, false);
}

int run(const Options& options, const Context& /*context*/) {
  std::string schema = json_schema(options.arguments.front());
  if (!schema.ends_with('\n')) schema += '\n';
  write_stdout(schema);
  return 0;
}

}  // namespace

const Command kSchema{
    "schema", "Print the JSON Schema of a file", "KIND", "recipe", flags, run};

}  // namespace penstock::cli
