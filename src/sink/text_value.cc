#include "sink/text_value.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include "base/text.h"
#include "sink/scalar_text.h"

namespace penstock {
namespace {

using arrow::Array;
using arrow::DataType;
using arrow::Type;

AppendValue text_function(const DataType& type, bool nested);

template <typename ArrayType>
void integer_text(const Array& array, std::int64_t row, std::string& out) {
  append_integer(static_cast<const ArrayType&>(array).Value(row), out);
}

void no_text(const Array&, std::int64_t, std::string&) {}

template <bool kNested>
void bool_text(const Array& array, std::int64_t row, std::string& out) {
  const bool value = static_cast<const arrow::BooleanArray&>(array).Value(row);
  if constexpr (kNested) {
    out += value ? 't' : 'f';
  } else {
    out += value ? "true" : "false";
  }
}

void half_text(const Array& array, std::int64_t row, std::string& out) {
  const auto bits = static_cast<const arrow::HalfFloatArray&>(array).Value(row);
  append_float(arrow::util::Float16::FromBits(bits).ToFloat(), out);
}

void float_text(const Array& array, std::int64_t row, std::string& out) {
  append_float(static_cast<const arrow::FloatArray&>(array).Value(row), out);
}

void double_text(const Array& array, std::int64_t row, std::string& out) {
  append_double(static_cast<const arrow::DoubleArray&>(array).Value(row), out);
}

template <typename Decimal>
void decimal_text(const Array& array, std::int64_t row, std::string& out) {
  const Decimal value(
      static_cast<const arrow::FixedSizeBinaryArray&>(array).GetValue(row));
  const std::int32_t scale =
      static_cast<const arrow::DecimalType&>(*array.type()).scale();
  if constexpr (std::is_same_v<Decimal, arrow::Decimal128>) {
    const auto low = static_cast<std::int64_t>(value.low_bits());
    if (value.high_bits() == (low < 0 ? -1 : 0)) {
      char digits[24];
      const char* end = std::to_chars(digits, digits + sizeof(digits), low).ptr;
      append_decimal({digits, static_cast<std::size_t>(end - digits)}, scale, out);
      return;
    }
  }
  append_decimal(value.ToIntegerString(), scale, out);
}

void date32_text(const Array& array, std::int64_t row, std::string& out) {
  append_date(static_cast<const arrow::Date32Array&>(array).Value(row), out);
}

void date64_text(const Array& array, std::int64_t row, std::string& out) {
  const std::int64_t value = static_cast<const arrow::Date64Array&>(array).Value(row);
  constexpr std::int64_t kDayMs = 86'400'000;
  append_date(value / kDayMs - (value % kDayMs < 0 ? 1 : 0), out);
}

template <typename ArrayType, bool kNested>
void time_text(const Array& array, std::int64_t row, std::string& out) {
  const auto unit = static_cast<const arrow::TimeType&>(*array.type()).unit();
  append_time(static_cast<const ArrayType&>(array).Value(row), unit, {' ', kNested, ""},
              out);
}

template <bool kNested>
void timestamp_text(const Array& array, std::int64_t row, std::string& out) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  const std::string_view zone = type.timezone().empty() ? "" : kNested ? "+00" : "Z";
  append_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                   type.unit(), {' ', kNested, zone}, out);
}

void duration_text(const Array& array, std::int64_t row, std::string& out) {
  const auto unit = static_cast<const arrow::DurationType&>(*array.type()).unit();
  append_duration(static_cast<const arrow::DurationArray&>(array).Value(row), unit, out);
}

void months_text(const Array& array, std::int64_t row, std::string& out) {
  append_interval(static_cast<const arrow::MonthIntervalArray&>(array).Value(row), 0, 0,
                  out);
}

void day_time_text(const Array& array, std::int64_t row, std::string& out) {
  const auto value = static_cast<const arrow::DayTimeIntervalArray&>(array).Value(row);
  append_interval(0, value.days, std::int64_t{value.milliseconds} * 1'000'000, out);
}

