// Waiting without the GIL, so that other Python threads run, and with Ctrl-C.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <nanobind/nanobind.h>
#include <stop_token>

namespace penstock::python {

/// How often a wait looks for signals; what Ctrl-C is late by, at most.
inline constexpr std::chrono::milliseconds kSignalPoll{50};

/// Lets Python run its signal handlers, on its main thread (elsewhere this does nothing).
/// What a handler raised, KeyboardInterrupt for one, or null. The caller holds the GIL.
std::exception_ptr run_signal_handlers();

/// Runs `work` on a thread of its own. The caller holds the GIL, gives it away while it
/// waits, and lets Python handle signals: when a handler raises, `stop` is asked to stop,
/// `work` is waited for, and what the handler raised is thrown. Otherwise what `work`
/// threw is thrown.
void run_interruptible(std::stop_source stop, const std::function<void()>& work);

}  // namespace penstock::python
