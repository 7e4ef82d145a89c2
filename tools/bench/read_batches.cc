// What the engine costs without a sink: opens a query, takes its record batches and
// discards them.
//   read_batches SQL [--parameter NAME=INTEGER] [--partitions N [--partition-on COLUMN]]
//                [--verify]
// Prints {"rows": N}, with --verify also {"sums": {...}} (lineitem.py). Fails if it was
// to read N partitions and the engine read by one connection.
// The DSN is in the variable PENSTOCK_BENCH_DSN.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
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

struct Arguments {
  penstock::Query query;
  penstock::Params params;
  bool verify = false;
};

std::int64_t integer(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end) {
    throw std::invalid_argument(fmt::format("not an integer: {}", text));
  }
  return value;
}

Arguments parse(const std::vector<std::string_view>& words) {
  Arguments given;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--verify") {
      given.verify = true;
    } else if (words[i] == "--parameter" && has_value) {
      const std::string_view word = words[++i];
      const auto equals = std::min(word.find('='), word.size());
      given.params.emplace(std::string(word.substr(0, equals)),
                           integer(word.substr(std::min(equals + 1, word.size()))));
    } else if (words[i] == "--partitions" && has_value) {
      given.query.partition.count = integer(words[++i]);
    } else if (words[i] == "--partition-on" && has_value) {
      given.query.partition.column = words[++i];
    } else if (given.query.sql.empty() && !words[i].starts_with("--")) {
      given.query.sql = words[i];
    } else {
      throw std::invalid_argument(fmt::format("what is {}?", words[i]));
    }
  }
  if (given.query.sql.empty()) throw std::invalid_argument("which query?");
  given.query.name = "benchmark";
  given.query.connection.dsn_env = kDsnVariable;
  given.query.limits.statement = std::chrono::minutes(30);
  return given;
}

void print(std::int64_t rows, const arrow::Schema& schema,
           const std::vector<std::int64_t>& sums) {
  std::string line = fmt::format("{{\"rows\": {}", rows);
  for (std::size_t column = 0; column < sums.size(); ++column) {
    line += fmt::format("{}\"{}\": {}", column == 0 ? ", \"sums\": {" : ", ",
                        schema.field(static_cast<int>(column))->name(), sums[column]);
  }
  fmt::print("{}{}\n", line, sums.empty() ? "}" : "}}");
}

void run(const Arguments& given) {
  const penstock::Engine engine(penstock::Environment::of_process());
  penstock::BatchStream stream = engine.open(given.query, given.params);
  std::vector<std::int64_t> sums(given.verify ? stream.schema()->num_fields() : 0);
  std::int64_t rows = 0;
  while (const auto batch = stream.next()) {
    rows += batch->num_rows();
    if (given.verify) add_sums(*batch, sums);
  }
  const penstock::Partitions partitions = stream.partitions();
  const auto wanted = static_cast<std::size_t>(given.query.partition.count);
  if (wanted > 1 && partitions.rows.size() != wanted) {
    throw std::runtime_error(
        fmt::format("not read by {} connections: {}", wanted, partitions.how));
  }
  print(rows, *stream.schema(), sums);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse({argv + 1, argv + argc}));
    return 0;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr,
               "read_batches: {}\nusage: read_batches SQL [--parameter NAME=INTEGER] "
               "[--partitions N [--partition-on COLUMN]] [--verify]\n",
               error.what());
    return 2;
  } catch (const penstock::Error& error) {
    fmt::print(stderr, "read_batches: {}\n", error.message());
  } catch (const std::exception& error) {
    fmt::print(stderr, "read_batches: {}\n", error.what());
  }
  return 1;
}
