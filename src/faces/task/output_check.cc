#include "faces/task/output_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "penstock/types.h"

namespace penstock {
namespace {

using Arrays = std::shared_ptr<arrow::Array>;
using Type = std::shared_ptr<arrow::DataType>;

enum class Family {
  kNumber,
  kBool,
  kText,
  kDate,
  kTimestamp,
  kTime,
  kDuration,
  kBytes,
  kOther
};

Family family_of(const arrow::DataType& type) {
  const auto id = type.id();
  if (arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id))
    return Family::kNumber;
  switch (id) {
    case arrow::Type::BOOL:
      return Family::kBool;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return Family::kText;
    case arrow::Type::DATE32:
      return Family::kDate;
    case arrow::Type::TIMESTAMP:
      return Family::kTimestamp;
    case arrow::Type::TIME64:
      return Family::kTime;
    case arrow::Type::DURATION:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return Family::kDuration;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
      return Family::kBytes;
    default:
      return Family::kOther;
  }
}

Type type_of(const TypeName& name) {
  switch (name.kind) {
    case TypeName::Kind::kBool:
      return arrow::boolean();
    case TypeName::Kind::kInt8:
      return arrow::int8();
    case TypeName::Kind::kInt16:
      return arrow::int16();
    case TypeName::Kind::kInt32:
      return arrow::int32();
    case TypeName::Kind::kInt64:
      return arrow::int64();
    case TypeName::Kind::kUInt8:
      return arrow::uint8();
    case TypeName::Kind::kUInt16:
      return arrow::uint16();
    case TypeName::Kind::kUInt32:
      return arrow::uint32();
    case TypeName::Kind::kUInt64:
      return arrow::uint64();
    case TypeName::Kind::kFloat32:
      return arrow::float32();
    case TypeName::Kind::kFloat64:
      return arrow::float64();
    case TypeName::Kind::kDecimal:
      return name.precision <= 38 ? arrow::decimal128(name.precision, name.scale)
                                  : arrow::decimal256(name.precision, name.scale);
    case TypeName::Kind::kText:
      return arrow::utf8();
    case TypeName::Kind::kBinary:
      return arrow::binary();
    case TypeName::Kind::kDate:
      return arrow::date32();
    case TypeName::Kind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeName::Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeName::Kind::kTimestampTz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  }
  return arrow::utf8();
}

// The Arrow type of a declared name; a datetime keeps the zone it has or has not.
Type target_of(const std::string& name, const Type& found) {
  if (name == "int") return arrow::int64();
  if (name == "float") return arrow::float64();
  if (name == "str") return arrow::utf8();
  if (name == "bool") return arrow::boolean();
  if (name == "date") return arrow::date32();
  if (name == "timedelta") return arrow::duration(arrow::TimeUnit::MICRO);
  if (name == "bytes") return arrow::binary();
  if (name == "datetime") {
    return found->id() == arrow::Type::TIMESTAMP
               ? found
               : arrow::timestamp(arrow::TimeUnit::MICRO);
  }
  return type_of(parse_type_name(name).value_or(TypeName{}));
}

bool convertible(Family from, const arrow::DataType& found,
                 const arrow::DataType& wanted) {
  const Family to = family_of(wanted);
  if (from == to) {
    // A moment is not a clock's reading.
    return from != Family::kTimestamp || found.Equals(wanted);
  }
  if (to == Family::kBool) return arrow::is_integer(found.id());
  if (to == Family::kDate)
    return from == Family::kTimestamp &&
           static_cast<const arrow::TimestampType&>(found).timezone().empty();
  return to == Family::kTimestamp && from == Family::kDate;
}

std::optional<Arrays> cast(const Arrays& array, const Type& to) {
  const auto options = arrow::compute::CastOptions::Safe(to);
  auto result = arrow::compute::Cast(*array, to, options);
  if (!result.ok()) return std::nullopt;
  return *std::move(result);
}

// Months have no length of their own.
std::optional<Arrays> duration_of(const Arrays& array) {
  const auto& intervals = static_cast<const arrow::MonthDayNanoIntervalArray&>(*array);
  arrow::DurationBuilder builder(arrow::duration(arrow::TimeUnit::MICRO),
                                 arrow::default_memory_pool());
  for (std::int64_t i = 0; i < intervals.length(); ++i) {
    if (intervals.IsNull(i)) {
      if (!builder.AppendNull().ok()) return std::nullopt;
      continue;
    }
    const auto one = intervals.GetValue(i);
    if (one.months != 0 || one.nanoseconds % 1000 != 0) return std::nullopt;
    constexpr std::int64_t kDay = 86'400'000'000;
    if (!builder.Append(one.days * kDay + one.nanoseconds / 1000).ok())
      return std::nullopt;
  }
  auto result = builder.Finish();
  if (!result.ok()) return std::nullopt;
  return *std::move(result);
}

// Numbers that came as text, so that they are whole: into a decimal with room for them.
std::optional<Arrays> decimal_of(const Arrays& array) {
  const auto& texts = static_cast<const arrow::StringArray&>(*array);
  std::size_t scale = 0;
  for (std::int64_t i = 0; i < texts.length(); ++i) {
    if (texts.IsNull(i)) continue;
    const std::string_view text = texts.GetView(i);
    const auto point = text.find('.');
    if (point != std::string_view::npos) scale = std::max(scale, text.size() - point - 1);
  }
  if (scale > 76) return std::nullopt;
  return cast(array, arrow::decimal256(76, static_cast<std::int32_t>(scale)));
}

// Nothing: some value is not the same in the other type.
std::optional<Arrays> converted(Arrays array, const Type& to, bool number_as_text) {
  if (array->type()->Equals(*to)) return array;
  if (array->null_count() == array->length()) {
    auto nulls = arrow::MakeArrayOfNull(to, array->length());
    if (!nulls.ok()) return std::nullopt;
    return *std::move(nulls);
  }
  if (array->type_id() == arrow::Type::INTERVAL_MONTH_DAY_NANO) return duration_of(array);
  const Family family = family_of(*to);
  if (!number_as_text && family_of(*array->type()) == Family::kText &&
      family != Family::kText) {
    return std::nullopt;
  }
  if (number_as_text) {
    auto decimal = decimal_of(array);
    if (!decimal) return std::nullopt;
    array = *decimal;
  }
  // Arrow takes no integer into a decimal that the largest one would not fit.
  if (arrow::is_integer(array->type_id()) && arrow::is_decimal(to->id())) {
    auto wide = cast(array, arrow::decimal256(
                                76, static_cast<const arrow::DecimalType&>(*to).scale()));
    if (!wide) return std::nullopt;
    array = *wide;
  }
  auto there = cast(array, to);
  if (!there) return std::nullopt;
  if (family == Family::kText || family == Family::kBytes) return there;
  const auto back = cast(*there, array->type());
  if (!back || !(*back)->Equals(*array)) return std::nullopt;
  return there;
}

bool is_number_as_text(const arrow::Field& field) {
  if (family_of(*field.type()) != Family::kText || !field.HasMetadata()) return false;
  const auto type = field.metadata()->Get("pg_type");
  return type.ok() && type->starts_with("numeric");
}

}  // namespace

