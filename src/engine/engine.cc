#include "penstock/engine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "base/at_once.h"
#include "base/deadline.h"
#include "base/text.h"
#include "declare/first_word.h"
#include "declare/statement.h"
#include "engine/registry.h"
#include "engine/stream_state.h"
#include "engine/transaction_state.h"
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
  // A number past 64 bits is a whole number all the same, and is clamped.
  if (error == std::errc::result_out_of_range && stop == end) {
    return control.value.front() == '-' ? kLeastMaxRows : kMostMaxRows;
  }
  if (error != std::errc() || stop != end) {
    throw Error(Category::kConfiguration, "bad_control_value",
                fmt::format("{} is not a whole number", control.name),
                fmt::format("set it to a number of rows from {} to {}", kLeastMaxRows,
                            kMostMaxRows));
  }
  return std::clamp(rows, kLeastMaxRows, kMostMaxRows);
}

// A query that passed the guard: all that is needed to connect and run it.
struct Admitted {
  const Dialect& dialect;
  Dsn dsn;
  Target target;
  Session session;
  std::vector<Statement> statements;
  Wait whole;
  Wait connecting;

  std::unique_ptr<Connection> connect() const {
    return dialect.connect(dsn, target, session, connecting);
  }
};

void refuse_several(const Query& query, const std::vector<Statement>& statements) {
  if (statements.size() == 1 || query.access == Access::kReadWrite) return;
  throw Error(Category::kTask, "task_several_statements",
              fmt::format("the query has {} statements, and reading takes one",
                          statements.size()),
              "several run in a task with access: read_write");
}

MakeStatements bound(const Query& query, const Params& params) {
  return [&query, &params](const Lexicon& lexicon) {
    return std::vector<Statement>{bind(query, lexicon, params)};
  };
}

Admitted admit_query(const Query& query, const MakeStatements& make,
                     const Environment& environment, const Events& events,
                     std::stop_token stop) {
  const Wait whole{Deadline::after(query.limits.total), std::move(stop)};
  Dsn dsn = resolve_dsn(query.connection, environment);
  if (query.access == Access::kReadWrite) require_writable(dsn);
  const Dialect& dialect = dialect_for(dsn);
  std::vector<Statement> statements = make(dialect.lexicon());
  refuse_several(query, statements);
  Session session{query.access, query.limits, query.allow_privileged};
  session.limits.connect = connect_limit(dsn, query.limits.connect);
  // The server's own limit, for when we cannot stop what runs there.
  if (query.limits.total.count() > 0) {
    session.limits.statement = std::min(query.limits.statement, query.limits.total);
  }
  const Wait connecting{whole.deadline.sooner(Deadline::after(session.limits.connect)),
                        whole.stop};
  Target target = admit(dialect.routes(dsn), Policy::of(environment), resolve_by_system,
                        connecting.deadline, connecting.stop);
  if (events && tls_not_configured(dsn)) {
    events({Event::Level::kWarning,
            "sql_dsn_tls_not_configured",
            {{"dialect", dsn.dialect},
             {"dsn_env", dsn.variable.empty() ? dsn.place() : dsn.variable}}});
  }
  return {dialect, std::move(dsn), std::move(target), session, std::move(statements),
          whole,   connecting};
}

// Runs `call`; what it throws holds no secret of the connection (RS-026).
template <class Call>
auto redacted(const Redactor& redactor, Call&& call) {
  try {
    return call();
  } catch (const Error& error) {
    throw redactor(error);
  }
}

// Where a connection goes, for a person; never credentials.
std::vector<std::string> describe(const Routes& routes, const Target& target) {
  std::vector<std::string> lines;
  for (const Routes::File& file : routes.files) {
    lines.push_back(file.path.empty() ? "in memory"
                                      : fmt::format("file {}", printable(file.path)));
  }
  for (const IpAddress& address : target.addresses()) {
    lines.push_back(fmt::format("{} at {} port {}", printable(target.name()),
                                to_string(address), target.port()));
  }
  if (!target.unix_socket().empty()) {
    lines.push_back(fmt::format("socket {}", printable(target.unix_socket())));
  }
  return lines;
}

std::vector<IpAddress> addresses_of(const std::string& host, const LookUpHost& look_up) {
  std::vector<IpAddress> addresses;
  for (const std::string& text : look_up(host)) {
    const auto address = parse_ip(text);
    if (!address) {
      throw Error(Category::kRefused, "bad_address",
                  fmt::format("host '{}' has an address that is no plain IP address",
                              printable(host)));
    }
    addresses.push_back(*address);
  }
  return addresses;
}

