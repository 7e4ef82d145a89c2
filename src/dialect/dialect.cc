#include "dialect/dialect.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/at_once.h"
#include "base/text.h"
#include "penstock/error.h"

namespace penstock {

StopLimits stop_limits(Deadline deadline) {
  using std::chrono::milliseconds;
  if (deadline.passed()) return {milliseconds(500), milliseconds(500)};
  return {milliseconds(1200), milliseconds(5000)};
}

std::vector<Statement> Connection::split(const Statement& statement, const Partition&,
                                         const Wait&, std::string* how) {
  *how = "this database's reads are not split";
  return {statement};
}

bool Dialect::commits_by_itself(const Statement& /*statement*/) const { return false; }

std::string Dialect::allow_writers(const Dsn& /*dsn*/, const Target& /*target*/,
                                   const Session& /*session*/,
                                   const Wait& /*wait*/) const {
  return "";
}

std::vector<std::unique_ptr<Connection>> Dialect::connect_group(
    const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
    const Statement&, const Partition&, std::string* why) const {
  *why = "this database gives several sessions no common version of the data";
  std::vector<std::unique_ptr<Connection>> group;
  group.push_back(connect(dsn, target, session, wait));
  return group;
}

void connect_others(std::vector<std::unique_ptr<Connection>>& group, std::size_t count,
                    const std::function<std::unique_ptr<Connection>()>& connect,
                    std::string* why) {
  std::vector<std::unique_ptr<Connection>> others(count);
  try {
    at_once(count, [&](std::size_t i) { others[i] = connect(); });
  } catch (const Error& error) {
    if (error.category() == Category::kInterrupted) throw;
    *why = fmt::format("a further connection failed: {}", error.what());
    return;
  }
  for (auto& other : others) group.push_back(std::move(other));
}

std::vector<Statement> split_by_column(Connection& connection, const Statement& statement,
                                       const Partition& partition, std::string_view key,
                                       std::string_view bounds_sql, const Wait& wait,
                                       std::string* how) {
  std::vector<std::string> names;
  ReadOptions any_names;
  any_names.types.duplicates = Duplicates::kRename;
  for (const ColumnFacts& column : connection.describe(statement, any_names)) {
    names.push_back(column.name);
  }
  if (std::find(names.begin(), names.end(), partition.column) == names.end()) {
    throw Error(Category::kRecipe, "unknown_partition_column",
                fmt::format("partition column '{}' is not a column of the result",
                            printable(partition.column)),
                suggest(partition.column, names));
  }
  std::int64_t low = 0;
  std::int64_t high = 0;
  if (partition.range) {
    low = partition.range->first;
    high = partition.range->second;
  } else {
    const auto cursor = connection.execute(
        select_from(fmt::format("SELECT {}", bounds_sql), statement), any_names, wait);
    const auto batch = cursor->next();
    while (cursor->next()) {
    }
    // Of no number at all SQLite cannot even say the type.
    const auto bound = [&batch](int column) -> std::optional<std::int64_t> {
      const auto& array = *batch->column(column);
      if (array.type_id() != arrow::Type::INT64 || array.IsNull(0)) return std::nullopt;
      return static_cast<const arrow::Int64Array&>(array).Value(0);
    };
    if (!bound(0) || !bound(1)) {
      *how = fmt::format("column '{}' has no numbers to split by",
                         printable(partition.column));
      return {statement};
    }
    low = *bound(0);
    high = *bound(1);
  }
  const auto cuts = even_cuts(low, high, partition.count);
  if (cuts.empty()) {
    *how = fmt::format("column '{}' has one whole number, {}, and so no ranges",
                       printable(partition.column), low);
    return {statement};
  }
  std::vector<Statement> parts;
  for (const KeyRange& range : ranges_between(cuts)) {
    parts.push_back(restricted(select_from("SELECT *", statement), key, range));
  }
  *how = fmt::format("ranges of column '{}'", printable(partition.column));
  return parts;
}

}  // namespace penstock
