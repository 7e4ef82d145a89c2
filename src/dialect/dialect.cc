#include "dialect/dialect.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {

std::vector<Statement> Connection::split(const Statement& statement, const Partition&,
                                         const Wait&, std::string* how) {
  *how = "this database's reads are not split";
  return {statement};
}

std::vector<std::unique_ptr<Connection>> Dialect::connect_group(
    const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
    std::int64_t, std::string* why) const {
  *why = "this database gives several sessions no common version of the data";
  std::vector<std::unique_ptr<Connection>> group;
  group.push_back(connect(dsn, target, session, wait));
  return group;
}

std::vector<Statement> split_by_column(Connection& connection, const Statement& statement,
                                       const Partition& partition, std::string_view key,
                                       std::string_view bounds_sql, const Wait& wait,
                                       std::string* how) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  if (partition.range) {
    low = partition.range->first;
    high = partition.range->second;
  } else {
    const auto cursor =
        connection.execute(select_from(fmt::format("SELECT {}", bounds_sql), statement),
                           ReadOptions{}, wait);
    const auto batch = cursor->next();
    const auto& lows = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& highs = static_cast<const arrow::Int64Array&>(*batch->column(1));
    while (cursor->next()) {
    }
    if (lows.IsNull(0)) {
      *how = fmt::format("column '{}' has no numbers to split by",
                         printable(partition.column));
      return {statement};
    }
    low = lows.Value(0);
    high = highs.Value(0);
  }
  std::vector<Statement> parts;
  for (const KeyRange& range : ranges_between(even_cuts(low, high, partition.count))) {
    parts.push_back(restricted(select_from("SELECT *", statement), key, range));
  }
  *how = fmt::format("ranges of column '{}'", printable(partition.column));
  return parts;
}

}  // namespace penstock
