// The commands: each translates its options into calls of the library, and what comes
// back into words.
#pragma once

#include <stop_token>
#include <string_view>
#include <vector>

#include "cli/events.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "penstock/environment.h"

namespace CLI {
class App;
}

namespace penstock::cli {

/// What every command is given.
struct Context {
  const Environment& environment;
  const Terminal& out;  // standard output
  Messages& messages;
  std::stop_token stop;
};

/// One command, whole in its own file cmd_NAME.cc.
struct Command {
  const char* name;
  const char* description;
  const char* usage;    // its arguments, in help
  const char* example;  // of the argument that it cannot do without; null: it can
  /// Adds its arguments and flags, which fill `options`.
  void (*flags)(CLI::App* command, Options& options);
  /// Returns the exit code, or throws Error.
  int (*run)(const Options& options, const Context& context);
};

extern const Command kFetch;
extern const Command kQuery;
extern const Command kRun;
extern const Command kStore;
extern const Command kValidate;
extern const Command kPlan;
extern const Command kInit;
extern const Command kSchema;
extern const Command kDoctor;
extern const Command kCompletions;

/// All of them, in the order of help.
const std::vector<const Command*>& commands();
const Command& command_named(std::string_view name);

}  // namespace penstock::cli
