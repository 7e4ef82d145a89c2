// Stage: faces/recipe. The first face: a recipe's rows become one file, whole or not at
// all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "penstock/engine.h"
#include "penstock/output.h"
#include "penstock/recipe.h"

namespace penstock {

/// How far a run is. Called on the thread that called fetch(), at most ten times a
/// second.
struct Progress {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;           // of Arrow data
  std::int64_t expected_rows = -1;  // -1: not known
  std::chrono::milliseconds elapsed{0};
};

struct FetchOptions {
  OutputOptions output;
  LockOptions lock;
  std::string run_id;  // for events and the receipt; empty: one is made
  Events events;
  std::function<void(const Progress&)> progress;
  std::stop_token stop;
};

/// What a run did. `to_json` is the receipt that `--report` writes.
struct Receipt {
  std::string recipe;
  std::string run_id;
  std::string dialect;
  std::string version;
  std::string query_hash;
  std::string output;  // the path, or "-"
  std::string format;
  std::string started;  // RFC 3339, UTC
  std::string finished;
  double seconds = 0;
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  std::int64_t arrow_bytes = 0;
  OutputSummary written;
  std::vector<LossyColumn> lossy;
  Partitions partitions;
};
std::string to_json(const Receipt& receipt);

/// Runs `recipe` with `params` (already expanded) and publishes the file at
/// `options.output.path`.
///
/// Either the file under its final name is complete and on disk, or it is what it was
/// before (absent, or the old file), whatever happens: an error, a signal, a killed
/// process. Decoding and encoding overlap on two threads; memory is bounded by the batch
/// and the row group, not by the result.
///
/// Throws Error; kLocked if another run holds the output.
Receipt fetch(const Engine& engine, const Recipe& recipe, const Params& params,
              const FetchOptions& options);

/// Throws the RecipeError of RS-022 if a column that `recipe` requires is not among
/// `columns`.
void check_required_columns(const Recipe& recipe,
                            const std::vector<std::string>& columns);

}  // namespace penstock
