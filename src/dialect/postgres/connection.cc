#include "dialect/postgres/connection.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/first_word.h"
#include "dialect/postgres/connect.h"
#include "dialect/postgres/cursor.h"
#include "dialect/postgres/errors.h"

namespace penstock::postgres {
namespace {

std::string placeholder(int index) { return fmt::format("${}", index + 1); }

// Text is left untyped, so that the server infers date, timestamptz, uuid and the rest
// from where it stands. A number has the type its literal would have.
Oid type_of_value(const Value& value) {
  constexpr Oid kBool = 16;
  constexpr Oid kInt8 = 20;
  constexpr Oid kInt4 = 23;
  constexpr Oid kNumeric = 1700;
  if (std::holds_alternative<bool>(value)) return kBool;
  if (std::holds_alternative<double>(value)) return kNumeric;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return *integer == static_cast<std::int32_t>(*integer) ? kInt4 : kInt8;
  }
  return 0;
}

// The server counts characters from 1, we bytes from 0.
std::size_t byte_offset(const std::string& text, int position) {
  std::size_t offset = 0;
  for (int left = position - 1; left > 0 && offset < text.size(); --left) {
    ++offset;
    while (offset < text.size() && (text[offset] & 0xC0) == 0x80) ++offset;
  }
  return offset;
}

constexpr const char* kTypesSql =
    "SELECT t.oid, format_type(t.oid, NULL), t.typtype, "
    "CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, coalesce(e.typtype, 'b') "
    "FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem "
    "WHERE t.oid = ANY ($1::pg_catalog.oid[])";

constexpr const char* kDimensionsSql =
    "SELECT attndims FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum = $2";

constexpr const char* kAccountSql =
    "SELECT 'role attribute: ' || a.word FROM pg_catalog.pg_roles r, LATERAL (VALUES "
    "(r.rolsuper, 'SUPERUSER'), (r.rolreplication, 'REPLICATION'), "
    "(r.rolbypassrls, 'BYPASSRLS'), (r.rolcreaterole, 'CREATEROLE'), "
    "(r.rolcreatedb, 'CREATEDB')) a (has, word) WHERE r.rolname = current_user AND a.has "
    "UNION ALL SELECT 'may ' || string_agg(DISTINCT lower(privilege_type), ', ') || ' ' "
    "|| "
    "table_schema || '.' || table_name FROM information_schema.table_privileges "
    "WHERE grantee IN (current_user, 'PUBLIC') AND privilege_type NOT IN "
    "('SELECT', 'REFERENCES', 'TRIGGER') AND table_schema NOT IN "
    "('pg_catalog', 'information_schema') GROUP BY table_schema, table_name";

// What a role may do that a read-only transaction does not stop.
constexpr const char* kPrivilegeSql =
    "SELECT 'superuser' FROM pg_catalog.pg_roles WHERE rolname = current_user AND "
    "rolsuper "
    "UNION ALL SELECT 'replication' FROM pg_catalog.pg_roles "
    "WHERE rolname = current_user AND rolreplication "
    "UNION ALL SELECT rolname FROM pg_catalog.pg_roles "
    "WHERE rolname IN ('pg_execute_server_program', 'pg_write_server_files') "
    "AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER')";

// For a statement whose columns are not looked at.
TypeChoices any_names() {
  TypeChoices choices;
  choices.duplicates = Duplicates::kRename;
  return choices;
}

// "public.\"Line item\" l" -> "public.\"Line item\"": without the alias behind it.
std::string table_name(std::string_view text) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != ' '); ++end) {
    if (text[end] == '"') quoted = !quoted;
  }
  return std::string(text.substr(0, end));
}

std::string field(PGresult* result, int row, int column) {
  return PQgetvalue(result, row, column);
}

}  // namespace

