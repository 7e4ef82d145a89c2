// Another program's standard output.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/deadline.h"

namespace penstock {

/// How a command ended that gave no usable output.
enum class CommandEnd { kDone, kNotStarted, kFailed, kTooLong, kTimeout, kStopped };

struct CommandResult {
  CommandEnd end = CommandEnd::kDone;
  int status = 0;  // kFailed: the exit status, or 128 and the signal; kNotStarted: errno
  std::string output;  // at most `most_bytes`
};

/// Runs `command` (a program, found by PATH, and its arguments; never a shell's text)
/// with this process's environment, standard input and standard error closed, and no
/// signal blocked. It, and what it started, is killed when the time is over or a stop is
/// asked for.
CommandResult run_command(const std::vector<std::string>& command, std::size_t most_bytes,
                          Deadline deadline, const std::stop_token& stop);

}  // namespace penstock
