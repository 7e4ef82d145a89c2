#include "penstock/run_task.h"

#include <chrono>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/run_facts.h"
#include "base/text.h"
#include "declare/first_word.h"
#include "declare/template.h"
#include "engine/read_ahead.h"
#include "engine/registry.h"
#include "faces/task/output_check.h"
#include "guard/dsn.h"
#include "penstock/error.h"
#include "penstock/version.h"
#include "sink/output.h"
#include "sink/unnamed_file.h"

namespace penstock {
namespace {

using std::chrono::steady_clock;

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested())
    throw Error(Category::kInterrupted, "interrupted", "interrupted");
}

MakeStatements statements_of(const Task& task, const Inputs& values) {
  return [&task, &values](const Lexicon& lexicon) {
    return Template(task.query.sql, task.query.origin, lexicon, task.inputs).bind(values);
  };
}

// The query with its secrets, read now: they are never a part of a Task.
Query with_secrets(const Task& task, const Engine& engine,
                   std::vector<SecretProvider> providers, const std::stop_token& stop) {
  Query query = task.query;
  if (task.secrets.empty()) return query;
  if (providers.empty()) providers = default_secret_providers(engine.environment());
  for (const auto& [argument, ref] : task.secrets) {
    query.connection.secret_connect_args.insert_or_assign(
        argument, resolve_secret(ref, providers, stop));
  }
  return query;
}

// Rows of a task that reads. What is no query may be a change, of which a recipe's hint
// knows nothing.
BatchStream open_rows(const Engine& engine, const Task& task, const Query& query,
                      const Inputs& values, std::stop_token stop) {
  try {
    return engine.open_made(query, statements_of(task, values), std::move(stop));
  } catch (const Error& error) {
    if (error.code() != "not_a_read") throw;
    throw Error(error.category(), error.code(), error.message(),
                "a task that changes rows says access: read_write");
  }
}

// From one stream of rows to the output, the callbacks, or nowhere.
class Delivery {
 public:
  Delivery(const Engine& engine, const Task& task, const TaskOptions& options,
           TaskReport& report)
      : task_(task), options_(options), report_(report) {
    if (!options.output || task.output_kind == OutputKind::kNone) return;
    output_.emplace(*options.output, options.lock, options.stop);
    // Nobody is to act on rows of a change that is not made in the end.
    if (task.query.access == Access::kReadWrite)
      output_->hold_back(temporary_folder(engine.environment()));
  }

  void take(BatchStream& rows, const std::stop_source& cancel) {
    OutputCheck check(task_, rows.schema());
    const bool wanted = task_.output_kind != OutputKind::kNone;
    if (wanted && options_.on_schema) options_.on_schema(check.schema());
    if (output_) {
      output_->limit_time(rows.time_limit());
      output_->begin(check.schema(), {report_.task, report_.query_hash, report_.dialect});
    }
    {
      ReadAhead batches(
          [&]() -> std::shared_ptr<arrow::RecordBatch> {
            auto batch = rows.next();
            return batch && wanted ? check.convert(batch) : batch;
          },
          cancel);
      while (const auto batch = batches.next()) {
        throw_if_stopped(options_.stop);
        if (!wanted) continue;
        if (output_) output_->write(batch);
        if (options_.on_batch) options_.on_batch(batch);
      }
    }
    throw_if_stopped(options_.stop);
    if (wanted) report_.rows = rows.rows();
    report_.arrow_bytes = rows.bytes();
    report_.lossy = rows.lossy();
  }

  void finish() {
    if (output_ && report_.rows >= 0) output_->finish();
  }
  void publish() {
    if (output_ && report_.rows >= 0) report_.written = output_->commit();
  }

 private:
  const Task& task_;
  const TaskOptions& options_;
  TaskReport& report_;
  std::optional<Output> output_;
};