PostgresConnection::PostgresConnection(const Dsn& dsn, const Target& target,
                                       const Session& session, const Wait& wait,
                                       bool repeatable, const std::string& snapshot)
    : connection_(connect(dsn, target, wait)), wait_(wait) {
  std::string begin = "BEGIN TRANSACTION READ ONLY; ";
  if (repeatable)
    begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; ";
  if (!snapshot.empty())
    begin += fmt::format("SET TRANSACTION SNAPSHOT '{}'; ", snapshot);
  // In one message; if any part fails, none of the session is used (RS-013, RS-014).
  run(fmt::format(
      "{}SET LOCAL statement_timeout = {}; "
      "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; "
      "SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; "
      "SET LOCAL bytea_output = 'hex'; "
      // The scanner reads '\' as the server then does.
      "SET LOCAL standard_conforming_strings = on; "
      "SET LOCAL idle_in_transaction_session_timeout = 0",
      begin, session.limits.statement.count()));
  const Result read_only = run("SHOW transaction_read_only");
  if (PQntuples(read_only.get()) != 1 || field(read_only.get(), 0, 0) != "on") {
    throw Error(Category::kDataSource, "session_not_read_only",
                "the session could not be made read-only");
  }
  if (!session.allow_privileged) {
    const Result role = run(kPrivilegeSql);
    if (PQntuples(role.get()) > 0) {
      throw Error(
          Category::kRefused, "privileged_account",
          fmt::format(
              "refusing to read with a {} role: read-only transactions do not bind it",
              printable(field(role.get(), 0, 0))),
          "use a role that may only SELECT, or set allow_privileged: true in the recipe");
    }
  }
}

std::string PostgresConnection::snapshot() {
  const Result result = run("SELECT pg_catalog.pg_export_snapshot()");
  const std::string id = field(result.get(), 0, 0);
  // It goes into another session's SET TRANSACTION SNAPSHOT, which takes no parameter.
  if (id.empty() ||
      id.find_first_not_of("0123456789ABCDEFabcdef-") != std::string::npos) {
    throw Error(Category::kUnavailable, "protocol_error",
                "the server's snapshot has a name that no server gives");
  }
  return id;
}

Result PostgresConnection::run(const std::string& sql,
                               const std::vector<std::string>& values) {
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  PGconn* connection = connection_.get();
  const int sent =
      values.empty()
          ? PQsendQuery(connection, sql.c_str())
          : PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()),
                              nullptr, pointers.data(), nullptr, nullptr, 0);
  if (sent == 0) {
    throw Error(Category::kUnavailable, "connection_lost",
                fmt::format("the connection to the server was lost: {}",
                            printable(trim(PQerrorMessage(connection)), 300)));
  }
  return await_result(connection, wait_);
}

std::vector<ColumnPlan> PostgresConnection::prepare(const Statement& statement,
                                                    const TypeChoices& choices) {
  refuse_unless_query(statement, Lexicon::postgres());
  PGconn* connection = connection_.get();
  const std::string text = statement.text(placeholder);
  std::vector<Oid> types;
  for (const Value& value : statement.values) types.push_back(type_of_value(value));
  const auto where = [&](int position) {
    return statement.position(placeholder, byte_offset(text, position));
  };
  PQsendPrepare(connection, "", text.c_str(), static_cast<int>(types.size()),
                types.data());
  await_result(connection, wait_, where);
  PQsendDescribePrepared(connection, "");
  const Result described = await_result(connection, wait_);
  std::vector<ResultColumn> columns;
  std::set<Oid> unknown;
  for (int i = 0; i < PQnfields(described.get()); ++i) {
    ResultColumn column{PQfname(described.get(), i), PQftype(described.get(), i),
                        PQfmod(described.get(), i), 0};
    if (needs_catalog(column.oid)) unknown.insert(column.oid);
    columns.push_back(std::move(column));
  }
  if (columns.empty()) {
    throw Error(Category::kRefused, "not_a_read", "the query does not return rows",
                "a query is a single SELECT, VALUES, TABLE or WITH ... SELECT");
  }
  std::map<Oid, TypeFacts> catalog;
  bool asked = !unknown.empty();
  if (asked) {
    const Result facts = run(kTypesSql, {fmt::format("{{{}}}", fmt::join(unknown, ","))});
    for (int row = 0; row < PQntuples(facts.get()); ++row) {
      const auto oid = static_cast<Oid>(std::stoul(field(facts.get(), row, 0)));
      catalog[oid] = {field(facts.get(), row, 1), field(facts.get(), row, 2)[0],
                      static_cast<Oid>(std::stoul(field(facts.get(), row, 3))),
                      field(facts.get(), row, 4)[0]};
    }
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Oid table = PQftable(described.get(), static_cast<int>(i));
    if (table == 0) continue;
    const auto known = catalog.find(columns[i].oid);
    const bool array = known != catalog.end() ? known->second.element != 0
                                              : is_built_in_array(columns[i].oid);
    if (!array) continue;
    asked = true;
    const Result dimensions =
        run(kDimensionsSql,
            {std::to_string(table),
             std::to_string(PQftablecol(described.get(), static_cast<int>(i)))});
    if (PQntuples(dimensions.get()) == 1) {
      columns[i].dimensions = std::stoi(field(dimensions.get(), 0, 0));
    }
  }
  if (asked) {
    // Asking the catalog replaced the unnamed statement.
    PQsendPrepare(connection, "", text.c_str(), static_cast<int>(types.size()),
                  types.data());
    await_result(connection, wait_, where);
  }
  return plan_columns(columns, catalog, choices);
}

