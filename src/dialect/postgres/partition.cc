// How one read becomes several that together give each of its rows once.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/postgres/connection.h"
#include "dialect/postgres/unstable.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// "public.\"Line item\" l" -> "public.\"Line item\"": without the alias behind it.
std::string table_name(std::string_view text) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != ' '); ++end) {
    if (text[end] == '"') quoted = !quoted;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

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
  if (const std::string why = why_unstable(runner(), statement); !why.empty()) {
    *how = why;
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
  for (const ColumnPlan& plan : prepare(statement)) {
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
  prepare(statement);
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
  const std::int64_t pages = std::stoll(PQgetvalue(size.get(), 0, 0));
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