// A task that gives rows ends with a statement that does.
void refuse_no_rows(const Task& task, const TaskOptions& options,
                    const BatchStream* rows) {
  if (rows != nullptr) return;
  if (task.output_kind == OutputKind::kColumns) {
    throw Error(Category::kTask, "task_no_rows",
                "the last statement gives no rows, and the task's output names columns",
                "add RETURNING, or declare output: none");
  }
  if (options.rows_required && task.output_kind == OutputKind::kAny) {
    throw Error(Category::kTask, "task_no_rows",
                "the last statement gives no rows to write to a file",
                "leave -o out, or add RETURNING");
  }
}

void read(const Engine& engine, const Task& task, const Query& query,
          const Inputs& values, const TaskOptions& options, TaskReport& report) {
  std::stop_source cancel;
  const std::stop_callback forward(options.stop, [&] { cancel.request_stop(); });
  Delivery delivery(engine, task, options, report);
  BatchStream rows = open_rows(engine, task, query, values, cancel.get_token());
  report.dialect = rows.dialect();
  delivery.take(rows, cancel);
  delivery.publish();
}

void write(const Engine& engine, const Task& task, const Query& query,
           const Inputs& values, const TaskOptions& options, TaskReport& report) {
  std::stop_source cancel;
  const std::stop_callback forward(options.stop, [&] { cancel.request_stop(); });
  Delivery delivery(engine, task, options, report);
  Transaction transaction =
      engine.begin(query, statements_of(task, values), cancel.get_token());
  report.dialect = transaction.dialect();
  try {
    for (std::size_t i = 0; transaction.execute_next(); ++i) {
      BatchStream* const rows = transaction.rows();
      const bool last = i + 1 == transaction.statements();
      if (last) refuse_no_rows(task, options, rows);
      if (rows != nullptr && last) {
        delivery.take(*rows, cancel);
      } else if (rows != nullptr) {
        while (rows->next()) throw_if_stopped(options.stop);
      }
    }
    delivery.finish();
    throw_if_stopped(options.stop);
    transaction.commit();
  } catch (const Error& error) {
    report.statements = transaction.outcomes();
    throw;
  }
  report.statements = transaction.outcomes();
  try {
    delivery.publish();
  } catch (const Error& error) {
    // A broken pipe is told to nobody, and this must be told; what has run past its time
    // is often run again.
    const bool told = error.category() != Category::kBrokenPipe &&
                      error.category() != Category::kTimeout;
    throw Error(told ? error.category() : Category::kOutput, error.code(),
                fmt::format("{}; the change is committed", error.message()),
                error.hint());
  }
}

// What cannot be undone is said with the error.
[[noreturn]] void rethrow_with_commits(const Error& error, const TaskReport& report) {
  std::size_t committed = 0;
  for (std::size_t i = 0; i < report.statements.size(); ++i) {
    if (report.statements[i].committed) committed = i + 1;
  }
  if (committed == 0 || error.code() == "commit_unknown") throw error;
  throw Error(
      error.category(), error.code(),
      fmt::format("{}; statements 1 to {} stay: the server commits a change of the "
                  "schema by itself",
                  error.message(), committed),
      error.hint(), error.sqlstate());
}

// Told of a run that ended well.
void tell(const TaskReport& report, const Events& events) {
  if (!events) return;
  for (std::size_t i = 0; i < report.statements.size(); ++i) {
    const StatementOutcome& one = report.statements[i];
    events({Event::Level::kInfo,
            "task_statement",
            {{"task", report.task},
             {"run_id", report.run_id},
             {"number", static_cast<std::int64_t>(i + 1)},
             {"statement", one.word},
             {"rows_affected", one.affected < 0 ? Value() : Value(one.affected)},
             {"rows", one.rows < 0 ? Value() : Value(one.rows)},
             {"committed_by_server", one.committed}}});
  }
  events({Event::Level::kInfo,
          "task_complete",
          {{"task", report.task},
           {"run_id", report.run_id},
           {"dialect", report.dialect},
           {"rows", report.rows < 0 ? Value() : Value(report.rows)}}});
}

}  // namespace

