// Stage: faces/recipe. Is a recipe sound, and does its database answer? Reads no data.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "penstock/engine.h"
#include "penstock/recipe.h"

namespace penstock {

struct Validation {
  /// "sqlite", ...; empty if the DSN's variable is not set, so that nothing is known of
  /// the database (offline only).
  std::string dialect;
  /// Names of the query's parameters in order of first use; empty where `dialect` is.
  std::vector<std::string> parameters;
  bool connected = false;
};

/// Scans the query by the rules of its DSN's dialect and joins it with `params` (already
/// expanded); then, unless `offline`, connects and runs SELECT 1 (RS-023). Offline with
/// no DSN set, the query is not scanned: which rules apply is not known.
///
/// Throws Error, as Engine::open.
Validation validate(const Engine& engine, const Recipe& recipe, const Params& params,
                    bool offline, std::stop_token stop = {});

}  // namespace penstock
