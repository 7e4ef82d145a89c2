// The commands: each translates its options into calls of the library, and what comes
// back into words.
#pragma once

#include <stop_token>

#include "cli/events.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "penstock/environment.h"

namespace penstock::cli {

/// What every command is given.
struct Context {
  const Environment& environment;
  const Terminal& out;  // standard output
  Messages& messages;
  std::stop_token stop;
};

/// Each returns the exit code, or throws Error.
int fetch_command(const Options& options, const Context& context);
int query_command(const Options& options, const Context& context);
int store_command(const Options& options, const Context& context);
int validate_command(const Options& options, const Context& context);
int plan_command(const Options& options, const Context& context);
int init_command(const Options& options);
int schema_command(const Options& options);
int doctor_command(const Options& options, const Context& context);
int completions_command(const Options& options);

}  // namespace penstock::cli
