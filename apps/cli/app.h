// The commands and flags, told to CLI11 once; help, parsing and completions all read
// this.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace penstock::cli {

/// An app that fills `options` when it parses; `options` must outlive it.
std::unique_ptr<CLI::App> make_app(Options& options);

/// The words that `option` takes, in the order of help; empty: any text.
std::vector<std::string> choices_of(const CLI::Option& option);

/// The help of the whole program, or of one command.
std::string help_text(const CLI::App& app);

}  // namespace penstock::cli
