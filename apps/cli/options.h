// The command line, as typed values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/events.h"
#include "cli/progress.h"
#include "penstock/output.h"
#include "penstock/types.h"
#include "penstock/value.h"

namespace penstock::cli {

/// Every flag of every command; a command reads those it has.
struct Options {
  std::string command;
  std::vector<std::string> flags;  // those that were given, by their long names
  /// RECIPE, SQL, FILE..., KIND, SHELL; of `store`: MANIFEST, ACTION, KEY
  std::vector<std::string> arguments;

  // What to run
  std::string dsn_env;
  std::optional<std::string> sql_file;
  Params parameters;                             // -p
  std::map<std::string, std::string> variables;  // --env-var
  bool offline = false;
  std::vector<std::string> inputs;  // -i, as given: their types are the task's
  std::optional<std::string> inputs_file;
  bool describe = false;

  // Where to and how
  std::optional<std::string> output;
  std::optional<Format> format;
  std::optional<Compression> compression;
  std::optional<std::int64_t> row_group_rows;
  std::optional<std::string> report;
  LockOptions lock;
  bool fail_on_busy = false;

  // How much, and what of it
  std::optional<std::int64_t> batch_rows;
  std::optional<std::int64_t> batch_bytes;
  std::optional<std::int64_t> max_rows;
  std::optional<std::int64_t> max_bytes;
  std::optional<OnLossy> on_lossy;
  std::optional<TypeName> numeric;

  std::optional<std::string> partition_on;
  std::optional<std::int64_t> partitions;

  // What of a store
  bool recursive = false;
  bool details = false;
  bool templates = false;
  std::optional<std::int64_t> max_depth;

  // What is said
  MessageOptions messages;
  ProgressMode progress = ProgressMode::kAuto;
  bool json = false;
};

/// Text that was asked for in place of a run: --help, --version.
struct HelpText {
  std::string text;
};

/// Throws Error{kUsage}. No message repeats an argument that may hold a DSN. `messages`
/// is set as far as the log format is known, so that an error in the other arguments is
/// told in it.
std::variant<Options, HelpText> parse_command_line(int argc, const char* const* argv,
                                                   Messages& messages);

}  // namespace penstock::cli
