// Python's values as the library's.
#pragma once

#include <nanobind/nanobind.h>
#include <optional>
#include <string>

#include "penstock/environment.h"
#include "penstock/output.h"
#include "penstock/query.h"
#include "penstock/recipe.h"
#include "penstock/task.h"
#include "penstock/value.h"

namespace penstock::python {

/// The values to bind by name. Throws Error{kUsage} for a value of a type that cannot be
/// bound, or an integer past 64 bits; never with the value.
Params to_params(const nanobind::dict& values);

/// The inputs of a task, of what input_value() of _task.py gives: None, bool, int, float,
/// str, bytes, ("date", days), ("datetime", microseconds, utc), ("timedelta",
/// microseconds), and lists of these. Text of a day, a time or a length of time is read.
/// Throws Error{kTask}, never with the value.
Inputs to_inputs(const nanobind::dict& values, const Task& task);

/// The process's environment as it is now, with `variables` over it. Throws Error{kUsage}
/// for a name that is neither a DSN's nor a parameter's: what the program itself obeys,
/// the opt-in to private hosts first of all, comes from the environment alone.
Environment to_environment(const nanobind::dict& variables);

/// Applies the options of read(), fetch(), plan() and validate(); caps are only lowered.
/// Throws Error{kUsage} for an unknown option, or a value out of its range.
void apply_options(const nanobind::dict& options, Query& query);

/// Whether two runs exclude each other, and how long one waits.
LockOptions lock_options(const nanobind::dict& choices);
/// For events and the receipt; empty: one is made.
std::string run_id_of(const nanobind::dict& choices);

/// Where a recipe's rows go and as what: what the call says, else the recipe's sink.
OutputOptions output_options(const nanobind::dict& choices, const RecipeSink& sink);

}  // namespace penstock::python
