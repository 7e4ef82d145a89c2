// What the engine costs without a sink: opens a query, takes its record batches and
// discards them.
//   read_batches SQL [--verify]     prints {"rows": N}, with --verify also {"sums":
//   {...}} (lineitem.py)
// The DSN is in the variable PENSTOCK_BENCH_DSN.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/api.h>
#include <fmt/core.h>

#include "penstock/engine.h"
#include "penstock/error.h"

namespace {

constexpr std::string_view kDsnVariable = "PENSTOCK_BENCH_DSN";

std::int64_t value_for_sum(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT32:
      return static_cast<const arrow::Int32Array&>(array).Value(row);
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::DATE32:
      return static_cast<const arrow::Date32Array&>(array).Value(row);
    case arrow::Type::STRING:
      return static_cast<const arrow::StringArray&>(array).value_length(row);
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      return static_cast<std::int64_t>(
          arrow::Decimal128(decimals.GetValue(row)).low_bits());
    }
    default:
      throw penstock::Error(penstock::Category::kUnexpected, "bench_type",
                            fmt::format("no sum for type {}", array.type()->ToString()));
  }
}

void add_sums(const arrow::RecordBatch& batch, std::vector<std::int64_t>& sums) {
  for (int column = 0; column < batch.num_columns(); ++column) {
    const arrow::Array& array = *batch.column(column);
    for (std::int64_t row = 0; row < array.length(); ++row) {
      if (array.IsValid(row)) sums[column] += value_for_sum(array, row);
    }
  }
}

int run(const std::string& sql, bool verify) {
  penstock::Query query;
  query.name = "benchmark";
  query.sql = sql;
  query.connection.dsn_env = kDsnVariable;
  query.limits.statement = std::chrono::minutes(30);

  const penstock::Engine engine(penstock::Environment::of_process());
  penstock::BatchStream stream = engine.open(query, {});
  std::vector<std::int64_t> sums(stream.schema()->num_fields());
  std::int64_t rows = 0;
  while (const auto batch = stream.next()) {
    rows += batch->num_rows();
    if (verify) add_sums(*batch, sums);
  }

  std::string line = fmt::format("{{\"rows\": {}", rows);
  for (int column = 0; verify && column < stream.schema()->num_fields(); ++column) {
    line += fmt::format("{}\"{}\": {}", column == 0 ? ", \"sums\": {" : ", ",
                        stream.schema()->field(column)->name(), sums[column]);
  }
  fmt::print("{}{}\n", line, verify ? "}}" : "}");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const bool verify = arguments.size() == 2 && arguments[1] == "--verify";
  if (arguments.size() != 1 && !verify) {
    fmt::print(stderr, "usage: read_batches SQL [--verify]\n");
    return 2;
  }
  try {
    return run(std::string(arguments[0]), verify);
  } catch (const penstock::Error& error) {
    fmt::print(stderr, "read_batches: {}\n{}\n", error.message(), error.hint());
  } catch (const std::exception& error) {
    fmt::print(stderr, "read_batches: {}\n", error.what());
  }
  return 1;
}
