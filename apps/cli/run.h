// What `fetch` and `query` share: from a recipe and flags to a file, a receipt and a
// closing line.
#pragma once

#include "cli/commands.h"
#include "penstock/fetch.h"

namespace penstock::cli {

/// Where the rows go and as what: -o, else the recipe's sink, else standard output; the
/// format by --format, else the extension, else the recipe's, else CSV for standard
/// output. Throws Error{kUsage} (Error{kRecipe} where the recipe alone is wrong) for an
/// extension that says another format, binary to a terminal, and a terminal without a
/// choice.
OutputOptions output_options(const Options& options, const RecipeSink& sink,
                             const Context& context);

/// Runs `recipe`, whose query has the flags applied. Returns the exit code: 0 also if
/// another run holds the output, unless --fail-on-busy.
int run_recipe(const Engine& engine, const Recipe& recipe, const Params& params,
               const OutputOptions& output, const Options& options,
               const Context& context);

}  // namespace penstock::cli
