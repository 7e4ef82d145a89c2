// One call's work: what it tells Python, how it is stopped, and where it runs.
#pragma once

#include <nanobind/nanobind.h>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "native/events.h"
#include "native/interruptible.h"
#include "penstock/error.h"
#include "penstock/event.h"

namespace penstock::python {

/// Construct and destroy it with the GIL.
class Job {
 public:
  explicit Job(const nanobind::object& on_event,
               const nanobind::object& on_progress = nanobind::none(),
               std::stop_source stopped_by = {})
      : stop(std::move(stopped_by)),
        callbacks(on_event, on_progress, stop),
        events(callbacks.events()) {}

  /// run_interruptible; what a callable raised goes before the error that came of it.
  template <typename Work>
  void run(Work work) {
    try {
      run_interruptible(stop, work);
    } catch (const Error&) {
      callbacks.rethrow();
      throw;
    }
    callbacks.rethrow();
  }

  /// Tells of the unknown keys of a file. Within run().
  void tell_of_keys(const std::vector<std::string>& warnings) const {
    if (!events) return;
    for (const std::string& warning : warnings) {
      events({Event::Level::kWarning, "recipe_unknown_key", {{"message", warning}}});
    }
  }

  std::stop_source stop;
  Callbacks callbacks;
  Events events;
};

}  // namespace penstock::python
