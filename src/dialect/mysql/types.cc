#include "dialect/mysql/types.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <arrow/extension/json.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

using Kind = TypeName::Kind;

// Collation 63: bytes without a character set. The BINARY flag says something else: it is
// also set on text with a binary collation, and on numbers.
constexpr unsigned kBinaryCharset = 63;
// MySQL 9's VECTOR, which libmariadb 3.3 has no name for.
constexpr auto kVector = static_cast<enum_field_types>(242);
// The longest character of utf8mb4, which results come in.
constexpr unsigned long kCharacterBytes = 4;

bool is_integer(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT ||
         type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG ||
         type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

bool is_decimal(enum_field_types type) {
  return type == MYSQL_TYPE_DECIMAL || type == MYSQL_TYPE_NEWDECIMAL;
}

bool is_date_or_time(enum_field_types type) {
  return type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE ||
         type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP;
}

// A column has the flag; an expression, on MySQL, the type alone: if(a, NULL, an_enum).
bool is_enum(const ResultColumn& column) {
  return (column.flags & ENUM_FLAG) != 0 || column.type == MYSQL_TYPE_ENUM;
}

bool is_set(const ResultColumn& column) {
  return (column.flags & SET_FLAG) != 0 || column.type == MYSQL_TYPE_SET;
}

bool is_json(const ResultColumn& column) { return column.type == MYSQL_TYPE_JSON; }

bool is_binary(const ResultColumn& column) {
  return column.charset == kBinaryCharset && column.type != MYSQL_TYPE_NULL &&
         !is_json(column) && !is_enum(column) && !is_set(column);
}

bool is_geometry(const ResultColumn& column) {
  return column.type == MYSQL_TYPE_GEOMETRY;
}

std::string_view integer_name(enum_field_types type) {
  switch (type) {
    case MYSQL_TYPE_TINY:
      return "tinyint";
    case MYSQL_TYPE_SHORT:
      return "smallint";
    case MYSQL_TYPE_INT24:
      return "mediumint";
    case MYSQL_TYPE_LONG:
      return "int";
    default:
      return "bigint";
  }
}

std::string_view blob_name(const ResultColumn& column) {
  const bool binary = is_binary(column);
  const unsigned long length = binary ? column.length : column.length / kCharacterBytes;
  if (length < 256) return binary ? "tinyblob" : "tinytext";
  if (length < 65'536) return binary ? "blob" : "text";
  if (length < 16'777'216) return binary ? "mediumblob" : "mediumtext";
  return binary ? "longblob" : "longtext";
}

std::string with_fraction(std::string_view name, unsigned digits) {
  return digits == 0 || digits > 6 ? std::string(name)
                                   : fmt::format("{}({})", name, digits);
}

// The digits before and after the point, from the width that the server gives: a sign
// where there may be one, a point where there is a scale
// (https://dev.mysql.com/doc/refman/9.0/en/precision-math-decimal-characteristics.html).
int precision_of(const ResultColumn& column) {
  return static_cast<int>(column.length) - (column.decimals > 0 ? 1 : 0) -
         (column.is_unsigned() ? 0 : 1);
}

std::string declared_name(const ResultColumn& column) {
  const char* sign = column.is_unsigned() ? " unsigned" : "";
  const bool binary = is_binary(column);
  const unsigned long characters =
      binary ? column.length : column.length / kCharacterBytes;
  if (!column.kind.empty()) return column.kind;
  if (column.type == MYSQL_TYPE_YEAR) return "year";
  if (column.type == MYSQL_TYPE_TINY && column.length == 1)
    return fmt::format("tinyint(1){}", sign);
  if (is_integer(column.type))
    return fmt::format("{}{}", integer_name(column.type), sign);
  if (is_decimal(column.type)) {
    return fmt::format("decimal({},{}){}", precision_of(column), column.decimals, sign);
  }
  if (column.type == kVector) return "vector";
  if (is_enum(column)) return "enum";
  if (is_set(column)) return "set";
  switch (column.type) {
    case MYSQL_TYPE_FLOAT:
      return fmt::format("float{}", sign);
    case MYSQL_TYPE_DOUBLE:
      return fmt::format("double{}", sign);
    case MYSQL_TYPE_BIT:
      return fmt::format("bit({})", column.length);
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      return "date";
    case MYSQL_TYPE_DATETIME:
      return with_fraction("datetime", column.decimals);
    case MYSQL_TYPE_TIMESTAMP:
      return with_fraction("timestamp", column.decimals);
    case MYSQL_TYPE_TIME:
      return with_fraction("time", column.decimals);
    case MYSQL_TYPE_JSON:
      return "json";
    case MYSQL_TYPE_GEOMETRY:
      return "geometry";
    case MYSQL_TYPE_NULL:
      return "null";
    case MYSQL_TYPE_STRING:
      return fmt::format("{}({})", binary ? "binary" : "char", characters);
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
      return fmt::format("{}({})", binary ? "varbinary" : "varchar", characters);
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_BLOB:
      return std::string(blob_name(column));
    default:
      return fmt::format("type {}", static_cast<int>(column.type));
  }
}

class Planner {
 public:
  explicit Planner(const TypeChoices& choices) : choices_(choices) {}

  ColumnPlan plan(const ResultColumn& column, const std::string& name) const {
    ColumnPlan plan;
    plan.name = name;
    plan.declared = declared_name(column);
    plan.wire = column.type;
    plan.is_unsigned = column.is_unsigned();
    plan.decimals = column.decimals;
    const auto chosen = choices_.columns.find(name);
    if (chosen != choices_.columns.end()) {
      plan.chosen = true;
      choose(column, chosen->second, &plan);
    } else {
      use_default(column, &plan);
    }
    return plan;
  }

 private:
  static void use(Decode decode, std::shared_ptr<arrow::DataType> type,
                  ColumnPlan* plan) {
    plan->decode = decode;
    plan->storage = plan->type = std::move(type);
  }

  static void as_text(ColumnPlan* plan, bool in_place_of_declared) {
    use(Decode::kText, arrow::utf8(), plan);
    plan->text_in_place_of_declared = in_place_of_declared;
  }

  static void as_decimal(int precision, int scale, ColumnPlan* plan) {
    plan->precision = precision;
    plan->scale = scale;
    use(precision <= 38 ? Decode::kDecimal128 : Decode::kDecimal256,
        arrow_type({Kind::kDecimal, precision, scale}), plan);
  }

  static bool is_bool(const std::optional<TypeName>& choice) {
    return choice && choice->kind == Kind::kBool;
  }

  // A bool or a time may meet a value that is none.
  void use_lossy(Decode decode, std::shared_ptr<arrow::DataType> type,
                 ColumnPlan* plan) const {
    if (choices_.on_lossy == OnLossy::kText) return as_text(plan, true);
    use(decode, std::move(type), plan);
  }

  void use_default(const ResultColumn& column, ColumnPlan* plan) const {
    if (column.type == MYSQL_TYPE_TINY && column.length == 1 &&
        is_bool(choices_.tinyint1)) {
      use_lossy(Decode::kTinyBool, arrow::boolean(), plan);
    } else if (column.type == MYSQL_TYPE_BIT && column.length == 1 &&
               is_bool(choices_.bit1)) {
      use(Decode::kBitBool, arrow::boolean(), plan);
    } else {
      use_native(column, plan);
      if (is_date_or_time(column.type) && choices_.on_lossy == OnLossy::kText)
        as_text(plan, true);
    }
  }

  static void use_native(const ResultColumn& column, ColumnPlan* plan) {
    const bool is_unsigned = column.is_unsigned();
    if (is_decimal(column.type)) {
      const int precision = precision_of(column);
      const auto scale = static_cast<int>(column.decimals);
      if (precision < 1 || precision > 76 || scale > precision)
        return as_text(plan, false);
      return as_decimal(precision, scale, plan);
    }
    switch (column.type) {
      case MYSQL_TYPE_TINY:
        return use(Decode::kFixed1, is_unsigned ? arrow::uint8() : arrow::int8(), plan);
      case MYSQL_TYPE_SHORT:
        return use(Decode::kFixed2, is_unsigned ? arrow::uint16() : arrow::int16(), plan);
      case MYSQL_TYPE_YEAR:
        return use(Decode::kFixed2, arrow::int16(), plan);
      case MYSQL_TYPE_INT24:
      case MYSQL_TYPE_LONG:
        return use(Decode::kFixed4, is_unsigned ? arrow::uint32() : arrow::int32(), plan);
      case MYSQL_TYPE_LONGLONG:
        return use(Decode::kFixed8, is_unsigned ? arrow::uint64() : arrow::int64(), plan);
      case MYSQL_TYPE_FLOAT:
        return use(Decode::kFixed4, arrow::float32(), plan);
      case MYSQL_TYPE_DOUBLE:
        return use(Decode::kFixed8, arrow::float64(), plan);
      case MYSQL_TYPE_BIT:
        return use(Decode::kBits, arrow::uint64(), plan);
      case MYSQL_TYPE_DATE:
      case MYSQL_TYPE_NEWDATE:
        return use(Decode::kDate, arrow::date32(), plan);
      case MYSQL_TYPE_DATETIME:
        return use(Decode::kTimestamp, arrow_type({Kind::kTimestamp}), plan);
      case MYSQL_TYPE_TIMESTAMP:
        return use(Decode::kTimestamp, arrow_type({Kind::kTimestampTz}), plan);
      case MYSQL_TYPE_TIME:
        return use(Decode::kDuration, arrow::duration(arrow::TimeUnit::MICRO), plan);
      default:
        use(Decode::kBytes, is_binary(column) ? arrow::binary() : arrow::utf8(), plan);
    }
    if (is_json(column)) plan->type = arrow::extension::json();
    if (is_geometry(column) || column.type == kVector ||
        plan->declared.starts_with("type ")) {
      plan->storage = plan->type = arrow::binary();
      plan->name_in_metadata = true;
    }
  }

  void choose(const ResultColumn& column, const TypeName& chosen,
              ColumnPlan* plan) const {
    const bool number = is_integer(column.type) || is_decimal(column.type) ||
                        column.type == MYSQL_TYPE_FLOAT ||
                        column.type == MYSQL_TYPE_DOUBLE;
    if (chosen.kind == Kind::kText && !is_geometry(column)) return as_text(plan, false);
    if (is_decimal(column.type) && chosen.kind == Kind::kDecimal)
      return as_decimal(chosen.precision, chosen.scale, plan);
    if (number && chosen.kind == Kind::kFloat64)
      return use(Decode::kDouble, arrow::float64(), plan);
    if (chosen.kind == Kind::kBool && column.type == MYSQL_TYPE_TINY)
      return use(Decode::kTinyBool, arrow::boolean(), plan);
    if (chosen.kind == Kind::kBool && column.type == MYSQL_TYPE_BIT && column.length == 1)
      return use(Decode::kBitBool, arrow::boolean(), plan);
    use_native(column, plan);
    if (plan->storage->Equals(arrow_type(chosen))) return;
    throw Error(Category::kRecipe, "unsupported_type_choice",
                fmt::format("types.columns: column '{}' is {} and cannot be read as {}",
                            printable(plan->name, 60), plan->declared, to_string(chosen)),
                "CAST it in the query, or choose text");
  }

  const TypeChoices& choices_;
};

}  // namespace

std::string arrow_text(const ColumnPlan& plan) { return plan.type->ToString(); }

std::string hint_of(const ColumnPlan& plan) {
  if (is_decimal(plan.wire) && plan.decode == Decode::kText && !plan.chosen)
    return "a number without a precision comes as text: CAST it AS DECIMAL(p,s)";
  if (!plan.name_in_metadata) return "";
  if (plan.wire == MYSQL_TYPE_GEOMETRY)
    return "a shape comes as the server's bytes: ST_AsText() or ST_AsBinary() converts "
           "it";
  if (plan.wire == kVector)
    return "a vector comes as the server's bytes: VECTOR_TO_STRING() makes it text";
  return "";
}

std::vector<ColumnPlan> plan_columns(const std::vector<ResultColumn>& columns,
                                     const TypeChoices& choices) {
  std::vector<std::string> names;
  for (const ResultColumn& column : columns) names.push_back(column.name);
  names = unique_names(std::move(names), choices.duplicates);
  check_named_columns(choices, names);
  std::vector<ColumnPlan> plans;
  const Planner planner(choices);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    plans.push_back(planner.plan(columns[i], names[i]));
  }
  return plans;
}

std::shared_ptr<arrow::Schema> schema_of(const std::vector<ColumnPlan>& plans) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const ColumnPlan& plan : plans) {
    auto field = arrow::field(plan.name, plan.type);
    if (plan.name_in_metadata) {
      field =
          field->WithMetadata(arrow::key_value_metadata({"mysql_type"}, {plan.declared}));
    }
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

std::vector<ResultColumn> columns_of(MYSQL_RES* metadata) {
  std::vector<ResultColumn> columns;
  const MYSQL_FIELD* fields = mysql_fetch_fields(metadata);
  for (unsigned i = 0; i < mysql_num_fields(metadata); ++i) {
    const MYSQL_FIELD& field = fields[i];
    MARIADB_CONST_STRING kind{nullptr, 0};
    mariadb_field_attr(&kind, &field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME);
    columns.push_back({{field.name, field.name_length},
                       field.type,
                       field.length,
                       field.flags,
                       field.decimals,
                       field.charsetnr,
                       kind.length == 0 ? "" : std::string(kind.str, kind.length)});
  }
  return columns;
}

}  // namespace penstock::mysql
