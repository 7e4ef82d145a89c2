// The one place where a failure becomes words and an exit code.
#pragma once

#include <exception>
#include <string_view>

#include "cli/events.h"
#include "penstock/error.h"

namespace penstock::cli {

/// What was thrown as an Error, whatever it was. `signal` is the signal that asked for a
/// stop, or 0: it decides between kInterrupted and kTerminated.
Error as_error(const std::exception_ptr& thrown, int signal);

/// Tells it (a broken pipe is silent) and returns its exit code.
int report_error(const Error& error, Messages& messages,
                 std::string_view error_type = {});

}  // namespace penstock::cli
