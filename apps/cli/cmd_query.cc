#include <optional>
#include <utility>

#include <arrow/record_batch.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/table.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

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

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "SQL", "the query; - reads it from standard input");
  add_text(
      command, "--dsn-env", "NAME",
      [&options](const std::string& value) { set_dsn_variable(options, value); },
      "the environment variable that holds the DSN", "Input");
  add_text(
      command, "--file", "FILE",
      [&options](const std::string& value) { options.sql_file = value; },
      "read the query from a file", "Input");
  add_output(command, options, "a table, or CSV");
  add_parameters(command, options, false);
  add_limits(command, options);
  add_partitions(command, options);
  add_types(command, options);
  add_lock(command, options);
  add_messages(command, options, true);
}

Query read_query(const Options& options, const Context& context) {
  if (options.dsn_env.empty()) {
    throw Error(Category::kUsage, "missing_option",
                "'penstock query' needs --dsn-env NAME",
                "NAME is the environment variable that holds the DSN");
  }
  const bool has_text = !options.arguments.empty();
  if (has_text == options.sql_file.has_value()) {
    throw Error(Category::kUsage, "missing_argument",
                "'penstock query' needs one of SQL, --file FILE and -");
  }
  Query query;
  query.name = "query";
  query.connection.dsn_env = options.dsn_env;
  if (options.sql_file) {
    query.sql = read_text(*options.sql_file, context.stop);
    query.origin.file = *options.sql_file;
  } else if (options.arguments.front() == "-") {
    query.sql = read_text("-", context.stop);
  } else {
    query.sql = options.arguments.front();
  }
  apply_flags(options, query);
  return query;
}

int show_table(const Query& query, const Options& options, const Context& context) {
  const Engine engine = make_engine(context);
  std::optional<ProgressLine> progress;
  progress.emplace(context.messages, options.progress, query.name);
  BatchStream rows = engine.open(query, options.parameters, context.stop);
  Table table(*rows.schema(), context.out);
  while (const auto batch = rows.next()) {
    progress.reset();  // the rows themselves show how far it is
    write_stdout(table.rows(*batch));
    if (context.stop.stop_requested()) {
      throw Error(Category::kInterrupted, "interrupted", "interrupted");
    }
  }
  progress.reset();
  write_stdout(table.footer());
  return 0;
}

int run(const Options& options, const Context& context) {
  Recipe recipe;
  recipe.name = "query";
  recipe.query = read_query(options, context);
  const bool as_table = !options.output && !options.format && context.out.is_terminal;
  if (as_table) {
    refuse_flags(options, {"--report", "--compression", "--row-group-rows"}, "a table",
                 "give -o PATH, or --format");
    return show_table(recipe.query, options, context);
  }
  const OutputOptions output = output_options(options, {}, context);
  const Engine engine = make_engine(context);
  return run_recipe(engine, recipe, options.parameters, output, options, context);
}

}  // namespace

const Command kQuery{"query",
                     "Run a query without a recipe",
                     "--dsn-env NAME (SQL | --file FILE | -)",
                     nullptr,
                     flags,
                     run};

}  // namespace penstock::cli