void month_day_nano_text(const Array& array, std::int64_t row, std::string& out) {
  const auto value =
      static_cast<const arrow::MonthDayNanoIntervalArray&>(array).Value(row);
  append_interval(value.months, value.days, value.nanoseconds, out);
}

void string_text(const Array& array, std::int64_t row, std::string& out) {
  out += view_of(array, row);
}

void binary_text(const Array& array, std::int64_t row, std::string& out) {
  append_hex(view_of(array, row), out);
}

void uuid_text(const Array& array, std::int64_t row, std::string& out) {
  append_uuid(view_of(array, row), out);
}

bool is_list(const DataType& type) {
  switch (type.id()) {
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP:
      return true;
    default:
      return false;
  }
}

constexpr std::string_view kBlanks = " \t\n\r\v\f";  // array_isspace of PostgreSQL

// array_out of PostgreSQL, src/backend/utils/adt/arrayfuncs.c.
void list_text(const Array& array, std::int64_t row, std::string& out) {
  const Elements elements = elements_of(array, row);
  const DataType& type = *elements.values->type();
  const AppendValue append = text_function(type, true);
  const bool bare = is_list(value_type(type));
  out += '{';
  for (std::int64_t i = elements.begin; i < elements.end; ++i) {
    if (i > elements.begin) out += ',';
    const Array* at = elements.values;
    std::int64_t index = i;
    if (!find_value(at, index)) {
      out += "NULL";
      continue;
    }
    const std::size_t start = out.size();
    append(*at, index, out);
    const std::string_view text = std::string_view(out).substr(start);
    if (bare ||
        (!text.empty() && text.find_first_of("\"\\{},") == std::string_view::npos &&
         text.find_first_of(kBlanks) == std::string_view::npos &&
         !equals_ignoring_case(text, "NULL"))) {
      continue;
    }
    const std::string element(text);
    out.resize(start);
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  out += '}';
}

// record_out of PostgreSQL, src/backend/utils/adt/rowtypes.c.
void struct_text(const Array& array, std::int64_t row, std::string& out) {
  const auto& record = static_cast<const arrow::StructArray&>(array);
  out += '(';
  for (int i = 0; i < record.num_fields(); ++i) {
    if (i > 0) out += ',';
    const std::shared_ptr<Array> field = record.field(i);
    const Array* at = field.get();
    std::int64_t index = row;
    if (!find_value(at, index)) continue;
    const std::size_t start = out.size();
    text_function(*field->type(), true)(*at, index, out);
    const std::string_view text = std::string_view(out).substr(start);
    if (!text.empty() && text.find_first_of("\"\\(),") == std::string_view::npos &&
        text.find_first_of(kBlanks) == std::string_view::npos) {
      continue;
    }
    const std::string value(text);
    out.resize(start);
    out += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out += c;
      out += c;
    }
    out += '"';
  }
  out += ')';
}

