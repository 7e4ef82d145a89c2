#include "dialect/postgres/connection.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/first_word.h"
#include "dialect/postgres/connect.h"
#include "dialect/postgres/cursor.h"
#include "dialect/without_values.h"

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

constexpr Oid kText = 25;

// Which parameter the server could not tell the type of: the error's text names it, "$2"
// in every language. Nothing for any other error.
std::optional<std::size_t> parameter_without_type(const Error& error) {
  if (error.sqlstate() != "42P18") return std::nullopt;
  const std::string_view text = error.message();
  const auto dollar = text.rfind('$');
  if (dollar == std::string_view::npos) return std::nullopt;
  std::size_t number = 0;
  std::from_chars(text.data() + dollar + 1, text.data() + text.size(), number);
  return number == 0 ? std::nullopt : std::optional(number - 1);
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
    "SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typtype, "
    "CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, coalesce(e.typtype, 'b') "
    "FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem "
    "WHERE t.oid = ANY ($1::pg_catalog.oid[])";

constexpr const char* kDimensionsSql =
    "SELECT attndims FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum = $2";

std::string field(const Result& result, int row, int column) {
  return PQgetvalue(result.get(), row, column);
}

std::vector<ColumnFacts> facts_of(const std::vector<ColumnPlan>& plans) {
  std::vector<ColumnFacts> facts;
  for (const ColumnPlan& plan : plans)
    facts.push_back({plan.name, plan.declared, arrow_text(plan), hint_of(plan)});
  return facts;
}

}  // namespace

PostgresConnection::PostgresConnection(const Dsn& dsn, const Target& target,
                                       const Session& session, const Wait& wait,
                                       const Version& version)
    : connection_(connect(dsn, target, wait)), wait_(wait) {
  set_up_session(runner(), session, version, dsn.settings);
}

Run PostgresConnection::runner() {
  return [this](const std::string& sql, const std::vector<std::string>& values) {
    return run(sql, values);
  };
}

std::string PostgresConnection::snapshot() {
  const Result result = run("SELECT pg_catalog.pg_export_snapshot()");
  const std::string id = field(result, 0, 0);
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

std::vector<ColumnPlan> PostgresConnection::prepare(const Statement& statement) {
  TypeChoices choices;
  choices.duplicates = Duplicates::kRename;
  return prepare(statement, choices);
}

void PostgresConnection::parse(const Statement& statement) {
  const std::string text = statement.text(placeholder);
  PQsendPrepare(connection_.get(), "", text.c_str(), static_cast<int>(types_.size()),
                types_.data());
  await_result(connection_.get(), wait_, [&](int position) {
    return statement.position(placeholder, byte_offset(text, position));
  });
}

void PostgresConnection::parse_by_place(const Statement& statement) {
  types_.clear();
  for (std::size_t i = 0; i < statement.values.size(); ++i)
    types_.push_back(type_of_value(statement.typed(i)));
  if (std::find(types_.begin(), types_.end(), Oid{0}) == types_.end())
    return parse(statement);
  // What the server refuses to parse ends a transaction that has no savepoint.
  run("SAVEPOINT penstock_types");
  while (true) {
    try {
      return parse(statement);
    } catch (const Error& error) {
      const auto index = parameter_without_type(error);
      if (!index || *index >= types_.size() || types_[*index] != 0) throw;
      types_[*index] = kText;
    }
    run("ROLLBACK TO SAVEPOINT penstock_types");
  }
}

std::vector<ColumnPlan> PostgresConnection::prepare_any(const Statement& statement,
                                                        const TypeChoices& choices) {
  PGconn* connection = connection_.get();
  parse_by_place(statement);
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
      const auto oid = static_cast<Oid>(std::stoul(field(facts, row, 0)));
      catalog[oid] = {field(facts, row, 1), field(facts, row, 2)[0],
                      static_cast<Oid>(std::stoul(field(facts, row, 3))),
                      field(facts, row, 4)[0]};
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
      columns[i].dimensions = std::stoi(field(dimensions, 0, 0));
    }
  }
  if (asked) {
    // Asking the catalog replaced the unnamed statement.
    parse(statement);
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

Result PostgresConnection::await_bound(const Statement& statement) {
  try {
    return await_result(connection_.get(), wait_);
  } catch (const Error& error) {
    throw without_values(error, statement.values);
  }
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
  const Result result = await_bound(statement);
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
  return facts_of(prepare(statement, options.types));
}

ChangeFacts PostgresConnection::describe_change(const Statement& statement,
                                                const ReadOptions& options) {
  refuse_unless_change(statement, Lexicon::postgres());
  run("SAVEPOINT penstock_plan");
  try {
    ChangeFacts facts;
    facts.columns = facts_of(prepare_any(statement, options.types));
    facts.parameters = parameter_types();
    if (is_explained(statement, Lexicon::postgres()))
      facts.explain = explain_prepared(statement, "");
    return facts;
  } catch (const Error& error) {
    if (!error.sqlstate().empty()) run("ROLLBACK TO SAVEPOINT penstock_plan");
    throw;
  }
}

// Of the unnamed statement, by index.
std::vector<std::string> PostgresConnection::parameter_types() {
  PQsendDescribePrepared(connection_.get(), "");
  const Result described = await_result(connection_.get(), wait_);
  std::vector<Oid> types;
  for (int i = 0; i < PQnparams(described.get()); ++i)
    types.push_back(PQparamtype(described.get(), i));
  if (types.empty()) return {};
  const Result found =
      run(kTypesSql,
          {fmt::format("{{{}}}", fmt::join(std::set(types.begin(), types.end()), ","))});
  std::map<Oid, std::string> names;
  for (int row = 0; row < PQntuples(found.get()); ++row) {
    names.emplace(static_cast<Oid>(std::stoul(field(found, row, 0))),
                  field(found, row, 1));
  }
  std::vector<std::string> words;
  words.reserve(types.size());
  for (const Oid type : types) words.push_back(names[type]);
  return words;
}

std::vector<std::string> PostgresConnection::explain(const Statement& statement) {
  return explain(statement, "");
}

std::vector<std::string> PostgresConnection::explain(const Statement& statement,
                                                     std::string_view options) {
  prepare(statement);
  return explain_prepared(statement, options);
}

// Only what could be prepared as a statement of its own stands behind EXPLAIN: "(ANALYZE)
// DELETE FROM t" could not.
std::vector<std::string> PostgresConnection::explain_prepared(const Statement& statement,
                                                              std::string_view options) {
  std::vector<std::string> texts;
  std::vector<const char*> values;
  for (const Value& value : statement.values)
    texts.push_back(text_of_value(value).value_or(""));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    values.push_back(std::holds_alternative<std::monostate>(statement.values[i])
                         ? nullptr
                         : texts[i].c_str());
  }
  const std::string sql =
      fmt::format("EXPLAIN {} {}", options, statement.text(placeholder));
  PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                    types_.data(), values.data(), nullptr, nullptr, 0);
  const Result result = await_bound(statement);
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    lines.push_back(printable(PQgetvalue(result.get(), row, 0), 400));
  }
  return lines;
}

std::vector<std::string> PostgresConnection::account() { return account_of(runner()); }

}  // namespace penstock::postgres
