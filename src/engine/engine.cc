#include "penstock/engine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "base/deadline.h"
#include "base/text.h"
#include "declare/statement.h"
#include "engine/registry.h"
#include "guard/dsn.h"
#include "guard/target.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// RS-020.
constexpr std::int64_t kDefaultMaxRows = 50'000'000;
constexpr std::int64_t kLeastMaxRows = 1'000;
constexpr std::int64_t kMostMaxRows = 500'000'000;
// RS-021.
constexpr std::int64_t kMostBatchRows = 100'000;
constexpr std::int64_t kMostBatchBytes = 1024LL * 1024 * 1024;

constexpr const char* kMaxRowsDocumented = "RECOTEM_MAX_SQL_ROWS";

std::int64_t parse_max_rows(const Environment::Control& control) {
  std::int64_t rows = 0;
  const char* end = control.value.data() + control.value.size();
  const auto [stop, error] = std::from_chars(control.value.data(), end, rows);
  if (error != std::errc() || stop != end) {
    throw Error(Category::kConfiguration, "bad_control_value",
                fmt::format("{} is not a whole number", control.name),
                fmt::format("set it to a number of rows from {} to {}", kLeastMaxRows,
                            kMostMaxRows));
  }
  return std::clamp(rows, kLeastMaxRows, kMostMaxRows);
}

struct RowCap {
  std::int64_t rows;
  std::string name;  // what set it: "RECOTEM_MAX_SQL_ROWS", "limits.rows"
};

Error too_many_rows(const RowCap& cap) {
  return Error(
      Category::kLimit, "row_limit",
      fmt::format("query result exceeds {}={} rows; tighten the query or raise the cap",
                  cap.name, cap.rows));
}

}  // namespace

struct BatchStream::State {
  std::string dialect;
  RowCap cap;
  std::int64_t max_bytes = 0;
  // The cursor goes first: members are destroyed from the last to the first.
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Cursor> cursor;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::int64_t batches = 0;
  bool ended = false;
  std::exception_ptr failure;

  std::shared_ptr<arrow::RecordBatch> read() {
    auto batch = cursor->next();
    if (!batch) return batch;
    rows += batch->num_rows();
    bytes += arrow::util::TotalBufferSize(*batch);
    ++batches;
    if (rows > cap.rows) throw too_many_rows(cap);
    if (max_bytes > 0 && bytes > max_bytes) {
      throw Error(Category::kLimit, "byte_limit",
                  fmt::format("query result exceeds the limit of {} bytes; tighten the "
                              "query or raise the cap",
                              max_bytes),
                  "limits.bytes in the recipe, --max-bytes on the command line");
    }
    return batch;
  }
};

BatchStream::BatchStream(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
BatchStream::BatchStream(BatchStream&&) noexcept = default;
BatchStream& BatchStream::operator=(BatchStream&&) noexcept = default;
BatchStream::~BatchStream() = default;

const std::shared_ptr<arrow::Schema>& BatchStream::schema() const noexcept {
  return state_->cursor->schema();
}
const std::string& BatchStream::dialect() const noexcept { return state_->dialect; }
std::int64_t BatchStream::rows() const noexcept { return state_->rows; }
std::int64_t BatchStream::bytes() const noexcept { return state_->bytes; }
std::int64_t BatchStream::batches() const noexcept { return state_->batches; }
std::int64_t BatchStream::expected_rows() const noexcept {
  return state_->cursor->expected_rows();
}

std::shared_ptr<arrow::RecordBatch> BatchStream::next() {
  if (state_->failure) std::rethrow_exception(state_->failure);
  if (state_->ended) return nullptr;
  try {
    auto batch = state_->read();
    state_->ended = batch == nullptr;
    return batch;
  } catch (...) {
    state_->failure = std::current_exception();
    throw;
  }
}

std::vector<LossyColumn> BatchStream::lossy() const {
  std::vector<LossyColumn> columns;
  const Ledger ledger = state_->cursor->ledger();
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    const LossyCounts& counts = ledger[i];
    if (counts.nulled + counts.as_text + counts.clamped == 0) continue;
    columns.push_back({schema()->field(static_cast<int>(i))->name(), counts.nulled,
                       counts.as_text, counts.clamped});
  }
  return columns;
}

