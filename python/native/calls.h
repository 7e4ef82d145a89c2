// What read(), fetch(), plan() and validate() of the Python package call.
#pragma once

#include <memory>
#include <nanobind/nanobind.h>
#include <string>

#include "native/row_stream.h"
#include "penstock/recipe.h"

namespace penstock::python {

/// What every call is given beside its source.
struct CallArguments {
  nanobind::dict params;     // over the recipe's own
  nanobind::dict variables;  // DSNs and ${...}, over the environment's
  nanobind::dict options;    // convert.h, apply_options
  nanobind::object on_event;
};

/// All of a file. Throws Error{kRecipe} if it cannot be read or is larger than 16 MiB.
std::string read_text(const std::string& path);
/// A recipe's file. Throws Error{kRecipe}.
Recipe load_recipe(const std::string& path);
/// A query without a recipe; strings in `parameters` are expanded as a recipe's are.
/// Throws Error{kUsage} unless `dsn_env` may name a DSN.
Recipe query_source(const std::string& sql, const std::string& dsn_env,
                    const std::string& name, const nanobind::dict& parameters);
/// Engine::inspect, with the process's environment: {"dialect", "host", "port",
/// "database", "options", "dial_host", "tls_not_configured", "allow_private"}.
/// `look_up` is called with a name and gives its addresses. The caller holds the GIL.
nanobind::dict inspect_dsn(const std::string& dsn_env, const nanobind::object& look_up);

/// Each connects and works on a thread of its own, waits without the GIL, and stops when
/// a signal handler raises. The caller holds the GIL.
std::shared_ptr<RowStream> open_rows(const Recipe& source, const CallArguments& call);
/// The receipt, JSON.
std::string fetch_file(const Recipe& source, const CallArguments& call,
                       const nanobind::dict& output, const nanobind::object& on_progress);
/// {"dialect", "columns", "explain", "account", "routes"}.
nanobind::dict plan_query(const Recipe& source, const CallArguments& call);
/// {"dialect", "parameters", "connected"}.
nanobind::dict validate_source(const Recipe& source, const CallArguments& call,
                               bool offline);

}  // namespace penstock::python
