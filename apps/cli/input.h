// Files and standard input, read whole; recipes with the flags that change them.
#pragma once

#include <string>

#include "cli/commands.h"
#include "penstock/manifest.h"
#include "penstock/recipe.h"

namespace penstock::cli {

/// All of a file, "-" being standard input. Throws Error{kRecipe} if it cannot be read or
/// is larger than 16 MiB, Error{kInterrupted} when stopped while it waits.
std::string read_text(const std::string& path, const std::stop_token& stop);

/// Checks the text of a recipe, which was read from `path`; its warnings become events.
Recipe recipe_of(const std::string& text, const std::string& path,
                 const Context& context);
Recipe load_recipe(const std::string& path, const Context& context);

/// The same of a manifest.
Manifest manifest_of(const std::string& text, const std::string& path,
                     const Context& context);
Manifest load_manifest(const std::string& path, const Context& context);

/// The recipe's parameters, expanded, with those of -p in their place.
Params resolve_parameters(const Recipe& recipe, const Options& options,
                          const Context& context);

/// The engine, reporting to `context`.
Engine make_engine(const Context& context);
Events events_to(Messages& messages);

/// Flags only lower a cap.
void apply_flags(const Options& options, Query& query);

}  // namespace penstock::cli