std::unique_ptr<Cursor> PostgresConnection::execute(const Statement& statement,
                                                    const ReadOptions& options,
                                                    const Wait& wait) {
  wait_ = wait;
  auto plans = prepare(statement, options.types);
  return std::make_unique<PostgresCursor>(connection_.get(), statement, std::move(plans),
                                          options, wait);
}

std::vector<ColumnFacts> PostgresConnection::describe(const Statement& statement,
                                                      const ReadOptions& options) {
  std::vector<ColumnFacts> facts;
  for (const ColumnPlan& plan : prepare(statement, options.types)) {
    facts.push_back({plan.name, plan.declared, arrow_text(plan), hint_of(plan)});
  }
  return facts;
}

std::vector<std::string> PostgresConnection::explain(const Statement& statement) {
  return explain(statement, "");
}

std::vector<std::string> PostgresConnection::explain(const Statement& statement,
                                                     std::string_view options) {
  prepare(statement, any_names());
  std::vector<Oid> types;
  std::vector<std::string> texts;
  std::vector<const char*> values;
  for (const Value& value : statement.values) {
    types.push_back(type_of_value(value));
    texts.push_back(text_of_value(value).value_or(""));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    values.push_back(std::holds_alternative<std::monostate>(statement.values[i])
                         ? nullptr
                         : texts[i].c_str());
  }
  const std::string sql =
      fmt::format("EXPLAIN {} {}", options, statement.text(placeholder));
  PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                    types.data(), values.data(), nullptr, nullptr, 0);
  const Result result = await_result(connection_.get(), wait_);
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    lines.push_back(printable(PQgetvalue(result.get(), row, 0), 400));
  }
  return lines;
}

std::vector<std::string> PostgresConnection::account() {
  const Result result = run(kAccountSql);
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    lines.push_back(printable(PQgetvalue(result.get(), row, 0), 200));
  }
  return lines;
}

std::vector<Statement> PostgresConnection::split(const Statement& statement,
                                                 const Partition& partition,
                                                 const Wait& wait, std::string* how) {
  wait_ = wait;
  if (partition.column.empty()) return split_by_page(statement, partition.count, how);
  check_partition_column(statement, partition.column);
  // Each session would take rows of its own.
  for (const std::string& line : explain(statement, "(COSTS OFF)")) {
    const auto step = line.find_first_not_of(" ->");
    const std::string_view name =
        std::string_view(line).substr(std::min(step, line.size()));
    if (!name.starts_with("Limit") && !name.starts_with("Sample Scan")) continue;
    *how = "which rows a LIMIT or a sample takes is not the same in every session";
    return {statement};
  }
  const std::string key = quote_identifier(partition.column, '"');
  // NaN is above every number; least and greatest bring it and the infinities into range.
  const auto edge = [&key](std::string_view function, std::string_view round) {
    return fmt::format(
        "CAST(greatest(least(CAST({}({}({})) AS numeric), 9223372036854775807), "
        "-9223372036854775808) AS bigint)",
        round, function, key);
  };
  return split_by_column(*this, statement, partition, key,
                         fmt::format("{}, {}", edge("min", "floor"), edge("max", "ceil")),
                         wait, how);
}

