// What a run tells while it works, to a Python callable.
#pragma once

#include <exception>
#include <functional>
#include <nanobind/nanobind.h>
#include <stop_token>

#include "penstock/event.h"

namespace penstock::python {

/// Calls into Python from the thread that runs the work, with the GIL taken for each
/// call. What a callable raises is kept, the work is stopped, and rethrow() throws it.
///
/// Lifetime: outlives the work that was given its functions. Construct and destroy it
/// with the GIL.
class Callbacks {
 public:
  Callbacks(nanobind::object on_event, nanobind::object on_progress,
            std::stop_source stop);

  /// (level, name, fields) for each event; empty if there is no callable.
  Events events();
  /// (rows, bytes, expected rows or None, seconds).
  void progress(std::int64_t rows, std::int64_t bytes, std::int64_t expected_rows,
                double seconds);
  bool wants_progress() const { return !on_progress_.is_none(); }

  /// Runs `call` with the GIL, unless a callable has raised already; what it raises is
  /// kept, and the work is stopped.
  void guarded(const std::function<void()>& call);
  void rethrow();

 private:
  nanobind::object on_event_;
  nanobind::object on_progress_;
  std::stop_source stop_;
  std::exception_ptr raised_;
};

}  // namespace penstock::python
