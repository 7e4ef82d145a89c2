#include "dialect/postgres/unstable.h"

#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/partition.h"

namespace penstock::postgres {
namespace {

// Functions that may give another value in each session: the VOLATILE ones; of the STABLE
// ones those of the user's, which may call anything, and those of the server that show
// the time, the session or the server's state. What takes `internal` no query can call.
constexpr const char* kFunctionsSql = R"(
SELECT DISTINCT proname FROM pg_catalog.pg_proc
  WHERE prokind = 'f' AND prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
    AND 'pg_catalog.internal'::pg_catalog.regtype <> ALL (proargtypes)
    AND (provolatile = 'v' OR provolatile = 's' AND (
      pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
      OR proname ~ '^(pg|txid|inet)_'
      OR proname IN ('transaction_timestamp', 'statement_timestamp', 'mxid_age'))))";

// The words for the time that are no functions, and the texts that become one.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kWords{
    {{"current_date", "CURRENT_DATE"},
     {"current_time", "CURRENT_TIME"},
     {"current_timestamp", "CURRENT_TIMESTAMP"},
     {"localtime", "LOCALTIME"},
     {"localtimestamp", "LOCALTIMESTAMP"},
     {"now", "'now'"},
     {"today", "'today'"},
     {"tomorrow", "'tomorrow'"},
     {"yesterday", "'yesterday'"}}};

// Whatever a statement reads is locked from when it is prepared, or for the parts of a
// table planned, until the transaction ends: views within views, and what stands in a
// policy, too. The view pg_locks would be among them itself.
constexpr const char* kReadSql = R"(
WITH used AS (
  SELECT DISTINCT c.oid, c.relkind
    FROM pg_catalog.pg_lock_status() l JOIN pg_catalog.pg_class c ON c.oid = l.relation
    WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid())
SELECT 'text', pg_catalog.pg_get_viewdef(oid) FROM used WHERE relkind = 'v'
UNION ALL
SELECT 'text', pg_catalog.pg_get_expr(p.polqual, p.polrelid)
  FROM used u JOIN pg_catalog.pg_policy p ON p.polrelid = u.oid
  WHERE p.polqual IS NOT NULL
UNION ALL
SELECT CASE relkind WHEN 'f' THEN 'a foreign table' ELSE 'a sequence' END,
    oid::pg_catalog.regclass::text
  FROM used WHERE relkind IN ('f', 'S'))";

// Whether `name` stands in `sql` as a word with a bracket behind it, or a comment, which
// may have the bracket behind it.
bool may_call(std::string_view sql, std::string_view name) {
  const std::string text = to_lower(sql);
  for (std::size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + 1)) {
    const std::size_t before = at == 0 ? 0 : 1;
    if (!has_word(text.substr(at - before, before + name.size() + 1), name)) continue;
    const std::size_t next = text.find_first_not_of("\" \t\r\n\f\v", at + name.size());
    if (next == std::string::npos) return false;
    if (text[next] == '(' || text.compare(next, 2, "--") == 0 ||
        text.compare(next, 2, "/*") == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string why_unstable(const Run& run, const Statement& statement) {
  std::string text = statement.source;
  for (const Value& value : statement.values) {
    // 'now' in a parameter is a moment, too.
    if (const auto* word = std::get_if<std::string>(&value)) text += "\n" + *word;
  }
  const Result read = run(kReadSql, {});
  for (int row = 0; row < PQntuples(read.get()); ++row) {
    const std::string_view kind = PQgetvalue(read.get(), row, 0);
    const char* what = PQgetvalue(read.get(), row, 1);
    if (kind != "text") {
      return fmt::format("{} is {}, which has no version of this database",
                         printable(what), kind);
    }
    text += fmt::format("\n{}", what);
  }
  constexpr std::string_view kWhy = "what {} gives need not be the same in every session";
  // age() of one argument is that of today; without a bracket it is more often a column.
  for (const std::string_view name : {"now", "age"}) {
    if (may_call(text, name)) return fmt::format(kWhy, fmt::format("{}()", name));
  }
  for (const auto& [word, shown] : kWords) {
    if (has_word(text, word)) return fmt::format(kWhy, shown);
  }
  const Result functions = run(kFunctionsSql, {});
  for (int row = 0; row < PQntuples(functions.get()); ++row) {
    const std::string name = PQgetvalue(functions.get(), row, 0);
    if (has_word(text, name)) return fmt::format(kWhy, printable(name) + "()");
  }
  return "";
}

}  // namespace penstock::postgres
