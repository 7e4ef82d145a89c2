#include <optional>
#include <utility>

#include <arrow/record_batch.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/table.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

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

}  // namespace

int query_command(const Options& options, const Context& context) {
  Recipe recipe;
  recipe.name = "query";
  recipe.query = read_query(options, context);
  const bool as_table = !options.output && !options.format && context.out.is_terminal;
  if (as_table && options.report) {
    throw Error(Category::kUsage, "report_of_table", "a table has no receipt",
                "give -o PATH, or --format");
  }
  if (as_table) return show_table(recipe.query, options, context);
  const OutputOptions output = output_options(options, {}, context);
  const Engine engine = make_engine(context);
  return run_recipe(engine, recipe, options.parameters, output, options, context);
}

}  // namespace penstock::cli
