#include "dialect/postgres/decode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "columns/arrow_types.h"
#include "columns/conversions.h"
#include "dialect/postgres/numeric.h"
#include "dialect/postgres/wire.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

// PostgreSQL counts from 2000-01-01.
constexpr std::int32_t kEpochDays = 10'957;
constexpr std::int64_t kEpochMicros = kEpochDays * kMicrosPerDay;
constexpr std::int32_t kDateInfinity = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kDateMinusInfinity = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kTimeInfinity = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kTimeMinusInfinity = std::numeric_limits<std::int64_t>::min();

[[noreturn]] void broken() {
  throw Error(Category::kUnavailable, "protocol_error",
              "the server sent bytes that are no row of this query",
              "the result was not complete, so nothing was published");
}

void require(std::string_view bytes, std::size_t size) {
  if (bytes.size() != size) broken();
}

// arrow::MonthDayNanoIntervalType::MonthDayNanos, without its header.
struct MonthDayNanos {
  std::int32_t months;
  std::int32_t days;
  std::int64_t nanoseconds;
};

// The next three set a value that has an exact place; false if it has none. `bytes` is
// the server's binary form, but for kBytes and kDoubleText.

bool set_double_text(ColumnBuffer& buffer, std::int64_t row, std::string_view bytes) {
  double value = 0;
  const char* const last = bytes.data() + bytes.size();
  const auto [end, error] = std::from_chars(bytes.data(), last, value);
  if (end != last || bytes.empty()) broken();
  // Beyond a double's range, or so small that the nearest is zero.
  if (error != std::errc()) value = std::strtod(std::string(bytes).c_str(), nullptr);
  if (error != std::errc() && std::isinf(value)) return false;
  buffer.set(row, value);
  return true;
}

bool set_numeric(ColumnBuffer& buffer, std::int64_t row, Decode decode, int precision,
                 int scale, std::string_view bytes) {
  const Numeric numeric(bytes);
  if (!numeric.valid) broken();
  if (decode == Decode::kNumericText) {
    const std::string text = text_of(numeric);
    buffer.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
    return true;
  }
  if (decode == Decode::kNumericDouble)
    return set_double_text(buffer, row, text_of(numeric));
  if (decode == Decode::kDecimal128) {
    const auto value = decimal128_of(numeric, precision, scale);
    if (value) buffer.set(row, *value);
    return value.has_value();
  }
  const auto value = decimal256_of(numeric, precision, scale);
  if (value) buffer.set(row, value->ToBytes());
  return value.has_value();
}

bool set_exact(ColumnBuffer& buffer, std::int64_t row, Decode decode, int precision,
               int scale, std::string_view bytes) {
  const char* at = bytes.data();
  std::array<char, 16> uuid{};
  switch (decode) {
    case Decode::kBytes:
      buffer.set_bytes(row, at, static_cast<std::int64_t>(bytes.size()));
      return true;
    case Decode::kChar:
      require(bytes, 1);
      buffer.set_bytes(row, at, *at == '\0' ? 0 : 1);
      return true;
    case Decode::kInt32:
    case Decode::kUInt32:
    case Decode::kFloat32:
      require(bytes, 4);
      buffer.set(row, read_u32(at));
      return true;
    case Decode::kInt64:
    case Decode::kFloat64:
      require(bytes, 8);
      buffer.set(row, read_u64(at));
      return true;
    case Decode::kDecimal128:
    case Decode::kDecimal256:
    case Decode::kNumericText:
    case Decode::kNumericDouble:
      return set_numeric(buffer, row, decode, precision, scale, bytes);
    case Decode::kDate: {
      require(bytes, 4);
      const std::int32_t days = read_i32(at);
      if (days == kDateMinusInfinity || days > kDateInfinity - kEpochDays - 1)
        return false;
      buffer.set(row, days + kEpochDays);
      return true;
    }
    case Decode::kTimestamp: {
      require(bytes, 8);
      const std::int64_t micros = read_i64(at);
      if (micros == kTimeMinusInfinity || micros > kTimeInfinity - kEpochMicros)
        return false;
      buffer.set(row, micros + kEpochMicros);
      return true;
    }
    case Decode::kTime: {
      require(bytes, 8);
      const std::int64_t micros = read_i64(at);
      if (micros < 0 || micros >= kMicrosPerDay) return false;  // 24:00:00
      buffer.set(row, micros);
      return true;
    }
    case Decode::kInt16:
      require(bytes, 2);
      buffer.set(row, read_u16(at));
      return true;
    case Decode::kBool:
      require(bytes, 1);
      buffer.set(row, static_cast<std::uint8_t>(*at != 0));
      return true;
    case Decode::kInterval: {
      require(bytes, 16);
      const std::int64_t micros = read_i64(at);
      MonthDayNanos value{read_i32(at + 12), read_i32(at + 8), 0};
      if (__builtin_mul_overflow(micros, 1000, &value.nanoseconds)) return false;
      buffer.set(row, value);
      return true;
    }
    case Decode::kIntervalParts:
    case Decode::kUuid:
      require(bytes, 16);
      std::copy_n(at, 16, uuid.begin());
      buffer.set(row, uuid);
      return true;
    case Decode::kDoubleText:
      return set_double_text(buffer, row, bytes);
    case Decode::kList:
      break;
  }
  return false;
}

