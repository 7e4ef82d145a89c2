#include "penstock/fetch.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/run_facts.h"
#include "base/text.h"
#include "engine/transfer.h"
#include "penstock/error.h"
#include "penstock/version.h"
#include "sink/output.h"

namespace penstock {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Tells the caller at most ten times a second.
class ProgressTeller {
 public:
  ProgressTeller(const std::function<void(const Progress&)>& tell,
                 steady_clock::time_point start)
      : tell_(tell), start_(start) {}

  void tell(const Progress& so_far) {
    const auto now = steady_clock::now();
    if (!tell_ || now < next_) return;
    next_ = now + milliseconds(100);
    Progress progress = so_far;
    progress.elapsed = std::chrono::duration_cast<milliseconds>(now - start_);
    tell_(progress);
  }

 private:
  const std::function<void(const Progress&)>& tell_;
  const steady_clock::time_point start_;
  steady_clock::time_point next_ = steady_clock::time_point::min();
};

// Asked for several connections and given one: never silently.
void tell_unpartitioned(const Partitions& partitions, const Receipt& receipt,
                        const Events& events) {
  if (!events || partitions.how.empty() || !partitions.rows.empty()) return;
  events({Event::Level::kWarning,
          "sql_read_not_partitioned",
          {{"recipe", receipt.recipe},
           {"run_id", receipt.run_id},
           {"message", "one connection: " + partitions.how}}});
}

}  // namespace

void check_required_columns(const Recipe& recipe,
                            const std::vector<std::string>& columns) {
  for (const RequiredColumn& required : recipe.required_columns) {
    if (std::find(columns.begin(), columns.end(), required.name) != columns.end())
      continue;
    throw Error(Category::kRecipe, "column_not_found",
                fmt::format("column '{}' not found in query result", required.name),
                fmt::format("schema.{} names it; {}", required.role,
                            suggest(required.name, columns)));
  }
}

Receipt fetch(const Engine& engine, const Recipe& recipe, const Params& params,
              const FetchOptions& options) {
  const auto start = steady_clock::now();
  Receipt receipt;
  receipt.recipe = recipe.name;
  receipt.run_id = options.run_id.empty() ? new_run_id() : options.run_id;
  receipt.version = kVersion;
  receipt.query_hash = sha256_hex(recipe.query.sql);
  receipt.output = options.output.path;
  receipt.format = to_string(options.output.format);
  receipt.started = utc_now();

  // The caller's stop token and a failure of the sink end the query alike.
  std::stop_source cancel;
  const std::stop_callback forward(options.stop, [&] { cancel.request_stop(); });

  Output output(options.output, options.lock, options.stop);
  Query query = recipe.query;
  query.types.intervals = intervals_for(options.output.format);
  BatchStream stream = engine.open(query, params, cancel.get_token());
  receipt.dialect = stream.dialect();
  check_required_columns(recipe, stream.schema()->field_names());
  tell_unpartitioned(stream.partitions(), receipt, options.events);

  ProgressTeller teller(options.progress, start);
  Progress progress;
  progress.expected_rows = stream.expected_rows();
  const auto tell = [&](std::int64_t rows, std::int64_t bytes) {
    progress.rows = rows;
    progress.bytes = bytes;
    teller.tell(progress);
  };
  receipt.written =
      transfer(stream, output, {receipt.recipe, receipt.query_hash, receipt.dialect},
               cancel, options.stop, tell);

  receipt.rows = stream.rows();
  receipt.batches = stream.batches();
  receipt.arrow_bytes = stream.bytes();
  receipt.lossy = stream.lossy();
  receipt.partitions = stream.partitions();
  receipt.finished = utc_now();
  receipt.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  if (options.events) {
    options.events({Event::Level::kInfo,
                    "sql_fetch_complete",
                    {{"recipe", receipt.recipe},
                     {"run_id", receipt.run_id},
                     {"dialect", receipt.dialect},
                     {"rows", receipt.rows}}});
  }
  return receipt;
}

}  // namespace penstock