namespace {

// A connection that passed the guard, and the statement for it.
struct Opened {
  const Dialect* dialect;
  std::unique_ptr<Connection> connection;
  Statement statement;
  Wait wait;
};

Opened open_connection(const Query& query, const Params& params,
                       const Environment& environment, const Events& events,
                       std::stop_token stop) {
  const Wait whole{Deadline::after(query.limits.total), std::move(stop)};
  const Dsn dsn = resolve_dsn(query.connection, environment);
  const Dialect& dialect = dialect_for(dsn);
  Statement statement = bind(query, dialect.lexicon(), params);
  const Wait connecting{whole.deadline.sooner(Deadline::after(query.limits.connect)),
                        whole.stop};
  const Target target = admit(dialect.routes(dsn), Policy::of(environment),
                              resolve_by_system, connecting.deadline, connecting.stop);
  if (events && tls_not_configured(dsn)) {
    events({Event::Level::kWarning,
            "sql_dsn_tls_not_configured",
            {{"dialect", dsn.dialect}, {"dsn_env", dsn.variable}}});
  }
  const Session session{query.access, query.limits, query.allow_privileged};
  auto connection = dialect.connect(dsn, target, session, connecting);
  return {&dialect, std::move(connection), std::move(statement), whole};
}

ReadOptions read_options(const Query& query, std::int64_t cap) {
  ReadOptions options{query.batch, query.types};
  options.batch.rows =
      std::clamp<std::int64_t>(options.batch.rows, 1, std::min(kMostBatchRows, cap));
  options.batch.bytes = std::clamp<std::int64_t>(options.batch.bytes, 1, kMostBatchBytes);
  return options;
}

}  // namespace

Engine::Engine(Environment environment, Events events)
    : environment_(std::move(environment)),
      events_(std::move(events)),
      max_rows_(kDefaultMaxRows),
      max_rows_name_(kMaxRowsDocumented) {
  if (const auto control = environment_.control("MAX_SQL_ROWS")) {
    max_rows_ = parse_max_rows(*control);
    max_rows_name_ = control->name;
  }
  Policy::of(environment_);  // a bad value is an error now, not at the first query
}

std::int64_t Engine::row_cap(const Limits& limits) const noexcept {
  return limits.rows > 0 ? std::min(limits.rows, max_rows_) : max_rows_;
}

BatchStream Engine::open(const Query& query, const Params& params,
                         std::stop_token stop) const {
  Opened opened = open_connection(query, params, environment_, events_, std::move(stop));
  const std::int64_t cap = row_cap(query.limits);
  auto state = std::make_unique<BatchStream::State>();
  state->dialect = opened.dialect->name();
  state->cap = {cap, cap == max_rows_ ? max_rows_name_ : "limits.rows"};
  state->max_bytes = query.limits.bytes;
  state->connection = std::move(opened.connection);
  // RS-014: from executing to the last row.
  const Wait reading{opened.wait.deadline.sooner(Deadline::after(query.limits.statement)),
                     opened.wait.stop};
  state->cursor =
      state->connection->execute(opened.statement, read_options(query, cap), reading);
  return BatchStream(std::move(state));
}

QueryPlan Engine::plan(const Query& query, const Params& params,
                       std::stop_token stop) const {
  Opened opened = open_connection(query, params, environment_, events_, std::move(stop));
  QueryPlan plan;
  plan.dialect = opened.dialect->name();
  const ReadOptions options = read_options(query, row_cap(query.limits));
  for (ColumnFacts& column : opened.connection->describe(opened.statement, options)) {
    plan.columns.push_back(
        {std::move(column.name), std::move(column.declared), std::move(column.arrow)});
  }
  plan.explain = opened.connection->explain(opened.statement);
  plan.account = opened.connection->account();
  for (const Routes::File& file :
       opened.dialect->routes(resolve_dsn(query.connection, environment_)).files) {
    plan.routes.push_back(
        file.path.empty() ? "in memory" : fmt::format("file {}", printable(file.path)));
  }
  return plan;
}

void Engine::probe(const Query& query, std::stop_token stop) const {
  Query select_one = query;
  select_one.sql = "SELECT 1";
  select_one.types = {};
  BatchStream rows = open(select_one, {}, std::move(stop));
  while (rows.next()) {
  }
}

std::map<std::string, std::string> Engine::dialects() {
  std::map<std::string, std::string> versions;
  for (const auto& dialect : penstock::dialects()) {
    versions.emplace(dialect->name(), dialect->client_version());
  }
  return versions;
}

}  // namespace penstock