TaskReport run_task(const Engine& engine, const Task& task, const Inputs& inputs,
                    const TaskOptions& options) {
  const auto start = steady_clock::now();
  TaskReport report;
  report.task = task.name;
  report.run_id = options.run_id.empty() ? new_run_id() : options.run_id;
  report.version = kVersion;
  report.query_hash = sha256_hex(task.query.sql);
  report.access = task.query.access;
  report.started = utc_now();
  if (options.output) {
    report.output = options.output->path;
    report.format = to_string(options.output->format);
  }
  const Inputs values = complete_inputs(task, inputs);
  Query query = with_secrets(task, engine, options.secrets, options.stop);
  if (options.output) query.types.intervals = intervals_for(options.output->format);
  try {
    task.query.access == Access::kReadWrite
        ? write(engine, task, query, values, options, report)
        : read(engine, task, query, values, options, report);
  } catch (const Error& error) {
    rethrow_with_commits(error, report);
  }
  report.finished = utc_now();
  report.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  tell(report, options.events);
  return report;
}

struct TaskRows::State {
  BatchStream rows;
  OutputCheck check;
};

TaskRows::TaskRows(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TaskRows::TaskRows(TaskRows&&) noexcept = default;
TaskRows& TaskRows::operator=(TaskRows&&) noexcept = default;
TaskRows::~TaskRows() = default;

const std::shared_ptr<arrow::Schema>& TaskRows::schema() const noexcept {
  return state_->check.schema();
}

std::shared_ptr<arrow::RecordBatch> TaskRows::next() {
  auto batch = state_->rows.next();
  return batch ? state_->check.convert(batch) : nullptr;
}

const BatchStream& TaskRows::source() const noexcept { return state_->rows; }

TaskRows open_task(const Engine& engine, const Task& task, const Inputs& inputs,
                   std::vector<SecretProvider> secrets, std::stop_token stop) {
  if (task.query.access == Access::kReadWrite || task.output_kind == OutputKind::kNone) {
    throw Error(Category::kUsage, "task_gives_no_rows",
                fmt::format("task '{}' {}, so its rows cannot be pulled", task.name,
                            task.output_kind == OutputKind::kNone ? "declares no output"
                                                                  : "writes"),
                "run it");
  }
  const Inputs values = complete_inputs(task, inputs);
  const Query query = with_secrets(task, engine, std::move(secrets), stop);
  BatchStream rows = open_rows(engine, task, query, values, std::move(stop));
  OutputCheck check(task, rows.schema());
  return TaskRows(std::make_unique<TaskRows::State>(std::move(rows), std::move(check)));
}

std::string validate_task(const Engine& engine, const Task& task, bool offline,
                          std::stop_token stop) {
  const ConnectionConfig& connection = task.query.connection;
  if (offline && connection.uri.empty()) {
    const auto variable = engine.environment().get(connection.dsn_env);
    if (!variable || trim(*variable).empty()) return "";
  }
  Query query = offline ? task.query : with_secrets(task, engine, {}, stop);
  const Dsn dsn = resolve_dsn(query.connection, engine.environment());
  if (query.access == Access::kReadWrite) require_writable(dsn);
  const Dialect& dialect = dialect_for(dsn);
  const Template compiled(query.sql, query.origin, dialect.lexicon(), task.inputs);
  if (compiled.size() > 1 && query.access == Access::kReadOnly) {
    throw Error(Category::kTask, "task_several_statements",
                fmt::format("the query has {} statements, and reading takes one",
                            compiled.size()),
                "several run in a task with access: read_write");
  }
  if (!offline) {
    query.access = Access::kReadOnly;
    engine.probe(query, std::move(stop));
  }
  return std::string(dialect.name());
}

QueryPlan plan_task(const Engine& engine, const Task& task, const Inputs& inputs,
                    std::stop_token stop) {
  const Inputs values = complete_inputs(task, inputs);
  const Query query = with_secrets(task, engine, {}, stop);
  return engine.plan_made(query, statements_of(task, values), std::move(stop));
}

}  // namespace penstock