OutputCheck::OutputCheck(const Task& task, const std::shared_ptr<arrow::Schema>& found)
    : schema_(found), as_it_comes_(task.output_kind != OutputKind::kColumns) {
  if (as_it_comes_) return;
  for (const OutputColumn& declared : task.output) add(declared, *found);
  add_extra(task, *found);
  schema_ = arrow::schema(std::move(fields_), found->metadata());
}

void OutputCheck::add(const OutputColumn& declared, const arrow::Schema& found) {
  const std::vector<int> places = found.GetAllFieldIndices(declared.name);
  if (places.size() > 1) {
    throw Error(Category::kTask, "task_output_twice",
                fmt::format("the result has more than one column named '{}', which the "
                            "task's output names",
                            declared.name),
                "give each an alias in the query (AS ...)");
  }
  if (places.empty()) {
    throw Error(Category::kTask, "task_output_missing",
                fmt::format("column '{}' of the output, {}, is not in the result",
                            declared.name, declared.type),
                suggest(declared.name, found.field_names()));
  }
  const int index = places.front();
  const arrow::Field& field = *found.field(index);
  const Type wanted = target_of(declared.type, field.type());
  Column column{index, declared.type, declared.nullable, is_number_as_text(field)};
  column.number_as_text = column.number_as_text && family_of(*wanted) == Family::kNumber;
  const Family from = column.number_as_text ? Family::kNumber : family_of(*field.type());
  // A column of no value at all may come as text: some databases then know no type.
  if (from != Family::kText && !convertible(from, *field.type(), *wanted)) {
    throw Error(Category::kTask, "task_output_type",
                fmt::format("column '{}' is {}, and the task's output says {}",
                            declared.name, field.type()->ToString(), declared.type),
                "change the declared type, or CAST the column in the query");
  }
  fields_.push_back(arrow::field(declared.name, wanted, declared.nullable));
  columns_.push_back(std::move(column));
}

void OutputCheck::add_extra(const Task& task, const arrow::Schema& found) {
  for (int i = 0; i < found.num_fields(); ++i) {
    const std::string& name = found.field(i)->name();
    const bool declared =
        std::any_of(task.output.begin(), task.output.end(),
                    [&](const OutputColumn& column) { return column.name == name; });
    if (declared || task.extra_columns == ExtraColumns::kDrop) continue;
    if (task.extra_columns == ExtraColumns::kError) {
      throw Error(
          Category::kTask, "task_output_extra",
          fmt::format("the result has a column '{}', which the task's output does "
                      "not name",
                      printable(name)),
          "add it to the output, take it from the query, or set extra_columns: drop");
    }
    columns_.push_back({i, {}, true, false});
    fields_.push_back(found.field(i));
  }
}

std::shared_ptr<arrow::RecordBatch> OutputCheck::convert(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  if (as_it_comes_) return batch;
  std::vector<Arrays> arrays;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    const auto& field = *schema_->field(static_cast<int>(i));
    const Arrays array = batch->column(column.index);
    if (!column.nullable && array->null_count() > 0) {
      std::int64_t row = 0;
      while (!array->IsNull(row)) ++row;
      throw Error(
          Category::kTask, "task_output_null",
          fmt::format("row {} has NULL in column '{}', which is declared {} and not "
                      "nullable",
                      rows_ + row + 1, field.name(), column.type),
          "leave such rows out in the query, or declare the column nullable");
    }
    auto fit = converted(array, field.type(), column.number_as_text);
    if (!fit) {
      std::int64_t row = 0;
      while (row + 1 < array->length() &&
             converted(array->Slice(row, 1), field.type(), column.number_as_text)) {
        ++row;
      }
      throw Error(
          Category::kTask, "task_output_value",
          fmt::format("row {}: the value of column '{}', {}, is no {}", rows_ + row + 1,
                      field.name(), array->type()->ToString(), column.type),
          "declare a wider type, or CAST the column in the query");
    }
    arrays.push_back(*std::move(fit));
  }
  rows_ += batch->num_rows();
  return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(arrays));
}

}  // namespace penstock
