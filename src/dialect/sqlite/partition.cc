// Splitting a read: which query is a scan of one whole table, and sessions that see one
// version.
#include "declare/partition.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/sqlite/connection.h"
#include "dialect/sqlite/errors.h"

namespace penstock::sqlite {
namespace {

// What the bytecode of a projection over one table is made of
// (https://www.sqlite.org/opcode.html). An aggregate, a sort, a limit, a join or a window
// needs others.
constexpr std::array<std::string_view, 48> kProjectionOpcodes{
    "Init",         "OpenRead",  "Explain",    "Rewind",  "Column",      "Rowid",
    "RealAffinity", "ResultRow", "Next",       "Halt",    "Transaction", "Goto",
    "Integer",      "Int64",     "Real",       "String",  "String8",     "Null",
    "Blob",         "Variable",  "Copy",       "SCopy",   "Move",        "Concat",
    "Add",          "Subtract",  "Multiply",   "Divide",  "Remainder",   "BitAnd",
    "BitOr",        "ShiftLeft", "ShiftRight", "BitNot",  "Not",         "Cast",
    "Affinity",     "Function",  "PureFunc",   "If",      "IfNot",       "IsNull",
    "NotNull",      "Eq",        "Ne",         "CollSeq", "ColumnsUsed", "Noop"};

// Names of the row's number that a column of the same name hides.
constexpr std::array<const char*, 3> kRowidNames{"rowid", "_rowid_", "oid"};

std::string column_text(sqlite3_stmt* statement, int column) {
  const auto* text =
      reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? "" : text;
}

// Whether a column declared so has INTEGER, REAL or NUMERIC affinity
// (https://www.sqlite.org/datatype3.html#determination_of_column_affinity).
bool compares_as_number(std::string_view declared) {
  const std::string name = to_upper(declared);
  const auto has = [&name](const char* word) {
    return name.find(word) != std::string::npos;
  };
  if (has("INT")) return true;
  return !name.empty() && !has("CHAR") && !has("CLOB") && !has("TEXT") && !has("BLOB");
}

std::string table_sql(const std::string& name) { return quote_identifier(name, '"'); }

}  // namespace

std::optional<SqliteConnection::PlainScan> SqliteConnection::plain_scan(
    const Statement& statement) {
  const Prepared program = prepare_own("EXPLAIN " + statement.text(placeholder));
  if (!program) return std::nullopt;
  std::int64_t root = 0;
  while (sqlite3_step(program.get()) == SQLITE_ROW) {
    const std::string opcode = column_text(program.get(), 1);
    if (std::find(kProjectionOpcodes.begin(), kProjectionOpcodes.end(), opcode) ==
        kProjectionOpcodes.end()) {
      return std::nullopt;
    }
    if (opcode != "OpenRead") continue;
    if (root != 0 || sqlite3_column_int(program.get(), 4) != 0) return std::nullopt;
    root = sqlite3_column_int64(program.get(), 3);
  }
  const Prepared named = prepare_own(fmt::format(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage = {}", root));
  if (!named || sqlite3_step(named.get()) != SQLITE_ROW) return std::nullopt;
  PlainScan scan{column_text(named.get(), 0), "", 0, -1};
  for (const char* name : kRowidNames) {
    const Prepared shadow = prepare_own(
        fmt::format("SELECT 1 FROM pragma_table_xinfo({}) WHERE lower(name) = '{}'",
                    quote_identifier(scan.table, '\''), name));
    if (shadow && sqlite3_step(shadow.get()) == SQLITE_DONE) {
      scan.rowid = name;
      break;
    }
  }
  if (scan.rowid.empty()) return std::nullopt;
  // With anything behind FROM and its table the text cannot take a condition. And it must
  // become a seek: the rowid of a view or a subquery is NULL, and no range would hold its
  // rows.
  const KeyRange any{Value(std::int64_t{0}), std::nullopt, false};
  const Prepared seek =
      prepare_own("EXPLAIN " + restricted(statement, scan.rowid, any).text(placeholder));
  bool seeks = false;
  while (seek && sqlite3_step(seek.get()) == SQLITE_ROW) {
    seeks = seeks || column_text(seek.get(), 1).starts_with("Seek");
  }
  if (!seeks) return std::nullopt;
  const Prepared edges = prepare_own(fmt::format("SELECT min({0}), max({0}) FROM {1}",
                                                 scan.rowid, table_sql(scan.table)));
  if (!edges || sqlite3_step(edges.get()) != SQLITE_ROW) return std::nullopt;
  if (sqlite3_column_type(edges.get(), 0) == SQLITE_INTEGER) {
    scan.low = sqlite3_column_int64(edges.get(), 0);
    scan.high = sqlite3_column_int64(edges.get(), 1);
  }
  return scan;
}

// Which function of chance the bytecode calls, where views are expanded; empty if none.
// Of the others that are not the same for the same arguments the date functions go by the
// connection's clock, and the rest by changes, of which there are none.
std::string_view SqliteConnection::random_function(const Statement& statement) {
  const Prepared program = prepare("EXPLAIN " + statement.text(placeholder), &statement);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(program.get())) == SQLITE_ROW) {
    const std::string opcode = column_text(program.get(), 1);
    if (opcode != "Function" && opcode != "PureFunc") continue;
    const std::string called = column_text(program.get(), 5);  // "random(0)"
    for (const std::string_view function : {"random", "randomblob"}) {
      if (called.starts_with(fmt::format("{}(", function))) return function;
    }
  }
  if (code != SQLITE_DONE) fail("the query cannot be explained");
  return "";
}

std::vector<Statement> SqliteConnection::split(const Statement& statement,
                                               const Partition& partition,
                                               const Wait& wait, std::string* how) {
  set_wait(wait);
  prepare_read(
      statement);  // a single statement that reads, before anything is put around it
  if (!partition.column.empty()) {
    if (const auto function = random_function(statement); !function.empty()) {
      *how = fmt::format("what {}() gives is not the same in every connection", function);
      return {statement};
    }
    const std::string key = quote_identifier(partition.column, '"');
    const auto edge = [&key](std::string_view function) {
      return fmt::format(
          "{0}(CASE WHEN typeof({1}) IN ('integer', 'real') THEN CAST({1} AS INTEGER) "
          "END)",
          function, key);
    };
    // A column of TEXT affinity would compare a number as text, and '10' stands before
    // '9': + takes the affinity away, and the index with it where it may be another.
    ReadOptions any_names;
    any_names.types.duplicates = Duplicates::kRename;
    bool numeric = false;
    for (const ColumnFacts& column : describe(statement, any_names)) {
      if (column.name == partition.column) numeric = compares_as_number(column.declared);
    }
    return split_by_column(*this, statement, partition, numeric ? key : "+" + key,
                           fmt::format("{}, {}", edge("min"), edge("max")), wait, how);
  }
  const auto scan = plain_scan(statement);
  if (!scan) {
    *how = "the query is not a scan of one whole table; name a partition column";
    return {statement};
  }
  const auto cuts = even_cuts(scan->low, scan->high, partition.count);
  if (cuts.empty()) {
    *how = fmt::format("{} has no more than one row", printable(scan->table));
    return {statement};
  }
  std::vector<Statement> parts;
  for (KeyRange range : ranges_between(cuts)) {
    range.nulls = false;  // a rowid is never NULL
    parts.push_back(restricted(statement, scan->rowid, range));
  }
  *how = fmt::format("rowid ranges of {}", printable(scan->table));
  return parts;
}

void SqliteConnection::begin_read() {
  sqlite3_set_authorizer(db_.get(), nullptr, nullptr);
  run("BEGIN");
  authorize();
  read_int("SELECT count(*) FROM sqlite_schema");  // takes the read lock
}

std::int64_t SqliteConnection::data_version() { return read_int("PRAGMA data_version"); }

Prepared SqliteConnection::prepare_own(const std::string& text) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(db_.get(), text.c_str(), static_cast<int>(text.size()) + 1, &raw,
                     nullptr);
  return Prepared(raw);
}