// Of a decimal of at most 38 digits.
Int128 low_half(const arrow::Decimal256& value) {
  const auto words = value.little_endian_array();
  return static_cast<Int128>(words[1]) << 64 | words[0];
}

// What a misfit is, for the message.
std::string_view describe(Decode decode, std::string_view bytes) {
  switch (decode) {
    case Decode::kDecimal128:
    case Decode::kDecimal256: {
      const Numeric numeric(bytes);
      if (numeric.sign == NumericSign::kNan) return "NaN";
      return numeric.is_number() ? "numeric (too many digits)" : "infinite";
    }
    case Decode::kDate: {
      const std::int32_t days = read_i32(bytes.data());
      return days == kDateInfinity || days == kDateMinusInfinity ? "infinite"
                                                                 : "date (too far)";
    }
    case Decode::kTimestamp: {
      const std::int64_t micros = read_i64(bytes.data());
      return micros == kTimeInfinity || micros == kTimeMinusInfinity
                 ? "infinite"
                 : "timestamp (too far)";
    }
    case Decode::kTime:
      return "24:00:00";
    case Decode::kInterval:
      return "interval (too long)";
    default:
      return "number (too large)";
  }
}

// The nearest value the type holds; false where there is none.
bool set_nearest(ColumnBuffer& buffer, std::int64_t row, Decode decode, int precision,
                 int scale, std::string_view bytes) {
  switch (decode) {
    case Decode::kDate:
      buffer.set(row, read_i32(bytes.data()) < 0 ? kDateMinusInfinity : kDateInfinity);
      return true;
    case Decode::kTimestamp:
      buffer.set(row, read_i64(bytes.data()) < 0 ? kTimeMinusInfinity : kTimeInfinity);
      return true;
    case Decode::kTime:
      buffer.set(row, kMicrosPerDay - 1);
      return true;
    case Decode::kDecimal128:
    case Decode::kDecimal256: {
      const auto nearest = nearest_decimal(Numeric(bytes), precision, scale);
      if (!nearest) return false;
      if (decode == Decode::kDecimal128) {
        buffer.set(row, low_half(*nearest));
      } else {
        buffer.set(row, nearest->ToBytes());
      }
      return true;
    }
    case Decode::kInterval:
      buffer.set(
          row,
          MonthDayNanos{read_i32(bytes.data() + 12), read_i32(bytes.data() + 8),
                        read_i64(bytes.data()) < 0 ? kTimeMinusInfinity : kTimeInfinity});
      return true;
    case Decode::kNumericDouble:
      buffer.set(row, Numeric(bytes).sign == NumericSign::kNegative
                          ? -std::numeric_limits<double>::max()
                          : std::numeric_limits<double>::max());
      return true;
    case Decode::kDoubleText:
      buffer.set(row, bytes.front() == '-' ? -std::numeric_limits<double>::max()
                                           : std::numeric_limits<double>::max());
      return true;
    default:
      return false;
  }
}

