// Stage: engine. The spine: a Query in, record batches out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/environment.h"
#include "penstock/event.h"
#include "penstock/query.h"
#include "penstock/time_limit.h"

namespace penstock {

struct Lexicon;
struct ReadOptions;
struct Statement;
struct Wait;
class Transaction;

/// Makes a query's statements by the lexical rules of the database it goes to.
using MakeStatements = std::function<std::vector<Statement>(const Lexicon&)>;

/// Values of one column that had no exact place, and what became of them.
struct LossyColumn {
  std::string column;
  std::int64_t nulled = 0;
  std::int64_t as_text = 0;
  std::int64_t clamped = 0;
};

/// A read that was asked to be partitioned.
struct Partitions {
  std::string how;  // "ctid ranges of public.t", or why it was not; empty: not asked for
  std::vector<std::int64_t>
      rows;  // given so far by each partition; empty: one connection
};

/// Rows as Arrow record batches, in the order the database gives them.
///
/// Thread contract: one thread at a time. Lifetime: batches own their memory and outlive
/// the stream. Destroying an unfinished stream cancels the query and waits until the
/// database has let go of it. At the end, after an error and when the time limit has
/// passed, whether next() is called or not, the database has been let go of.
class BatchStream {
 public:
  BatchStream(BatchStream&&) noexcept;
  BatchStream& operator=(BatchStream&&) noexcept;
  ~BatchStream();

  /// Known before the first batch, also of an empty result.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept;
  const std::string& dialect() const noexcept;

  /// The next batch (never empty), or null at the end. After an error or the end every
  /// further call gives the same. Throws Error: kLimit (rows, bytes), kTimeout,
  /// kInterrupted (the stop token), kDataSource.
  std::shared_ptr<arrow::RecordBatch> next();

  /// After which next() throws kTimeout. Whoever waits for a reader of the rows waits no
  /// longer.
  const TimeLimit& time_limit() const noexcept;

  std::int64_t rows() const noexcept;
  std::int64_t bytes() const noexcept;  // of Arrow data
  std::int64_t batches() const noexcept;
  /// Rows the result will have, if the database could say so beforehand; else -1. An
  /// estimate, for progress only.
  std::int64_t expected_rows() const noexcept;
  /// Columns with at least one lossy value; complete once next() has given null.
  std::vector<LossyColumn> lossy() const;
  /// What became of `Query::partition`.
  Partitions partitions() const;

