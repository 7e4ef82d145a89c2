#include "columns/arrow_types.h"

#include <algorithm>
#include <map>
#include <set>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {

std::shared_ptr<arrow::DataType> arrow_type(const TypeName& type) {
  using Kind = TypeName::Kind;
  switch (type.kind) {
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt8:
      return arrow::int8();
    case Kind::kInt16:
      return arrow::int16();
    case Kind::kInt32:
      return arrow::int32();
    case Kind::kInt64:
      return arrow::int64();
    case Kind::kUInt8:
      return arrow::uint8();
    case Kind::kUInt16:
      return arrow::uint16();
    case Kind::kUInt32:
      return arrow::uint32();
    case Kind::kUInt64:
      return arrow::uint64();
    case Kind::kFloat32:
      return arrow::float32();
    case Kind::kFloat64:
      return arrow::float64();
    case Kind::kDecimal:
      return type.precision <= 38 ? arrow::decimal128(type.precision, type.scale)
                                  : arrow::decimal256(type.precision, type.scale);
    case Kind::kText:
      return arrow::utf8();
    case Kind::kBinary:
      return arrow::binary();
    case Kind::kDate:
      return arrow::date32();
    case Kind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case Kind::kTimestampTz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  return nullptr;
}

std::shared_ptr<arrow::DataType> interval_parts() {
  return arrow::struct_({arrow::field("months", arrow::int32(), false),
                         arrow::field("days", arrow::int32(), false),
                         arrow::field("microseconds", arrow::int64(), false)});
}

std::string arrow_type_text(const TypeName& type) { return arrow_type(type)->ToString(); }

std::vector<std::string> unique_names(std::vector<std::string> names,
                                      Duplicates duplicates) {
  if (duplicates == Duplicates::kKeep) return names;
  const std::set<std::string> given(names.begin(), names.end());
  std::set<std::string> taken;
  std::map<std::string, int> last_suffix;
  for (std::string& name : names) {
    if (taken.insert(name).second) continue;
    if (duplicates == Duplicates::kError) {
      throw Error(
          Category::kDataSource, "duplicate_column",
          fmt::format("the result has more than one column named '{}'", printable(name)),
          "give each an alias in the query (AS ...), or set types.duplicates: rename");
    }
    int& suffix = last_suffix[name];
    std::string renamed;
    do {
      renamed = fmt::format("{}_{}", name, ++suffix);
    } while (given.contains(renamed) || taken.contains(renamed));
    taken.insert(renamed);
    name = std::move(renamed);
  }
  return names;
}

void check_named_columns(const TypeChoices& choices,
                         const std::vector<std::string>& names) {
  for (const auto& [name, type] : choices.columns) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw Error(
        Category::kRecipe, "unknown_typed_column",
        fmt::format("types.columns names '{}', which is not a column of the result",
                    printable(name)),
        suggest(name, names));
  }
}

}  // namespace penstock