// The columns of interval_parts(), from intervals as the server sends them.
std::shared_ptr<arrow::ArrayData> take_apart(const arrow::ArrayData& intervals) {
  const std::int64_t count = intervals.length;
  const auto* at = reinterpret_cast<const char*>(intervals.buffers[1]->data());
  ColumnBuffer microseconds(arrow::int64());
  ColumnBuffer days(arrow::int32());
  ColumnBuffer months(arrow::int32());
  for (ColumnBuffer* part : {&microseconds, &days, &months}) part->start(count);
  for (std::int64_t i = 0; i < count; ++i, at += 16) {
    microseconds.set(i, read_u64(at));
    days.set(i, read_u32(at + 8));
    months.set(i, read_u32(at + 12));
  }
  return arrow::ArrayData::Make(interval_parts(), count, {intervals.buffers[0]},
                                {months.finish(count)->data(), days.finish(count)->data(),
                                 microseconds.finish(count)->data()});
}

// `data`, as built, as the type that is shown.
std::shared_ptr<arrow::ArrayData> as_shown(const std::shared_ptr<arrow::ArrayData>& data,
                                           const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::STRUCT) return take_apart(*data);
  auto shown = data->Copy();
  shown->type = type;
  for (int i = 0; i < type->num_fields(); ++i) {
    auto& child = shown->child_data[static_cast<std::size_t>(i)];
    child = as_shown(child, type->field(i)->type());
  }
  return shown;
}

std::string type_text(const ColumnPlan& plan) { return plan.storage->ToString(); }

}  // namespace

RowDecoder::Column::Column(const ColumnPlan& column_plan, OnLossy on_lossy)
    : decode(column_plan.decode),
      scale(column_plan.scale),
      limit(static_cast<std::int64_t>(power_of_ten(std::min(column_plan.precision, 18)))),
      writer({column_plan.name, column_plan.declared, on_lossy,
              column_plan.text_in_place_of_declared, false},
             type_text(column_plan),
             decode == Decode::kList ? arrow::int32() : column_plan.storage),
      plan(column_plan) {
  if (decode == Decode::kList) list.emplace(plan.storage);
}

RowDecoder::RowDecoder(std::vector<ColumnPlan> plans, OnLossy on_lossy)
    : schema_(schema_of(plans)), clamp_(on_lossy == OnLossy::kClamp) {
  for (const ColumnPlan& plan : plans) {
    columns_.emplace_back(plan, on_lossy);
    fixed_bytes_ += columns_.back().writer.fixed_bytes();
  }
}

void RowDecoder::start(std::int64_t rows) {
  row_ = 0;
  for (Column& column : columns_) {
    column.writer.start(rows);
    if (column.list) column.list->start(rows);
  }
}

// The types of most columns, inline; set_exact knows them all.
inline void RowDecoder::set(Column& column, const char* at, std::int32_t size) {
  ColumnBuffer& buffer = column.writer.buffer();
  switch (column.decode) {
    case Decode::kBytes:
      return buffer.set_bytes(row_, at, size);
    case Decode::kInt64:
      if (size != 8) broken();
      return buffer.set(row_, read_u64(at));
    case Decode::kInt32:
      if (size != 4) broken();
      return buffer.set(row_, read_u32(at));
    case Decode::kDecimal128: {
      std::int64_t value = 0;
      const std::string_view bytes(at, static_cast<std::size_t>(size));
      if (!small_decimal(bytes, column.scale, &value)) break;
      if (value <= -column.limit || value >= column.limit) break;
      return buffer.set(row_, static_cast<Int128>(value));
    }
    default:
      break;
  }
  set_other(column, {at, static_cast<std::size_t>(size)});
}

