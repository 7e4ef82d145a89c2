// Completion scripts, made from the same commands and flags that are parsed.
#pragma once

#include <string>

#include "cli/app.h"

namespace penstock::cli {

/// For bash, zsh or fish. Throws Error{kUsage} naming them.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace penstock::cli
