// A result column's MySQL type -> how it is decoded and shown in Arrow.
#pragma once

#include <cstdint>
#include <memory>
#include <mysql.h>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/types.h"

namespace penstock::mysql {

/// How the bytes of a value become a value of the column.
enum class Decode : std::uint8_t {
  kFixed1,  // integers and floats: the column's bytes are the wire's
  kFixed2,
  kFixed4,
  kFixed8,
  kBytes,  // as they are: text, binary
  kDecimal128,
  kDecimal256,
  kDate,
  kTimestamp,
  kDuration,
  kBits,      // BIT(n): an unsigned integer
  kTinyBool,  // TINYINT as bool
  kBitBool,   // BIT(1) as bool
  kText,      // any value as text
  kDouble,    // any number as a double
};

/// A column of a result as the server describes it.
struct ResultColumn {
  std::string name;
  enum_field_types type = MYSQL_TYPE_NULL;
  unsigned long length = 0;  // of the longest value in characters of its charset, in
                             // bytes
  unsigned flags = 0;
  unsigned decimals = 0;
  unsigned charset = 0;
  std::string kind;  // MariaDB's extended type: "point", "json", "uuid", or empty

  bool is_unsigned() const { return (flags & UNSIGNED_FLAG) != 0; }
};

/// How one column is read.
struct ColumnPlan {
  std::string name;
  std::string declared;  // "decimal(15,2)"
  Decode decode = Decode::kBytes;
  enum_field_types wire = MYSQL_TYPE_STRING;  // the form of its bytes
  bool is_unsigned = false;
  unsigned decimals = 0;                     // of a time: digits of the second's fraction
  std::shared_ptr<arrow::DataType> storage;  // what is built
  std::shared_ptr<arrow::DataType>
      type;  // what is shown: storage, or an extension type over it
  int precision = 0;
  int scale = 0;
  bool text_in_place_of_declared = false;  // OnLossy::kText
  bool name_in_metadata = false;           // mysql_type in the field
  bool chosen = false;                     // by types.columns
};

/// Throws Error{kRecipe} for a types.columns choice that the column's type cannot be read
/// as.
std::vector<ColumnPlan> plan_columns(const std::vector<ResultColumn>& columns,
                                     const TypeChoices& choices);

/// The Arrow type as `plan` shows it.
std::string arrow_text(const ColumnPlan& plan);

/// What to do about a column that comes as text or bytes for want of a type of its own;
/// empty where there is nothing.
std::string hint_of(const ColumnPlan& plan);

/// With the field metadata mysql_type where a plan asks for it.
std::shared_ptr<arrow::Schema> schema_of(const std::vector<ColumnPlan>& plans);

/// The columns of a result's metadata.
std::vector<ResultColumn> columns_of(MYSQL_RES* metadata);

}  // namespace penstock::mysql
