#include "dialect/mysql/decode.h"

#include <string>
#include <utility>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "columns/conversions.h"
#include "dialect/mysql/value.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

[[noreturn]] void broken() {
  throw Error(Category::kUnavailable, "protocol_error",
              "the server sent bytes that are no row of this query",
              "the result was not complete, so nothing was published");
}

template <typename T>
const char* copy(ColumnBuffer& buffer, std::int64_t row, const char* at,
                 const char* end) {
  if (end - at < static_cast<std::ptrdiff_t>(sizeof(T))) broken();
  buffer.set(row, read_little<T>(at));
  return at + sizeof(T);
}

// The value at `at`, with the length before it where its type has one.
std::string_view value_at(const ColumnPlan& plan, const char* at, const char* end) {
  std::uint64_t size = static_cast<std::uint64_t>(fixed_size(plan.wire));
  if (size == 0 && !read_length(&at, end, &size)) broken();
  if (size > static_cast<std::uint64_t>(end - at)) broken();
  return {at, size};
}

// A day that is in the calendar whatever the month and the year.
bool is_plain_day(const char* at) {
  return read_little<std::uint16_t>(at) <= 9999 &&
         static_cast<std::uint8_t>(at[2] - 1) < 12 &&
         static_cast<std::uint8_t>(at[3] - 1) < 28;
}

std::string_view what_kind(const DateTime& value) {
  if (value.is_zero()) return "zero date";
  return value.month == 0 || value.day == 0 ? "incomplete date" : "impossible date";
}

}  // namespace

RowDecoder::Column::Column(const ColumnPlan& column_plan, OnLossy on_lossy)
    : plan(column_plan),
      decode(plan.decode),
      writer({plan.name, plan.declared, on_lossy, plan.text_in_place_of_declared, false},
             plan.storage->ToString(), plan.storage) {}

RowDecoder::RowDecoder(std::vector<ColumnPlan> plans, OnLossy on_lossy)
    : schema_(schema_of(plans)),
      bitmap_bytes_((plans.size() + 2 + 7) / 8),
      clamp_(on_lossy == OnLossy::kClamp) {
  for (const ColumnPlan& plan : plans) {
    columns_.emplace_back(plan, on_lossy);
    fixed_bytes_ += columns_.back().writer.fixed_bytes();
  }
}

void RowDecoder::start(std::int64_t rows) {
  row_ = 0;
  for (Column& column : columns_) column.writer.start(rows);
}

// 0x00, a bit for each column from the third on (1: NULL), then the values that are not
// NULL
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html).
std::int64_t RowDecoder::add(std::string_view payload) {
  if (payload.size() < 1 + bitmap_bytes_ || payload[0] != 0) broken();
  const char* const nulls = payload.data() + 1;
  const char* at = nulls + bitmap_bytes_;
  const char* const end = payload.data() + payload.size();
  std::size_t bit = 2;
  for (Column& column : columns_) {
    if ((static_cast<std::uint8_t>(nulls[bit / 8]) >> (bit % 8) & 1) != 0) {
      column.writer.set_null(row_);
    } else {
      at = set(column, at, end);
    }
    ++bit;
  }
  if (at != end) broken();
  ++row_;
  return fixed_bytes_ + static_cast<std::int64_t>(payload.size());
}

const char* RowDecoder::set(Column& column, const char* at, const char* end) {
  ColumnBuffer& buffer = column.writer.buffer();
  switch (column.decode) {
    case Decode::kFixed1:
      return copy<std::uint8_t>(buffer, row_, at, end);
    case Decode::kFixed2:
      return copy<std::uint16_t>(buffer, row_, at, end);
    case Decode::kFixed4:
      return copy<std::uint32_t>(buffer, row_, at, end);
    case Decode::kFixed8:
      return copy<std::uint64_t>(buffer, row_, at, end);
    case Decode::kTinyBool:
      if (at == end) broken();
      set_bool(column, static_cast<std::uint8_t>(*at));
      return at + 1;
    case Decode::kText:
    case Decode::kDouble: {
      const std::string_view value = value_at(column.plan, at, end);
      set_bytes(column, value);
      return value.data() + value.size();
    }
    default:
      break;
  }
  std::uint64_t size = 0;
  if (!read_length(&at, end, &size)) broken();
  if (size > static_cast<std::uint64_t>(end - at)) broken();
  const std::string_view bytes(at, size);
  if (column.decode == Decode::kBytes) {
    buffer.set_bytes(row_, at, static_cast<std::int64_t>(size));
  } else if (column.decode == Decode::kDecimal128) {
    // Most numbers are short; Int128 arithmetic is not needed to read them.
    const auto value =
        short_decimal(at, size, static_cast<std::size_t>(end - at), column.plan.scale);
    if (value && static_cast<int>(size) <= column.plan.precision) {
      buffer.set(row_, Int128{*value});
    } else {
      set_decimal(column, bytes);
    }
  } else if (column.decode == Decode::kDate && size == 4 && is_plain_day(at)) {
    buffer.set(row_, days_from_civil(read_little<std::uint16_t>(at), at[2], at[3]));
  } else if (column.decode == Decode::kDate || column.decode == Decode::kTimestamp) {
    set_date(column, bytes);
  } else {
    set_bytes(column, bytes);
  }
  return at + size;
}

