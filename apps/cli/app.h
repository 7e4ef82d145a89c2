// The commands and flags, told to CLI11 once; help, parsing and completions all read
// this.
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace penstock::cli {

/// An app that fills `options` when it parses; `options` must outlive it.
std::unique_ptr<CLI::App> make_app(Options& options);

/// The help of the whole program, or of one command.
std::string help_text(const CLI::App& app);

}  // namespace penstock::cli