ReadOptions read_options(const Query& query, std::int64_t cap) {
  ReadOptions options{query.batch, query.types};
  options.batch.rows =
      std::clamp<std::int64_t>(options.batch.rows, 1, std::min(kMostBatchRows, cap));
  options.batch.bytes = std::clamp<std::int64_t>(options.batch.bytes, 1, kMostBatchBytes);
  return options;
}

std::vector<QueryPlan::Column> columns_of(std::vector<ColumnFacts> facts) {
  std::vector<QueryPlan::Column> columns;
  for (ColumnFacts& column : facts) {
    columns.push_back({std::move(column.name), std::move(column.declared),
                       std::move(column.arrow), std::move(column.hint)});
  }
  return columns;
}

// A statement that is not the first may need what one before it makes, so that not being
// able to prepare it is no error yet.
QueryPlan::Change change_of(Connection& connection, const Statement& statement,
                            const Admitted& admitted, const ReadOptions& options,
                            bool first) {
  QueryPlan::Change change;
  change.word = first_word(statement, admitted.dialect.lexicon());
  change.committed_by_server = admitted.dialect.commits_by_itself(statement);
  ChangeFacts facts;
  try {
    facts = connection.describe_change(statement, options);
  } catch (const Error& error) {
    if (first || error.category() != Category::kDataSource) throw;
    change.unknown = admitted.dsn.redactor(error).message();
  }
  for (std::size_t i = 0; i < statement.values.size(); ++i) {
    change.parameters.push_back({statement.names[i],
                                 std::string(type_name(statement.values[i])),
                                 i < facts.parameters.size() ? facts.parameters[i] : ""});
  }
  change.columns = columns_of(std::move(facts.columns));
  change.explain = std::move(facts.explain);
  return change;
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
  return open_made(query, bound(query, params), std::move(stop));
}

BatchStream Engine::open_made(const Query& query, const MakeStatements& make,
                              std::stop_token stop) const {
  auto state = std::make_unique<BatchStream::State>();
  state->caller_stops.emplace(
      std::move(stop), [source = state->stop]() mutable { source.request_stop(); });
  const Admitted admitted =
      admit_query(query, make, environment_, events_, state->stop.get_token());
  const std::int64_t cap = row_cap(query.limits);
  state->dialect = admitted.dialect.name();
  state->cap = {cap, cap == max_rows_ ? max_rows_name_ : "limits.rows"};
  state->max_bytes = query.limits.bytes;
  state->redactor = admitted.dsn.redactor;
  redacted(admitted.dsn.redactor, [&] {
    if (query.partition.count > 1) {
      state->connections = admitted.dialect.connect_group(
          admitted.dsn, admitted.target, admitted.session, admitted.connecting,
          admitted.statements.front(), query.partition, &state->partitioned_how);
    } else {
      state->connections.push_back(admitted.connect());
    }
    // RS-014: from executing to the last row.
    const Wait reading{
        admitted.whole.deadline.sooner(Deadline::after(query.limits.statement)),
        admitted.whole.stop};
    state->time_limit =
        time_limit(query.limits, admitted.whole.deadline, reading.deadline);
    try {
      start(*state, admitted.statements.front(), query, read_options(query, cap),
            reading);
    } catch (const Error& error) {
      throw named(error, state->time_limit);
    }
  });
  state->begin();
  return BatchStream(std::move(state));
}

// One cursor a session where there are several, and the query can be split.
void Engine::start(BatchStream::State& state, const Statement& statement,
                   const Query& query, const ReadOptions& options, const Wait& wait) {
  Connection& first = *state.connections.front();
  if (state.connections.size() == 1) {
    state.cursor = first.execute(statement, options, wait);
    return;
  }
  const auto parts =
      first.split(statement, query.partition, wait, &state.partitioned_how);
  if (parts.size() == 1) {
    state.cursor = first.execute(statement, options, wait);
    return;
  }
  state.connections.resize(parts.size());
  // At once, since rows may be sorted, or looked ahead at, before one comes.
  std::vector<std::unique_ptr<Cursor>> cursors(parts.size());
  at_once(parts.size(), [&](std::size_t i) {
    try {
      cursors[i] = state.connections[i]->execute(parts[i], options, wait);
    } catch (...) {
      state.stop.request_stop();  // the others' work is for nothing
      throw;
    }
  });
  auto cursor = std::make_unique<PartitionedCursor>(std::move(cursors), state.stop);
  state.partitioned = cursor.get();
  state.cursor = std::move(cursor);
}

QueryPlan Engine::plan(const Query& query, const Params& params,
                       std::stop_token stop) const {
  return plan_made(query, bound(query, params), std::move(stop));
}

