// What a database must be able to do for the engine. The only virtual interfaces of the
// project.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/deadline.h"
#include "columns/ledger.h"
#include "declare/partition.h"
#include "declare/scanner.h"
#include "declare/statement.h"
#include "guard/dsn.h"
#include "guard/target.h"
#include "penstock/limits.h"
#include "penstock/query.h"
#include "penstock/types.h"

namespace penstock {

/// How long a wait may last, and who may end it sooner. Every call that can block takes
/// one.
struct Wait {
  Deadline deadline;
  std::stop_token stop;
};

/// How long a session may take to stop on its server what it has given up: half a second
/// for a run that is out of time, which must have ended within one and whose server has
/// the same limit; else longer, as nothing but this ends the query there.
struct StopLimits {
  std::chrono::milliseconds silence;  // of a server that does not answer
  std::chrono::milliseconds total;    // of one that answers slowly
};
StopLimits stop_limits(Deadline deadline);

/// What a session needs to know before the first statement.
struct Session {
  Access access = Access::kReadOnly;
  Limits limits;
  bool allow_privileged = false;
  /// Statements are prepared and none of them is run: as much read-only as the database
  /// allows that.
  bool plan_only = false;
};

struct ReadOptions {
  BatchSize batch;
  TypeChoices types;
};

struct ColumnFacts {
  std::string name;
  std::string declared;  // the database's type name, or empty
  std::string arrow;
  std::string hint;  // what a user might do about it, or empty
};

/// What is known of a statement of a task that writes, before it is run.
struct ChangeFacts {
  /// The database's type of each parameter, by index; empty where it does not say.
  std::vector<std::string> parameters;
  std::vector<ColumnFacts> columns;  // of the rows it gives
  std::vector<std::string> explain;  // empty where the database does not explain it
};

/// A running query. One thread at a time. Must not outlive its Connection; batches may.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// Known from the start, also of an empty result.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The next batch, never empty; null at the end.
  virtual std::shared_ptr<arrow::RecordBatch> next() = 0;
  virtual Ledger ledger() const = 0;
  /// An estimate of the result's rows, or -1.
  virtual std::int64_t expected_rows() const = 0;
  /// Rows that the statement changed, known once next() has given null; -1: the database
  /// does not say.
  virtual std::int64_t affected() const { return -1; }
};

/// What one statement of a read-write session did.
struct Execution {
  std::unique_ptr<Cursor> cursor;  // null: it gives no rows, and is done
  std::int64_t affected = -1;      // without a cursor: rows changed; -1: none is counted
  /// The server has committed this and all before it by itself, as MySQL does for a
  /// change of the schema.
  bool committed = false;
};

/// One session. One thread at a time. Destroying it cancels what still runs.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Throws Error{kDataSource} for what the database refuses, Error{kRefused} for a
  /// statement that is not a read.
  virtual std::unique_ptr<Cursor> execute(const Statement& statement,
                                          const ReadOptions& options,
                                          const Wait& wait) = 0;
  virtual std::vector<ColumnFacts> describe(const Statement& statement,
                                            const ReadOptions& options) = 0;
  virtual std::vector<std::string> explain(const Statement& statement) = 0;
  /// Of a session that may write, or is to plan: what one statement is, without running
  /// it. Throws as execute_write would before it runs anything. After an error the next
  /// statement can be asked for.
  virtual ChangeFacts describe_change(const Statement& statement,
                                      const ReadOptions& options) = 0;
  /// What the account could do beyond reading, a line each.
  virtual std::vector<std::string> account() = 0;

  /// Of a session with Access::kReadWrite alone: runs one statement inside its
  /// transaction. Rows are read to their end before the next call. Throws as execute, and
  /// Error{kRefused} for a statement that is neither a query nor a change of data or of
  /// the schema. After an error nothing of the transaction stays.
  virtual Execution execute_write(const Statement& statement, const ReadOptions& options,
                                  const Wait& wait) = 0;
  /// Ends that transaction. Destroying the connection before rolls it back. An error
  /// whose code is "commit_unknown" leaves open which of the two happened.
  virtual void commit(const Wait& wait) = 0;

  /// The statement as at most `partition.count` that together give each of its rows once.
  /// Fewer, or the statement itself, where it cannot be split; `how` says by what, or why
  /// not. Throws Error{kRecipe} for a partition column that is not in the result, or not
  /// a number.
  virtual std::vector<Statement> split(const Statement& statement,
                                       const Partition& partition, const Wait& wait,
                                       std::string* how);
};

/// Stateless; any number of threads at once.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;
  virtual std::string client_version() const = 0;
  virtual const Lexicon& lexicon() const = 0;
  virtual Routes routes(const Dsn& dsn) const = 0;
  /// In a transaction, read-only unless the session says otherwise, and with its timeouts
  /// set; or throws (RS-013, RS-014).
  virtual std::unique_ptr<Connection> connect(const Dsn& dsn, const Target& target,
                                              const Session& session,
                                              const Wait& wait) const = 0;

  /// Whether the server commits such a statement, and all before it, by itself
  /// (Execution::committed), as far as its first words say.
  virtual bool commits_by_itself(const Statement& statement) const;

  /// A query for the views that the account may read: schema and name, in that order.
  virtual std::string_view views() const = 0;
  /// `name` as an identifier.
  virtual std::string quoted(std::string_view name) const = 0;
  /// Sets the database up so that one writer and many readers do not wait for each other,
  /// where it has to be told so. Returns why that could not be done, or nothing.
  virtual std::string allow_writers(const Dsn& dsn, const Target& target,
                                    const Session& session, const Wait& wait) const;

  /// At most `partition.count` sessions, all of which see the same version of the data
  /// that `statement` reads; one, and `why` it is not more, where that cannot be shown or
  /// had. Waits as `wait` says. The first must live as long as the others.
  virtual std::vector<std::unique_ptr<Connection>> connect_group(
      const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
      const Statement& statement, const Partition& partition, std::string* why) const;
};

/// Adds `count` sessions that `connect` makes, all at once, to `group`, which has one. If
/// any fails, `group` is as before and `why` says so: the read goes on with what it has.
/// Only an interruption is thrown.
void connect_others(std::vector<std::unique_ptr<Connection>>& group, std::size_t count,
                    const std::function<std::unique_ptr<Connection>()>& connect,
                    std::string* why);

/// What `split` does where there is a column: even ranges between the smallest and the
/// largest value, which `bounds_sql` (a select list of two 64-bit integers over the
/// column) asks for.
std::vector<Statement> split_by_column(Connection& connection, const Statement& statement,
                                       const Partition& partition, std::string_view key,
                                       std::string_view bounds_sql, const Wait& wait,
                                       std::string* how);

}  // namespace penstock
