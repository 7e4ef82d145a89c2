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
  constexpr Oid kDate = 1082;
  constexpr Oid kTimestamp = 1114;
  constexpr Oid kTimestampTz = 1184;
  constexpr Oid kInterval = 1186;
  constexpr Oid kBytea = 17;
  if (std::holds_alternative<bool>(value)) return kBool;
  if (std::holds_alternative<double>(value)) return kNumeric;
  if (std::holds_alternative<Date>(value)) return kDate;
  if (const auto* time = std::get_if<DateTime>(&value))
    return time->utc ? kTimestampTz : kTimestamp;
  if (std::holds_alternative<TimeDelta>(value)) return kInterval;
  if (std::holds_alternative<Bytes>(value)) return kBytea;
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

// Functions that may give another value each time.
constexpr const char* kVolatileSql =
    "SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE provolatile = 'v' AND prokind "
    "= 'f' AND prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype";

// All that the role may do beyond reading, its memberships' rights included; those that
// only let it read are left out.
constexpr const char* kAccountSql = R"(
SELECT 'role attribute: ' || a.word
  FROM pg_catalog.pg_roles r, LATERAL (VALUES
    (r.rolsuper, 'SUPERUSER'), (r.rolreplication, 'REPLICATION'),
    (r.rolbypassrls, 'BYPASSRLS'), (r.rolcreaterole, 'CREATEROLE'),
    (r.rolcreatedb, 'CREATEDB')) a (has, word)
  WHERE r.rolname = session_user AND a.has
UNION ALL
SELECT 'member of ' || r.rolname FROM pg_catalog.pg_roles r
  WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') AND r.rolname <> session_user
    AND r.rolname !~ '^pg_(read_all_.*|stat_scan_tables|monitor)$'
    AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user)
UNION ALL
SELECT 'may create in ' || quote_ident(nspname) FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_|^information_schema$' AND pg_catalog.has_schema_privilege(oid, 'CREATE')
UNION ALL
SELECT 'may ' || string_agg(lower(p.word), ', ' ORDER BY p.word) || ' ' ||
    quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (VALUES ('DELETE'), ('INSERT'), ('TRUNCATE'), ('UPDATE')) p (word)
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_|^information_schema$'
    AND pg_catalog.has_table_privilege(c.oid, p.word)
  GROUP BY n.nspname, c.relname
UNION ALL
SELECT 'may run ' || f.oid::regprocedure || ' as ' || quote_ident(o.rolname)
  FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_roles o ON o.oid = f.proowner
    JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
  WHERE f.prosecdef AND n.nspname !~ '^pg_' AND o.rolname <> session_user
    AND pg_catalog.has_function_privilege(f.oid, 'EXECUTE'))";

// What a role may do that a read-only transaction does not stop. Of the session's user,
// and of every role it may become: set_config('role', ...) is a function like any other.
constexpr const char* kPrivilegeSql = R"(
SELECT CASE WHEN rolsuper THEN 'superuser' WHEN rolreplication THEN 'replication'
    ELSE rolname END
  FROM pg_catalog.pg_roles
  WHERE (rolsuper OR rolreplication OR rolname IN ('pg_execute_server_program',
      'pg_write_server_files', 'pg_read_server_files'))
    AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
  ORDER BY rolsuper DESC, rolreplication DESC, rolname)";

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
  const bool writes = session.access == Access::kReadWrite;
  std::string begin =
      writes ? "BEGIN TRANSACTION READ WRITE; " : "BEGIN TRANSACTION READ ONLY; ";
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
  if (PQntuples(read_only.get()) != 1 ||
      field(read_only.get(), 0, 0) != (writes ? "off" : "on")) {
    throw Error(Category::kDataSource, "session_not_read_only",
                writes ? "the session could not be made writable"
                       : "the session could not be made read-only");
  }
  if (!session.allow_privileged) {
    const Result role = run(kPrivilegeSql);
    if (PQntuples(role.get()) > 0) {
      throw Error(
          Category::kRefused, "privileged_account",
          fmt::format("refusing to {} with a {} role: {}", writes ? "write" : "read",
                      printable(field(role.get(), 0, 0)),
                      writes ? "it may do more than change rows"
                             : "read-only transactions do not bind it"),
          writes
              ? "use a role that may only do what the task needs, or set "
                "allow_privileged: true in the task"
              : "use a role that may only SELECT, or set allow_privileged: true in the "
                "recipe");
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
  auto plans = prepare_any(statement, choices);
  if (!plans.empty()) return plans;
  throw Error(Category::kRefused, "not_a_read", "the query does not return rows",
              "a query is a single SELECT, VALUES, TABLE or WITH ... SELECT");
}

std::vector<ColumnPlan> PostgresConnection::prepare_any(const Statement& statement,
                                                        const TypeChoices& choices) {
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
  if (columns.empty()) return {};
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

Execution PostgresConnection::execute_write(const Statement& statement,
                                            const ReadOptions& options,
                                            const Wait& wait) {
  wait_ = wait;
  refuse_unless_change(statement, Lexicon::postgres());
  auto plans = prepare_any(statement, options.types);
  Execution execution;
  if (plans.empty()) {
    execution.affected = run_prepared(statement);
  } else {
    execution.cursor = std::make_unique<PostgresCursor>(connection_.get(), statement,
                                                        std::move(plans), options, wait);
  }
  return execution;
}

// The unnamed statement, which gives no rows; how many it changed.
std::int64_t PostgresConnection::run_prepared(const Statement& statement) {
  std::vector<std::optional<std::string>> texts;
  for (const Value& value : statement.values) texts.push_back(text_of_value(value));
  std::vector<const char*> values;
  std::vector<int> sizes;
  for (const auto& text : texts) {
    values.push_back(text ? text->c_str() : nullptr);
    sizes.push_back(text ? static_cast<int>(text->size()) : 0);
  }
  PQsendQueryPrepared(connection_.get(), "", static_cast<int>(values.size()),
                      values.data(), sizes.data(), nullptr, 0);
  const Result result = await_result(connection_.get(), wait_);
  return affected_of(PQcmdStatus(result.get()));
}

void PostgresConnection::commit(const Wait& wait) {
  wait_ = wait;
  try {
    const Result result = run("COMMIT");
    // A transaction that had failed is rolled back, which is no error to the server.
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return;
  } catch (const Error& error) {
    if (!error.sqlstate().empty()) throw;
    throw Error(error.category(), "commit_unknown",
                fmt::format("while committing: {}", error.message()),
                "the change may have been made or not: look before it is run again");
  }
  throw Error(Category::kDataSource, "query_failed", "the transaction was rolled back");
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
  const Result functions = run(kVolatileSql);
  for (int row = 0; row < PQntuples(functions.get()); ++row) {
    const std::string function = field(functions.get(), row, 0);
    if (!has_word(statement.source, function)) continue;
    *how = fmt::format("what {}() gives is not the same in every session",
                       printable(function));
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