 private:
  friend class Engine;
  friend class Transaction;
  struct State;
  explicit BatchStream(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// What `plan` shows: everything that is known without reading a row.
struct QueryPlan {
  struct Column {
    std::string name;
    std::string declared;  // the database's own type name, or empty
    std::string arrow;  // the Arrow type; "by the first rows" where only values can tell
    std::string hint;   // what a user might do about it, or empty
  };
  struct Parameter {
    std::string name;
    std::string type;      // of the value that is bound: "int"
    std::string declared;  // the database's own type name, or empty
  };
  /// One statement of a query that may write.
  struct Change {
    std::string word;  // its first: "UPDATE"
    std::vector<Parameter> parameters;
    std::vector<Column> columns;       // of the rows it gives
    std::vector<std::string> explain;  // of SELECT and changes of rows, where possible
    /// The server commits it, and all before it, by itself.
    bool committed_by_server = false;
    /// Why nothing is known of it yet: it may need what a statement before it makes.
    std::string unknown;
  };
  std::string dialect;
  std::vector<Column> columns;
  std::vector<std::string> explain;  // the database's own EXPLAIN, a line each
  std::vector<Change>
      changes;  // of a query that may write; columns and explain are empty
  std::vector<std::string> account;  // what the account could do beyond reading
  std::vector<std::string> routes;   // where a connection would go; never credentials
};

/// What a DSN says of where it leads. Never a secret.
struct DsnFacts {
  std::string dialect;
  std::string host;      // of the authority; may be empty
  int port = 0;          // 0: the dialect's
  std::string database;  // or SQLite's file, as written; empty: in memory
  std::map<std::string, std::string, std::less<>> options;
  /// The host that a connection would dial; empty: none that the DSN names.
  std::string dial_host;
  bool tls_not_configured = false;  // it may go in plaintext (RS-015)
  bool allow_private = false;       // the environment opts in to private hosts (RS-018)
};

/// The addresses of a host, as text.
using LookUpHost = std::function<std::vector<std::string>(const std::string& host)>;

/// A view of a database.
struct View {
  std::string schema;
  std::string name;
};

/// Thread contract: immutable after construction; any number of threads may call it at
/// once, each call has its own connection.
class Engine {
 public:
  /// Reads the control variables (row cap, private hosts) now; throws
  /// Error{kConfiguration} if one has a bad value.
  explicit Engine(Environment environment, Events events = {});

  /// Resolves the DSN, passes the guard, connects read-only, binds `params` and starts
  /// the query.
  ///
  /// Example:
  ///   Engine engine(Environment::of_process());
  ///   BatchStream rows = engine.open(query, {{"since", std::string("2026-01-01")}});
  ///   while (auto batch = rows.next()) { ... }
  ///
  /// Throws Error: kRecipe (a parameter missing, unused; a query that cannot be scanned),
  /// kRefused, kUnavailable, kDataSource, kTimeout, kInterrupted.
  BatchStream open(const Query& query, const Params& params,
                   std::stop_token stop = {}) const;

  /// As open, for a query whose one statement `make` makes: a task's template. More than
  /// one throws Error{kTask}.
  BatchStream open_made(const Query& query, const MakeStatements& make,
                        std::stop_token stop = {}) const;
  QueryPlan plan_made(const Query& query, const MakeStatements& make,
                      std::stop_token stop = {}) const;

  /// Connects and begins a transaction that may write; `query.access` says so, or
  /// Error{kRefused} is thrown.
  Transaction begin(const Query& query, const MakeStatements& make,
                    std::stop_token stop = {}) const;

  /// As open, but only prepares and explains. What writes is not run either: the session
  /// reads only, where the database prepares changes in such a one.
  QueryPlan plan(const Query& query, const Params& params,
                 std::stop_token stop = {}) const;

  /// Connects and runs SELECT 1 (RS-023).
  void probe(const Query& query, std::stop_token stop = {}) const;

  /// The views that the account may read, in order, by `query`'s connection and limits.
  std::vector<View> views(const Query& query, std::stop_token stop = {}) const;
  /// `query` with all of a view as its SQL. The names are quoted by the dialect's rules.
  Query all_of(const Query& query, const View& view) const;

  /// Sets a database up for readers beside a writer, where that is a setting: SQLite's
  /// write-ahead log, unless the DSN has mode=ro (SQL-QUERY-063). Where that cannot be
  /// done it is a warning, event "wal_not_set", and no error: reads go on. Never
  /// called by a read.
  void allow_writers(const Query& query, std::stop_token stop = {}) const;

  /// Takes a DSN apart and, unless the environment opts in to private hosts, shows its
  /// network routes to the guard, with names looked up by `look_up`. Nothing is opened or
  /// dialled, and nothing is admitted by it: open() asks the guard again.
  ///
  /// Throws Error: kDataSource (no DSN), kRefused (the guard), and what `look_up` throws.
  DsnFacts inspect(const ConnectionConfig& connection, const LookUpHost& look_up) const;

  /// "postgresql", ...; nothing while the DSN's variable is not set, or holds no DSN.
  std::optional<std::string> dialect_of(const ConnectionConfig& connection) const;

  /// The cap on rows that a query with this limit has, and the name of what set it, for
  /// messages.
  std::int64_t row_cap(const Limits& limits) const noexcept;

  const Environment& environment() const noexcept { return environment_; }
  /// The dialects of this build, and their client libraries' versions.
  static std::map<std::string, std::string> dialects();

 private:
  static void start(BatchStream::State& state, const Statement& statement,
                    const Query& query, const ReadOptions& options, const Wait& wait);

  Environment environment_;
  Events events_;
  std::int64_t max_rows_ = 0;
  std::string max_rows_name_;
};

}  // namespace penstock
