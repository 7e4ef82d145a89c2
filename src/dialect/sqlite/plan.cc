// What is known of a statement without running it.
#include <map>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "declare/first_word.h"
#include "dialect/sqlite/connection.h"
#include "dialect/sqlite/cursor.h"

namespace penstock::sqlite {
namespace {

std::vector<ColumnFacts> facts_of(sqlite3_stmt* prepared, const TypeChoices& choices) {
  std::vector<ColumnFacts> facts;
  for (const CursorColumn& column : cursor_columns(prepared, choices)) {
    facts.push_back({column.name,
                     printable(column.declared),
                     column.type ? arrow_type_text(*column.type) : "by the first rows",
                     {}});
  }
  return facts;
}

}  // namespace

std::vector<ColumnFacts> SqliteConnection::describe(const Statement& statement,
                                                    const ReadOptions& options) {
  return facts_of(prepare_read(statement).get(), options.types);
}

std::vector<std::string> SqliteConnection::explain(const Statement& statement) {
  prepare_read(
      statement);  // a single statement that reads, before it is put behind EXPLAIN
  return explain_prepared(statement);
}

ChangeFacts SqliteConnection::describe_change(const Statement& statement,
                                              const ReadOptions& options) {
  ChangeFacts facts;
  const Prepared prepared = prepare_change(statement);
  if (sqlite3_column_count(prepared.get()) > 0)
    facts.columns = facts_of(prepared.get(), options.types);
  if (is_explained(statement, Lexicon::sqlite()))
    facts.explain = explain_prepared(statement);
  return facts;
}

std::vector<std::string> SqliteConnection::explain_prepared(const Statement& statement) {
  const Prepared prepared =
      prepare("EXPLAIN QUERY PLAN " + statement.text(placeholder), &statement);
  bind(prepared.get(), statement);
  std::vector<std::string> lines;
  std::map<int, int> depth{{0, -1}};
  int code = SQLITE_OK;
  while ((code = sqlite3_step(prepared.get())) == SQLITE_ROW) {
    const int id = sqlite3_column_int(prepared.get(), 0);
    const int parent = sqlite3_column_int(prepared.get(), 1);
    depth[id] = depth[parent] + 1;
    const auto* detail =
        reinterpret_cast<const char*>(sqlite3_column_text(prepared.get(), 3));
    lines.push_back(fmt::format("{:{}}{}", "", 2 * depth[id],
                                printable(detail == nullptr ? "" : detail, 400)));
  }
  if (code != SQLITE_DONE) fail("the query cannot be explained");
  return lines;
}

std::vector<std::string> SqliteConnection::account() {
  if (path_.empty()) return {"a database in memory: nothing to protect"};
  const bool writable = ::access(path_.c_str(), W_OK) == 0;
  return {fmt::format("the process {} write the database file; penstock opens it {}",
                      writable ? "may" : "may not",
                      writes_ ? "for writing when the task runs" : "read-only")};
}

}  // namespace penstock::sqlite