QueryPlan Engine::plan_made(const Query& query, const MakeStatements& make,
                            std::stop_token stop) const {
  Admitted opened = admit_query(query, make, environment_, events_, std::move(stop));
  opened.session.plan_only = true;
  QueryPlan plan;
  plan.dialect = opened.dialect.name();
  const ReadOptions options = read_options(query, row_cap(query.limits));
  redacted(opened.dsn.redactor, [&] {
    const auto connection = opened.connect();
    plan.account = connection->account();
    if (query.access == Access::kReadWrite) {
      for (const Statement& one : opened.statements) {
        plan.changes.push_back(
            change_of(*connection, one, opened, options, plan.changes.empty()));
      }
      return;
    }
    const Statement& statement = opened.statements.front();
    plan.columns = columns_of(connection->describe(statement, options));
    plan.explain = connection->explain(statement);
  });
  plan.routes = describe(opened.dialect.routes(opened.dsn), opened.target);
  return plan;
}

Transaction Engine::begin(const Query& query, const MakeStatements& make,
                          std::stop_token stop) const {
  if (query.access != Access::kReadWrite) {
    throw Error(Category::kRefused, "not_a_read", "the query may only read",
                "access: read_write allows a task to change rows");
  }
  auto state = std::make_unique<Transaction::State>();
  state->caller_stops.emplace(
      std::move(stop), [source = state->stop]() mutable { source.request_stop(); });
  Admitted admitted =
      admit_query(query, make, environment_, events_, state->stop.get_token());
  const std::int64_t cap = row_cap(query.limits);
  state->dialect = &admitted.dialect;
  state->name = admitted.dialect.name();
  state->cap = {cap, cap == max_rows_ ? max_rows_name_ : "limits.rows"};
  state->limits = query.limits;
  state->options = read_options(query, cap);
  state->whole = admitted.whole;
  state->redactor = admitted.dsn.redactor;
  redacted(state->redactor, [&] { state->connection = admitted.connect(); });
  state->statements = std::move(admitted.statements);
  return Transaction(std::move(state));
}

void Engine::probe(const Query& query, std::stop_token stop) const {
  Query select_one = query;
  select_one.sql = "SELECT 1";
  select_one.types = {};
  BatchStream rows = open(select_one, {}, std::move(stop));
  while (rows.next()) {
  }
}

std::vector<View> Engine::views(const Query& query, std::stop_token stop) const {
  Query listing = query;
  listing.sql = dialect_for(resolve_dsn(query.connection, environment_)).views();
  listing.types = {};
  BatchStream rows = open(listing, {}, std::move(stop));
  std::vector<View> views;
  while (const auto batch = rows.next()) {
    const auto text = [&](int column, std::int64_t row) {
      return batch->column(column)->GetScalar(row).ValueOrDie()->ToString();
    };
    for (std::int64_t row = 0; row < batch->num_rows(); ++row)
      views.push_back({text(0, row), text(1, row)});
  }
  return views;
}

Query Engine::all_of(const Query& query, const View& view) const {
  const Dialect& dialect = dialect_for(resolve_dsn(query.connection, environment_));
  Query all = query;
  all.sql = fmt::format("SELECT * FROM {}.{}", dialect.quoted(view.schema),
                        dialect.quoted(view.name));
  return all;
}

void Engine::allow_writers(const Query& query, std::stop_token stop) const {
  // A server needs no telling, and is not looked up for nothing.
  if (resolve_dsn(query.connection, environment_).path.empty()) return;
  Query select_one = query;
  select_one.sql = "SELECT 1";
  const Params none;
  const Admitted admitted =
      admit_query(select_one, bound(select_one, none), environment_, {}, std::move(stop));
  const std::string trouble = admitted.dialect.allow_writers(
      admitted.dsn, admitted.target, admitted.session, admitted.connecting);
  if (trouble.empty() || !events_) return;
  events_({Event::Level::kWarning,
           "wal_not_set",
           {{"dsn_env", admitted.dsn.variable},
            {"message", fmt::format("the write-ahead log of the database file could not "
                                    "be set: {}",
                                    trouble)}}});
}

DsnFacts Engine::inspect(const ConnectionConfig& connection,
                         const LookUpHost& look_up) const {
  const Dsn dsn = read_dsn(connection, environment_);
  const Policy policy = Policy::of(environment_);
  const Routes routes = dialect_for(dsn).routes(dsn);
  if (routes.network && !policy.allow_private) {
    admit(routes, policy,
          [&](const std::string& host, Deadline, const std::stop_token&) {
            return addresses_of(host, look_up);
          },
          Deadline::never(), {});
  }
  return {dsn.dialect,
          dsn.host,
          dsn.port,
          routes.network ? dsn.database : dsn.path,
          dsn.options,
          routes.dial_host,
          tls_not_configured(dsn),
          policy.allow_private};
}

std::optional<std::string> Engine::dialect_of(const ConnectionConfig& connection) const {
  try {
    return resolve_dsn(connection, environment_).dialect;
  } catch (const Error&) {
    return std::nullopt;
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