void RowDecoder::set_bytes(Column& column, std::string_view bytes) {
  ColumnBuffer& buffer = column.writer.buffer();
  const ColumnPlan& plan = column.plan;
  switch (column.decode) {
    case Decode::kDecimal256:
      return set_decimal(column, bytes);
    case Decode::kDuration: {
      const auto micros = read_time_us(bytes);
      if (!micros) broken();
      return buffer.set(row_, *micros);
    }
    case Decode::kBits:
    case Decode::kBitBool: {
      const auto bits = read_bits(bytes);
      if (!bits) broken();
      if (column.decode == Decode::kBitBool) return set_bool(column, *bits);
      return buffer.set(row_, *bits);
    }
    case Decode::kDouble: {
      const auto value = double_of(plan.wire, plan.is_unsigned, bytes);
      if (!value) broken();
      return buffer.set(row_, *value);
    }
    default: {
      const auto text = text_of(plan.wire, plan.is_unsigned, plan.decimals, bytes);
      if (!text) broken();
      return buffer.set_bytes(row_, text->data(),
                              static_cast<std::int64_t>(text->size()));
    }
  }
}

void RowDecoder::set_decimal(Column& column, std::string_view text) {
  const ColumnPlan& plan = column.plan;
  ColumnBuffer& buffer = column.writer.buffer();
  const auto store = [&](const std::optional<std::string>& digits) {
    if (!digits) return false;
    if (plan.precision <= 38) {
      buffer.set(row_, integer_from_digits(*digits));
    } else {
      buffer.set(row_, arrow::Decimal256(*digits).ToBytes());
    }
    return true;
  };
  if (store(decimal_digits(text, plan.precision, plan.scale))) return;
  if (!decimal_digits(text, 76, 76) && !decimal_digits(text, 76, 0) &&
      text.find_first_not_of("-.0123456789") != std::string_view::npos) {
    broken();
  }
  if (!clamp_) return column.writer.null_or_refuse(row_, "decimal (too many digits)");
  const std::string nearest = nearest_decimal(text, plan.scale);
  if (!store(decimal_digits(nearest, plan.precision, plan.scale))) {
    const std::string nines(static_cast<std::size_t>(plan.precision), '9');
    store((text.starts_with('-') ? "-" : "") + nines);
  }
  column.writer.count_clamped();
}

void RowDecoder::set_date(Column& column, std::string_view bytes) {
  auto value = read_date_time(bytes);
  if (!value) broken();
  if (!value->is_day()) {
    if (!clamp_) return column.writer.null_or_refuse(row_, what_kind(*value));
    value = value->nearest();
    column.writer.count_clamped();
  }
  ColumnBuffer& buffer = column.writer.buffer();
  if (column.decode == Decode::kDate) {
    buffer.set(row_, value->days());
  } else {
    buffer.set(row_, value->days() * kMicrosPerDay + value->time_us());
  }
}

void RowDecoder::set_bool(Column& column, std::uint64_t value) {
  if (value > 1) {
    if (!clamp_) return column.writer.null_or_refuse(row_, "integer");
    column.writer.count_clamped();
  }
  column.writer.buffer().set(row_, static_cast<std::uint8_t>(value != 0));
}

std::shared_ptr<arrow::RecordBatch> RowDecoder::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (Column& column : columns_) {
    auto array = column.writer.finish(row_);
    if (column.plan.type->id() == arrow::Type::EXTENSION) {
      array = arrow::ExtensionType::WrapArray(column.plan.type, array);
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

}  // namespace penstock::mysql
