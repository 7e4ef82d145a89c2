#include "native/plain_types.h"

#include <cstdint>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "penstock/error.h"

namespace penstock::python {
namespace {

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

std::shared_ptr<arrow::DataType> struct_type() {
  return arrow::struct_({arrow::field("months", arrow::int32(), false),
                         arrow::field("days", arrow::int32(), false),
                         arrow::field("microseconds", arrow::int64(), false)});
}

arrow::Result<std::shared_ptr<arrow::Array>> as_struct(
    const arrow::MonthDayNanoIntervalArray& intervals) {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  const auto months = std::make_shared<arrow::Int32Builder>(pool);
  const auto days = std::make_shared<arrow::Int32Builder>(pool);
  const auto microseconds = std::make_shared<arrow::Int64Builder>(pool);
  arrow::StructBuilder rows(struct_type(), pool, {months, days, microseconds});
  ARROW_RETURN_NOT_OK(rows.Reserve(intervals.length()));
  for (std::int64_t i = 0; i < intervals.length(); ++i) {
    if (intervals.IsNull(i)) {
      ARROW_RETURN_NOT_OK(rows.AppendNull());
      continue;
    }
    const auto parts = intervals.GetValue(i);
    ARROW_RETURN_NOT_OK(rows.Append());
    ARROW_RETURN_NOT_OK(months->Append(parts.months));
    ARROW_RETURN_NOT_OK(days->Append(parts.days));
    ARROW_RETURN_NOT_OK(
        microseconds->Append(parts.nanoseconds / kNanosecondsPerMicrosecond));
  }
  return rows.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> as_text(
    const arrow::Decimal256Array& numbers) {
  arrow::StringBuilder texts;
  ARROW_RETURN_NOT_OK(texts.Reserve(numbers.length()));
  for (std::int64_t i = 0; i < numbers.length(); ++i) {
    ARROW_RETURN_NOT_OK(numbers.IsNull(i) ? texts.AppendNull()
                                          : texts.Append(numbers.FormatValue(i)));
  }
  return texts.Finish();
}

// The array itself where nothing is to be changed.
arrow::Result<std::shared_ptr<arrow::Array>> converted(
    const std::shared_ptr<arrow::Array>& array) {
  if (array->type_id() == arrow::Type::INTERVAL_MONTH_DAY_NANO) {
    return as_struct(static_cast<const arrow::MonthDayNanoIntervalArray&>(*array));
  }
  if (array->type_id() == arrow::Type::DECIMAL256) {
    return as_text(static_cast<const arrow::Decimal256Array&>(*array));
  }
  if (array->type_id() != arrow::Type::LIST) return array;
  const auto& list = static_cast<const arrow::ListArray&>(*array);
  ARROW_ASSIGN_OR_RAISE(const auto values, converted(list.values()));
  if (values == list.values()) return array;
  const auto data = list.data()->Copy();
  data->type = arrow::list(list.list_type()->value_field()->WithType(values->type()));
  data->child_data = {values->data()};
  return arrow::MakeArray(data);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> converted(
    std::shared_ptr<arrow::RecordBatch> batch) {
  for (int i = 0; i < batch->num_columns(); ++i) {
    const auto before = batch->column(i);
    ARROW_ASSIGN_OR_RAISE(const auto column, converted(before));
    if (column == before) continue;
    const auto field = batch->schema()->field(i)->WithType(column->type());
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, field, column));
  }
  return batch;
}

}  // namespace

std::shared_ptr<arrow::RecordBatch> with_plain_types(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  const auto changed = converted(batch);
  if (!changed.ok())
    throw Error(Category::kUnexpected, "arrow", changed.status().ToString());
  return *changed;
}

}  // namespace penstock::python
