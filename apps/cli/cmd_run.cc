#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/report_file.h"
#include "cli/run.h"
#include "cli/table.h"
#include "cli/units.h"
#include "penstock/error.h"
#include "penstock/run_task.h"
#include "sink/file_error.h"
#include "sink/unnamed_file.h"

namespace penstock::cli {
namespace {

std::string rows_text(std::int64_t count) {
  return fmt::format("{} {}", count_text(count), count == 1 ? "row" : "rows");
}

std::string describe(const Task& task) {
  std::string text =
      fmt::format("{} ({})\n", harmless(task.name),
                  task.query.access == Access::kReadWrite ? "reads and writes" : "reads");
  if (!task.description.empty()) text += harmless(task.description) + "\n";
  text += "\nInputs:\n";
  if (task.inputs.empty()) text += "  none\n";
  for (const Input& input : task.inputs) {
    const std::string otherwise =
        input.otherwise ? ", default " + harmless(default_of(input)) : "";
    text +=
        fmt::format("  -i {}={}  {}{}{}\n", input.name, harmless(example_of(input)),
                    harmless(to_string(input)), otherwise,
                    input.description.empty() ? "" : ": " + harmless(input.description));
  }
  text += "\nOutput:\n";
  if (task.output_kind == OutputKind::kNone) text += "  none\n";
  if (task.output_kind == OutputKind::kAny)
    text += "  the columns of the query, with the database's types\n";
  for (const OutputColumn& column : task.output) {
    text += fmt::format("  {}  {}{}\n", harmless(column.name), column.type,
                        column.nullable ? "" : ", never NULL");
  }
  return text;
}

// Rows on a terminal: a table, shown as they come; those of a change once it is
// committed, and until then in a file without a name.
class Screen {
 public:
  explicit Screen(const Terminal& out) : out_(out) {}
  void hold_back(const std::string& folder) { held_ = open_unnamed(folder); }
  void begin(const arrow::Schema& schema) { table_.emplace(schema, out_); }
  void show(const arrow::RecordBatch& batch) { put(table_->rows(batch)); }
  void end() {
    if (!table_) return;
    put(table_->footer());
    std::string text(kPartBytes, '\0');
    for (off_t at = 0; held_ != nullptr;) {
      const ssize_t got = ::pread(held_->get(), text.data(), text.size(), at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw output_error("read", "a temporary file", errno);
      if (got == 0) break;
      write_stdout(text.substr(0, static_cast<std::size_t>(got)));
      at += got;
    }
  }

 private:
  static constexpr std::size_t kPartBytes = 65'536;

  void put(std::string_view text) {
    if (!held_) return write_stdout(text);
    while (!text.empty()) {
      const ssize_t done = ::write(held_->get(), text.data(), text.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw output_error("write", "a temporary file", errno);
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }

  const Terminal& out_;
  std::unique_ptr<Descriptor> held_;
  std::optional<Table> table_;
};

void tell_statements(const TaskReport& report, Messages& messages) {
  for (std::size_t i = 0; i < report.statements.size(); ++i) {
    const StatementOutcome& one = report.statements[i];
    std::string what;
    if (one.affected >= 0) what += fmt::format(", {} changed", rows_text(one.affected));
    if (one.rows >= 0) what += fmt::format(", {} given", rows_text(one.rows));
    if (one.committed) what += ", committed by the server itself";
    messages.summary(fmt::format("{}: statement {}, {}{}", harmless(report.task), i + 1,
                                 harmless(one.word), what));
  }
}

std::string summary_of(const TaskReport& report) {
  std::string text = harmless(report.task) + ":";
  if (report.rows >= 0) text += fmt::format(" {}", rows_text(report.rows));
  if (report.access == Access::kReadWrite)
    text += report.rows >= 0 ? ", committed" : " committed";
  if (!report.output.empty() && report.rows >= 0) {
    text +=
        fmt::format(", {} -> {}", bytes_text(report.written.bytes),
                    report.output == "-" ? "standard output" : harmless(report.output));
  }
  return text + fmt::format(" in {}", duration_text(report.seconds));
}

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "TASK", "a task, YAML or JSON");
  add_inputs(command, options);
  command
      ->add_flag("--describe", options.describe,
                 "show its inputs and output; run nothing")
      ->group("Inputs");
  command
      ->add_flag("--json", options.json,
                 "with --describe: the task as JSON, which run takes as well")
      ->group("Inputs");
  add_output(command, options, "a table, or CSV");
  add_limits(command, options);
  add_types(command, options);
  add_lock(command, options);
  add_messages(command, options, false);
}

int run(const Options& options, const Context& context) {
  Task task = load_task(options.arguments.front(), context);
  if (options.describe) {
    write_stdout(options.json ? to_json(task) : describe(task));
    return 0;
  }
  refuse_flags(options, {"--json"}, "a run", "with --describe it shows the task as JSON");
  apply_flags(options, task.query);
  const Inputs inputs = read_inputs(task, options, context);
  TaskOptions running;
  running.lock = options.lock;
  running.events = events_to(context.messages);
  running.stop = context.stop;
  const bool rows = task.output_kind != OutputKind::kNone;
  if (!rows) {
    refuse_flags(options, {"--output", "--format", "--compression", "--row-group-rows"},
                 "a task that declares output: none", "leave it out");
  }
  running.rows_required = options.output.has_value();
  Screen screen(context.out);
  if (rows && !options.output && !options.format && context.out.is_terminal) {
    refuse_flags(options, {"--compression", "--row-group-rows"}, "a table",
                 "give -o PATH, or --format");
    if (task.query.access == Access::kReadWrite)
      screen.hold_back(temporary_folder(context.environment));
    running.on_schema = [&](const auto& schema) { screen.begin(*schema); };
    running.on_batch = [&](const auto& batch) { screen.show(*batch); };
  } else if (rows) {
    running.output = output_options(options, {}, context);
  }
  std::optional<ReportFile> report_file;
  if (options.report)
    report_file.emplace(*options.report, running.output ? running.output->path : "-");
  const Engine engine = make_engine(context);
  TaskReport report;
  try {
    report = run_task(engine, task, inputs, running);
  } catch (const Error& error) {
    if (error.category() != Category::kLocked || options.fail_on_busy) throw;
    context.messages.event(
        {Event::Level::kWarning,
         "task_lock_contended_skipping",
         {{"task", task.name},
          {"output", running.output->path},
          {"message", fmt::format("{}; nothing was done", error.message())}}});
    return 0;
  }
  screen.end();
  if (report_file) report_file->publish(to_json(report));
  tell_statements(report, context.messages);
  context.messages.summary(summary_of(report));
  return 0;
}

}  // namespace

const Command kRun{"run", "Run a task", "TASK", "task.yaml", flags, run};

}  // namespace penstock::cli
