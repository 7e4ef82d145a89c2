// What is known of a statement without running it.
#include <memory>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "base/text.h"
#include "dialect/mysql/connection.h"

namespace penstock::mysql {
namespace {

std::vector<ColumnFacts> facts_of(const std::vector<ColumnPlan>& plans) {
  std::vector<ColumnFacts> facts;
  for (const ColumnPlan& plan : plans)
    facts.push_back({plan.name, plan.declared, arrow_text(plan), hint_of(plan)});
  return facts;
}

}  // namespace

std::vector<ColumnFacts> MysqlConnection::describe(const Statement& statement,
                                                   const ReadOptions& options) {
  prepare_read(statement, *wait_of(wait_));
  return facts_of(plan_columns(result_columns(), options.types));
}

// Prepared only: EXPLAIN may run a function of the query to fold it, and this session may
// write.
ChangeFacts MysqlConnection::describe_change(const Statement& statement,
                                             const ReadOptions& options) {
  prepare_change(statement, *wait_of(wait_));
  ChangeFacts facts;
  if (mysql_stmt_field_count(prepared_.get()) > 0)
    facts.columns = facts_of(plan_columns(result_columns(), options.types));
  return facts;
}

std::vector<std::string> MysqlConnection::explain(const Statement& statement) {
  auto wait = wait_of(wait_);
  prepare_read(statement, *wait);  // a query, before it stands in another statement
  ReadOptions options;
  options.types.duplicates = Duplicates::kRename;
  options.types.on_lossy = OnLossy::kText;
  const std::string how = facts_.is_mariadb ? "EXPLAIN " : "EXPLAIN FORMAT=TREE ";
  prepare(how + statement.text(placeholder), *wait);
  const auto cursor = start(statement, options, std::move(wait));
  std::vector<std::string> lines;
  while (const auto batch = cursor->next()) {
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      std::string line;
      for (int i = 0; i < batch->num_columns(); ++i) {
        const auto cell = batch->column(i)->GetScalar(row);
        if (!cell.ok() || !cell.ValueUnsafe()->is_valid) continue;
        const std::string text = cell.ValueUnsafe()->ToString();
        line += facts_.is_mariadb ? fmt::format("{}{}={}", line.empty() ? "" : " ",
                                                batch->schema()->field(i)->name(), text)
                                  : text;
      }
      for (const std::string_view part : penstock::split(line, '\n')) {
        if (!trim(part).empty()) lines.push_back(printable(part, 400));
      }
    }
  }
  return lines;
}

std::vector<std::string> MysqlConnection::account() {
  return readable_grants(grants(*wait_of(wait_)));
}

}  // namespace penstock::mysql
