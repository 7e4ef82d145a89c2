// Stage: faces/task. The second face: a task's query with its inputs, and its rows or its
// change.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/engine.h"
#include "penstock/output.h"
#include "penstock/secrets.h"
#include "penstock/task.h"
#include "penstock/transaction.h"

namespace penstock {

struct TaskOptions {
  /// A file for the rows, whole or not at all; of a task that writes it gets its name
  /// only once the change is committed, and a stream gets nothing before. Unset: the rows
  /// go to `on_batch` alone.
  std::optional<OutputOptions> output;
  LockOptions lock;
  /// The last statement must give rows. Otherwise a task without a declared output may
  /// give none, and then no file is made.
  bool rows_required = false;
  /// Called on the caller's thread: the schema once, before the first batch, also of an
  /// empty result; then each batch, checked and converted. Of a task that writes they
  /// come before the commit.
  std::function<void(const std::shared_ptr<arrow::Schema>&)> on_schema;
  std::function<void(const std::shared_ptr<arrow::RecordBatch>&)> on_batch;
  /// Empty: default_secret_providers of the engine's environment.
  std::vector<SecretProvider> secrets;
  std::string run_id;  // empty: one is made
  Events events;
  std::stop_token stop;
};

/// What a run did. `to_json` is the receipt.
struct TaskReport {
  std::string task;
  std::string run_id;
  std::string dialect;
  std::string version;
  std::string query_hash;  // of the template
  std::string output;      // a path, "-", or empty
  std::string format;
  std::string started;
  std::string finished;
  double seconds = 0;
  Access access = Access::kReadOnly;
  std::int64_t rows = -1;  // of the output; -1: the task gives none
  std::int64_t arrow_bytes = 0;
  OutputSummary written;
  std::vector<LossyColumn> lossy;
  std::vector<StatementOutcome> statements;  // of a task that writes
};
std::string to_json(const TaskReport& report);

/// Runs `task`. A task that reads is one statement in a read-only session, with every
/// guard a recipe has. One that writes runs its statements in order, in one transaction:
/// committed if all of them succeed, the last one's rows satisfy the output's schema and
/// the file, if there is one, is whole; rolled back on any error or stop (FT-006), but
/// for what the server commits by itself (StatementOutcome::committed). The output is the
/// last statement's rows.
///
/// Throws Error: kTask (inputs, template, output's schema, secrets), and what
/// Engine::open, Transaction and the output throw (FT-011).
TaskReport run_task(const Engine& engine, const Task& task, const Inputs& inputs,
                    const TaskOptions& options);

/// The rows of a task that reads, each batch checked against the output's schema, and
/// converted, as it is read.
///
/// Thread contract and lifetime: as BatchStream.
class TaskRows {
 public:
  TaskRows(TaskRows&&) noexcept;
  TaskRows& operator=(TaskRows&&) noexcept;
  ~TaskRows();

  /// What next() gives: the declared columns in their order, then those that are kept.
  const std::shared_ptr<arrow::Schema>& schema() const noexcept;
  /// As BatchStream::next; also throws Error{kTask}.
  std::shared_ptr<arrow::RecordBatch> next();
  /// The query's own rows: their database, and what is counted.
  const BatchStream& source() const noexcept;

 private:
  friend TaskRows open_task(const Engine&, const Task&, const Inputs&,
                            std::vector<SecretProvider>, std::stop_token);
  struct State;
  explicit TaskRows(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

/// Starts a task that reads. As run_task, but the rows are pulled, and nothing is told at
/// their end. Throws Error as run_task; kUsage, code "task_gives_no_rows", if the task
/// writes or declares no output.
TaskRows open_task(const Engine& engine, const Task& task, const Inputs& inputs,
                   std::vector<SecretProvider> secrets = {}, std::stop_token stop = {});

/// As validate() of a recipe: compiles the template by the rules of its database, whose
/// name is returned ("" where it is not known, offline); connects and runs SELECT 1,
/// unless offline. Inputs need no values.
std::string validate_task(const Engine& engine, const Task& task, bool offline,
                          std::stop_token stop = {});

/// As Engine::plan; of a task that writes, QueryPlan::changes has each statement. Nothing
/// is run.
QueryPlan plan_task(const Engine& engine, const Task& task, const Inputs& inputs,
                    std::stop_token stop = {});

}  // namespace penstock