// DataRow: Int16 columns, then for each Int32 length (-1: NULL) and the bytes
// (https://www.postgresql.org/docs/15/protocol-message-formats.html).
std::int64_t RowDecoder::add(std::string_view body) {
  const char* at = body.data();
  const char* const end = at + body.size();
  if (body.size() < 2 || read_u16(at) != columns_.size()) broken();
  at += 2;
  for (Column& column : columns_) {
    if (end - at < 4) broken();
    const std::int32_t size = read_i32(at);
    at += 4;
    if (size < 0) {
      column.list ? column.list->end_null_row() : column.writer.set_null(row_);
      continue;
    }
    if (size > end - at) broken();
    set(column, at, size);
    at += size;
  }
  if (at != end) broken();
  ++row_;
  return fixed_bytes_ + static_cast<std::int64_t>(body.size()) +
         std::exchange(longer_bytes_, 0);
}

void RowDecoder::set_other(Column& column, std::string_view bytes) {
  const ColumnPlan& plan = column.plan;
  const ColumnBuffer& texts =
      column.list ? column.list->elements() : column.writer.buffer();
  const std::int64_t before = texts.data_size();
  if (plan.decode == Decode::kList) {
    set_list(column, bytes);
  } else if (!set_exact(column.writer.buffer(), row_, plan.decode, plan.precision,
                        plan.scale, bytes)) {
    set_misfit(column, plan.decode, bytes);
  }
  // 1e131071 comes in ten bytes.
  longer_bytes_ += std::max<std::int64_t>(
      0, texts.data_size() - before - static_cast<std::int64_t>(bytes.size()));
}

void RowDecoder::set_misfit(Column& column, Decode decode, std::string_view bytes) {
  if (clamp_ && set_nearest(column.writer.buffer(), row_, decode, column.plan.precision,
                            column.plan.scale, bytes)) {
    column.writer.count_clamped();
  } else {
    column.writer.null_or_refuse(row_, describe(decode, bytes));
  }
}

// Int32 dimensions, Int32 has-nulls, Int32 element type; for each dimension Int32 size,
// Int32 lower bound; then the elements as in a row (array_send in arrayfuncs.c).
void RowDecoder::set_list(Column& column, std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (bytes.size() < 12) broken();
  const std::int32_t dimensions = read_i32(at);
  at += 12;
  ListWriter& list = *column.list;
  if (dimensions == 0) return list.end_row();
  const auto misfit = [&](std::string_view what) {
    column.writer.null_or_refuse(row_, what);
    list.end_null_row();
  };
  if (dimensions != 1) return misfit("nested array");
  if (end - at < 8) broken();
  const std::int32_t count = read_i32(at);
  if (read_i32(at + 4) != 1) return misfit("re-indexed array");
  at += 8;
  if (count < 0 || count > (end - at) / 4) broken();
  list.reserve_elements(count);
  for (std::int32_t i = 0; i < count; ++i) {
    if (end - at < 4) broken();
    const std::int32_t size = read_i32(at);
    at += 4;
    const std::int64_t element = list.next_element();
    if (size < 0) {
      list.elements().set_null(element);
      continue;
    }
    if (size > end - at) broken();
    const std::string_view value(at, static_cast<std::size_t>(size));
    const ColumnPlan& plan = column.plan;
    if (set_exact(list.elements(), element, plan.element, plan.precision, plan.scale,
                  value)) {
      // as most are
    } else if (clamp_ && set_nearest(list.elements(), element, plan.element,
                                     plan.precision, plan.scale, value)) {
      column.writer.count_clamped();
    } else {
      column.writer.null_or_refuse(row_, describe(plan.element, value));
      list.elements().set_null(element);
    }
    at += size;
  }
  if (at != end) broken();
  list.end_row();
}

std::shared_ptr<arrow::RecordBatch> RowDecoder::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (Column& column : columns_) {
    if (column.list) column.writer.count_rows(row_);
    auto array = column.list ? column.list->finish(row_) : column.writer.finish(row_);
    if (column.plan.type != column.plan.storage) {
      array = arrow::MakeArray(as_shown(array->data(), column.plan.type));
    }
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema_, row_, std::move(arrays));
}

Ledger RowDecoder::ledger() const {
  Ledger ledger;
  for (const Column& column : columns_) ledger.push_back(column.writer.lossy());
  return ledger;
}

}  // namespace penstock::postgres