// A connection's data_version changes when another one has committed: if the monitor's is
// the same before the first and after the last of the transactions has begun, all see one
// version (https://www.sqlite.org/pragma.html#pragma_data_version).
std::vector<std::shared_ptr<SqliteConnection>> connect_to_one_version(
    const Target& target, const Session& session, const Wait& wait, std::int64_t count,
    std::string* why) {
  constexpr int kTries = 5;
  std::vector<std::shared_ptr<SqliteConnection>> group;
  if (target.path().empty()) {
    *why = "a database in memory has one connection";
  } else {
    SqliteConnection monitor(target, session, wait);
    const auto clock = std::make_shared<const StoppedClock>();
    for (int i = 0; i < kTries; ++i) {
      std::vector<std::unique_ptr<SqliteConnection>> sessions;
      for (std::int64_t one = 0; one < count; ++one) {
        sessions.push_back(
            std::make_unique<SqliteConnection>(target, session, wait, clock));
      }
      const std::int64_t before = monitor.data_version();
      for (const auto& one : sessions) one->begin_read();
      if (monitor.data_version() != before) continue;
      for (auto& one : sessions) group.push_back(std::move(one));
      return group;
    }
    *why = "other programs write to the database without pause";
  }
  group.push_back(std::make_shared<SqliteConnection>(target, session, wait));
  return group;
}

}  // namespace penstock::sqlite