void PostgresConnection::check_partition_column(const Statement& statement,
                                                const std::string& column) {
  for (const ColumnPlan& plan : prepare(statement, any_names())) {
    if (plan.name != column) continue;
    for (const std::string_view number :
         {"smallint", "integer", "bigint", "real", "double precision", "numeric"}) {
      if (plan.declared.substr(0, plan.declared.find('(')) == number) return;
    }
    throw Error(Category::kRecipe, "partition_column_type",
                fmt::format("partition column '{}' is {}, and only a number can be split",
                            printable(column), printable(plan.declared)),
                "name a column of whole numbers, best the primary key");
  }
}

// A scan of one whole table, and nothing else, is split by its pages: the plan says which
// table, and a condition on ctid is put at the end of the text. Where the text is of
// another shape that cannot be parsed any more, which preparing it shows.
std::vector<Statement> PostgresConnection::split_by_page(const Statement& statement,
                                                         std::int64_t count,
                                                         std::string* how) {
  prepare(statement, any_names());
  *how = "the query is not a scan of one whole table; name a partition column";
  std::string table;
  int scans = 0;
  for (const std::string& line : explain(statement, "(VERBOSE, COSTS OFF)")) {
    constexpr std::string_view kScan = "Seq Scan on ";
    const auto at = line.find(kScan);
    const std::string_view step = trim(line);
    if (at != std::string::npos) {
      ++scans;
      table = table_name(std::string_view(line).substr(at + kScan.size()));
    } else if (!step.starts_with("Output: ") && !step.starts_with("Gather") &&
               !step.starts_with("Workers Planned: ")) {
      return {statement};
    }
  }
  if (scans != 1 || table.empty()) return {statement};
  const Result size =
      run("SELECT (pg_catalog.pg_relation_size(c.oid) / "
          "pg_catalog.current_setting('block_size')::bigint)::text FROM "
          "pg_catalog.pg_class c "
          "WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind = 'r'",
          {table});
  if (PQntuples(size.get()) != 1) return {statement};
  const std::int64_t pages = std::stoll(field(size.get(), 0, 0));
  std::vector<Value> cuts;
  for (const Value& page : even_cuts(0, pages - 1, count)) {
    cuts.emplace_back(fmt::format("({},0)", std::get<std::int64_t>(page)));
  }
  if (cuts.empty()) {
    *how = fmt::format("{} has {} page{}, and so no ctid ranges", printable(table), pages,
                       pages == 1 ? "" : "s");
    return {statement};
  }
  std::vector<Statement> parts;
  for (KeyRange range : ranges_between(cuts)) {
    range.nulls = false;  // ctid is never NULL
    parts.push_back(restricted(statement, "ctid", range, "::tid"));
  }
  try {
    run("SAVEPOINT penstock_split");
    for (const Statement& part : parts) {
      if (part.values.size() > statement.values.size() && !scans_a_range(part)) {
        return {statement};
      }
    }
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;
    run("ROLLBACK TO SAVEPOINT penstock_split");
    return {statement};
  }
  *how = fmt::format("ctid ranges of {}", printable(table));
  return parts;
}

// Whether the condition on ctid is what the one scan of `part` goes by: then it is the
// table's own ctid, never NULL, and restricts all that is read.
bool PostgresConnection::scans_a_range(const Statement& part) {
  int ranges = 0;
  for (const std::string& line : explain(part, "(COSTS OFF)")) {
    const bool range = line.find("Tid Range Scan on ") != std::string::npos;
    if (!range && line.find("Scan") != std::string::npos) return false;
    ranges += range ? 1 : 0;
  }
  return ranges == 1;
}

}  // namespace penstock::postgres
