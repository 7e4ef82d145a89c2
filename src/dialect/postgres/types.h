// A result column's PostgreSQL type -> how it is asked for, decoded and shown in Arrow.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/types.h"

namespace penstock::postgres {

using Oid = std::uint32_t;

/// How the bytes of a value become a value of the column.
enum class Decode : std::uint8_t {
  kBool,
  kInt16,
  kInt32,
  kInt64,
  kUInt32,
  kFloat32,
  kFloat64,
  kDecimal128,
  kDecimal256,
  kDate,
  kTime,
  kTimestamp,
  kInterval,
  kIntervalParts,  // 16 bytes as they are, taken apart when the batch is done
  kUuid,           // 16 bytes as they are
  kBytes,  // as they are: bytea, and every text type (binary and text form are the same)
  kChar,   // "char": one byte, of which zero is the empty text
  kNumericText,    // a numeric in binary form, as text: elements of an array
  kNumericDouble,  // a numeric in binary form, to the nearest double: likewise
  kDoubleText,     // a number in text form, to the nearest double
  kList,
};

/// What the catalog says of a type that is not built in here.
struct TypeFacts {
  std::string name;  // as format_type prints it
  char kind = 'b';   // pg_type.typtype: b base, c composite, d domain, e enum, r range, m
                     // multirange
  Oid element = 0;   // of an array, else 0
  char element_kind = 'b';
};

/// A column of a result as the server describes it.
struct ResultColumn {
  std::string name;
  Oid oid = 0;
  int typmod = -1;
  /// Of a plain table column, the dimensions it was declared with
  /// (pg_attribute.attndims), else 0.
  int dimensions = 0;
};

/// How one column is read.
struct ColumnPlan {
  std::string name;
  std::string declared;  // "numeric(15,2)"
  Decode decode = Decode::kBytes;
  bool binary = true;                        // asked for in binary form, else in text
  std::shared_ptr<arrow::DataType> storage;  // what is built
  std::shared_ptr<arrow::DataType> type;     // what is shown: storage, an extension type
                                             // over it, or what finish() makes of it
  int precision = 0;
  int scale = 0;
  Decode element = Decode::kBytes;         // kList
  bool text_in_place_of_declared = false;  // OnLossy::kText
  bool name_in_metadata = false;  // text as the server prints it: pg_type in the field
};

/// Whether the catalog must be asked about `oid` first.
bool needs_catalog(Oid oid);
bool is_built_in_array(Oid oid);

/// Throws Error{kRecipe} for a types.columns choice that the column's type cannot be read
/// as.
std::vector<ColumnPlan> plan_columns(const std::vector<ResultColumn>& columns,
                                     const std::map<Oid, TypeFacts>& catalog,
                                     const TypeChoices& choices);

/// The Arrow type as `plan` shows it.
std::string arrow_text(const ColumnPlan& plan);

/// For a number that comes as text since it has no precision: what to do; else empty.
std::string hint_of(const ColumnPlan& plan);

/// With the field metadata pg_type where a plan asks for it.
std::shared_ptr<arrow::Schema> schema_of(const std::vector<ColumnPlan>& plans);

/// The precision and scale in numeric's typmod (numeric.c, numeric_typmod_precision: the
/// scale is 11 bits, signed).
constexpr int numeric_precision(int typmod) { return (typmod - 4) >> 16 & 0xFFFF; }
constexpr int numeric_scale(int typmod) { return (((typmod - 4) & 0x7FF) ^ 1024) - 1024; }

}  // namespace penstock::postgres
