// Values of Arrow arrays as text, for CSV, JSON lines and a table on a terminal.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>

namespace penstock {

/// Appends the text of one value, without quotes; nothing for NULL.
///
///   true  42  1.5  NaN  Infinity  12.50  2026-01-02  2026-01-02 03:04:05.000000  (Z
///   appended with a time zone) 03:04:05.000000  \x00ff
///   123e4567-e89b-12d3-a456-426614174000  1 mon -1 days +00:00:00.000001
/// A list is spelled as PostgreSQL's array_out does, {1,2,NULL}, a struct as its
/// record_out does, (1,"a b",), and what stands in them likewise: t and f, fractions of
/// seconds without trailing zeros, +00 for a zone. A dictionary's value is its entry, an
/// extension type's its storage's, but for arrow.uuid.
void append_text(const arrow::Array& array, std::int64_t row, std::string& out);

/// Whether append_text knows the type and all types in it. Not unions, run-end encoding
/// and list views.
bool has_text(const arrow::DataType& type);

/// The same, a column at a time. `array` and `row` are what find_value gave.
using AppendValue = void (*)(const arrow::Array& array, std::int64_t row,
                             std::string& out);
/// For a type that has_text.
AppendValue text_function(const arrow::DataType& type);

/// Goes through dictionaries and extension types to where the value is. False: it is
/// NULL.
bool find_value(const arrow::Array*& array, std::int64_t& row);

/// The type behind dictionaries and extension types, but for arrow.uuid, which is itself.
const arrow::DataType& value_type(const arrow::DataType& type);
bool is_uuid(const arrow::DataType& type);

/// The text of a value of type string, large_string, string_view, or the bytes of a
/// binary one.
std::string_view view_of(const arrow::Array& array, std::int64_t row);

/// Where in `values()` the elements of a list, large list, fixed-size list or map are.
struct Elements {
  const arrow::Array* values;
  std::int64_t begin;
  std::int64_t end;
};
Elements elements_of(const arrow::Array& list, std::int64_t row);

}  // namespace penstock