AppendValue scalar_function(Type::type id, bool nested) {
  switch (id) {
    case Type::NA:
      return no_text;
    case Type::BOOL:
      return nested ? bool_text<true> : bool_text<false>;
    case Type::INT8:
      return integer_text<arrow::Int8Array>;
    case Type::INT16:
      return integer_text<arrow::Int16Array>;
    case Type::INT32:
      return integer_text<arrow::Int32Array>;
    case Type::INT64:
      return integer_text<arrow::Int64Array>;
    case Type::UINT8:
      return integer_text<arrow::UInt8Array>;
    case Type::UINT16:
      return integer_text<arrow::UInt16Array>;
    case Type::UINT32:
      return integer_text<arrow::UInt32Array>;
    case Type::UINT64:
      return integer_text<arrow::UInt64Array>;
    case Type::HALF_FLOAT:
      return half_text;
    case Type::FLOAT:
      return float_text;
    case Type::DOUBLE:
      return double_text;
    case Type::DECIMAL32:
      return decimal_text<arrow::Decimal32>;
    case Type::DECIMAL64:
      return decimal_text<arrow::Decimal64>;
    case Type::DECIMAL128:
      return decimal_text<arrow::Decimal128>;
    case Type::DECIMAL256:
      return decimal_text<arrow::Decimal256>;
    case Type::DATE32:
      return date32_text;
    case Type::DATE64:
      return date64_text;
    case Type::TIME32:
      return nested ? time_text<arrow::Time32Array, true>
                    : time_text<arrow::Time32Array, false>;
    case Type::TIME64:
      return nested ? time_text<arrow::Time64Array, true>
                    : time_text<arrow::Time64Array, false>;
    case Type::TIMESTAMP:
      return nested ? timestamp_text<true> : timestamp_text<false>;
    case Type::DURATION:
      return duration_text;
    case Type::INTERVAL_MONTHS:
      return months_text;
    case Type::INTERVAL_DAY_TIME:
      return day_time_text;
    case Type::INTERVAL_MONTH_DAY_NANO:
      return month_day_nano_text;
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return string_text;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return binary_text;
    default:
      return nullptr;
  }
}

AppendValue text_function(const DataType& type, bool nested) {
  const DataType& of = value_type(type);
  if (is_uuid(of)) return uuid_text;
  if (is_list(of)) return list_text;
  if (of.id() == Type::STRUCT) return struct_text;
  return scalar_function(of.id(), nested);
}

}  // namespace

bool is_uuid(const DataType& type) {
  return type.id() == Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid";
}

const DataType& value_type(const DataType& type) {
  const DataType* at = &type;
  while (true) {
    if (at->id() == Type::DICTIONARY) {
      at = static_cast<const arrow::DictionaryType&>(*at).value_type().get();
    } else if (at->id() == Type::EXTENSION && !is_uuid(*at)) {
      at = static_cast<const arrow::ExtensionType&>(*at).storage_type().get();
    } else {
      return *at;
    }
  }
}

bool has_text(const DataType& type) {
  const DataType& of = value_type(type);
  if (is_uuid(of)) return true;
  if (!is_list(of) && of.id() != Type::STRUCT)
    return scalar_function(of.id(), false) != nullptr;
  return std::all_of(of.fields().begin(), of.fields().end(),
                     [](const auto& field) { return has_text(*field->type()); });
}

AppendValue text_function(const DataType& type) { return text_function(type, false); }

bool find_value(const Array*& array, std::int64_t& row) {
  while (true) {
    if (array->IsNull(row)) return false;
    if (array->type_id() == Type::DICTIONARY) {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
      row = encoded.GetValueIndex(row);
      array = encoded.dictionary().get();
    } else if (array->type_id() == Type::EXTENSION) {
      array = static_cast<const arrow::ExtensionArray&>(*array).storage().get();
    } else {
      return true;
    }
  }
}

std::string_view view_of(const Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(row);
    case Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
    default:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
  }
}

Elements elements_of(const Array& list, std::int64_t row) {
  const auto of = [row](const auto& typed) {
    const auto begin = static_cast<std::int64_t>(typed.value_offset(row));
    return Elements{typed.values().get(), begin,
                    begin + static_cast<std::int64_t>(typed.value_length(row))};
  };
  switch (list.type_id()) {
    case Type::LARGE_LIST:
      return of(static_cast<const arrow::LargeListArray&>(list));
    case Type::FIXED_SIZE_LIST:
      return of(static_cast<const arrow::FixedSizeListArray&>(list));
    default:
      return of(static_cast<const arrow::ListArray&>(list));
  }
}

void append_text(const Array& array, std::int64_t row, std::string& out) {
  const Array* at = &array;
  if (find_value(at, row)) text_function(*array.type(), false)(*at, row, out);
}

}  // namespace penstock
