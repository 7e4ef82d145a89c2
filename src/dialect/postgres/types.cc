#include "dialect/postgres/types.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "penstock/error.h"

namespace penstock::postgres {
namespace {

using Kind = TypeName::Kind;

constexpr Oid kNumeric = 1700;

// https://github.com/postgres/postgres/blob/REL_15_STABLE/src/include/catalog/pg_type.dat:
// these numbers are part of the protocol and never change.
struct BuiltIn {
  Oid oid;
  Oid array;
  std::string_view name;
  Decode decode;
  Kind kind;
  bool lossy;  // some value of the type has no exact place in Arrow
};

constexpr std::array<BuiltIn, 23> kBuiltIn{{
    {16, 1000, "boolean", Decode::kBool, Kind::kBool, false},
    {17, 1001, "bytea", Decode::kBytes, Kind::kBinary, false},
    {18, 1002, "\"char\"", Decode::kChar, Kind::kText, false},
    {19, 1003, "name", Decode::kBytes, Kind::kText, false},
    {20, 1016, "bigint", Decode::kInt64, Kind::kInt64, false},
    {21, 1005, "smallint", Decode::kInt16, Kind::kInt16, false},
    {23, 1007, "integer", Decode::kInt32, Kind::kInt32, false},
    {25, 1009, "text", Decode::kBytes, Kind::kText, false},
    {26, 1028, "oid", Decode::kUInt32, Kind::kUInt32, false},
    {114, 199, "json", Decode::kBytes, Kind::kText, false},
    {700, 1021, "real", Decode::kFloat32, Kind::kFloat32, false},
    {701, 1022, "double precision", Decode::kFloat64, Kind::kFloat64, false},
    {1042, 1014, "character", Decode::kBytes, Kind::kText, false},
    {1043, 1015, "character varying", Decode::kBytes, Kind::kText, false},
    {1082, 1182, "date", Decode::kDate, Kind::kDate, true},
    {1083, 1183, "time without time zone", Decode::kTime, Kind::kTime, true},
    {1114, 1115, "timestamp without time zone", Decode::kTimestamp, Kind::kTimestamp,
     true},
    {1184, 1185, "timestamp with time zone", Decode::kTimestamp, Kind::kTimestampTz,
     true},
    {1186, 1187, "interval", Decode::kInterval, Kind::kText, true},
    {kNumeric, 1231, "numeric", Decode::kDecimal128, Kind::kDecimal, true},
    {2950, 2951, "uuid", Decode::kUuid, Kind::kBinary, false},
    {3802, 3807, "jsonb", Decode::kBytes, Kind::kText, false},
    {705, 0, "unknown", Decode::kBytes, Kind::kText, false},
}};

const BuiltIn* built_in(Oid oid) {
  for (const BuiltIn& type : kBuiltIn) {
    if (type.oid == oid) return &type;
  }
  return nullptr;
}

const BuiltIn* built_in_array(Oid oid) {
  for (const BuiltIn& type : kBuiltIn) {
    if (oid != 0 && type.array == oid) return &type;
  }
  return nullptr;
}

std::shared_ptr<arrow::DataType> storage_of(const BuiltIn& type) {
  switch (type.decode) {
    case Decode::kInterval:
      return arrow::month_day_nano_interval();
    case Decode::kIntervalParts:
    case Decode::kUuid:
      return arrow::fixed_size_binary(16);
    default:
      return arrow_type({type.kind});
  }
}

std::shared_ptr<arrow::DataType> shown_as(const BuiltIn& type) {
  if (type.decode == Decode::kUuid) return arrow::extension::uuid();
  if (type.decode == Decode::kIntervalParts) return interval_parts();
  if (type.name == "json" || type.name == "jsonb") return arrow::extension::json();
  return storage_of(type);
}

// What holds every interval: no value of it is lossy.
constexpr BuiltIn kPartsOfInterval{1186,        1187, "interval", Decode::kIntervalParts,
                                   Kind::kText, false};

class Planner {
 public:
  Planner(const std::map<Oid, TypeFacts>& catalog, const TypeChoices& choices)
      : catalog_(catalog), choices_(choices) {}

  ColumnPlan plan(const ResultColumn& column, const std::string& name) const {
    ColumnPlan plan;
    plan.name = name;
    plan.declared = declared_name(column);
    const auto chosen = choices_.columns.find(name);
    if (chosen != choices_.columns.end()) {
      choose(column, chosen->second, &plan);
    } else if (column.oid == kNumeric) {
      plan_numeric(column.typmod, &plan);
    } else if (const BuiltIn* type = chosen_form(built_in(column.oid))) {
      use(*type, &plan);
      // A text is the same in both forms (jsonb's binary one has a version byte before
      // it); the text form costs the server less: in binary form it makes a message of
      // each value.
      plan.binary = type->decode != Decode::kBytes || type->kind != Kind::kText;
      if (type->lossy && choices_.on_lossy == OnLossy::kText) as_text(&plan, true);
    } else if (!plan_array(column, &plan)) {
      as_text(&plan, false);
      const auto facts = catalog_.find(column.oid);
      plan.name_in_metadata = facts == catalog_.end() || facts->second.kind != 'e';
    }
    return plan;
  }

 private:
  const BuiltIn* chosen_form(const BuiltIn* type) const {
    const bool parts = type != nullptr && type->decode == Decode::kInterval &&
                       choices_.intervals == Intervals::kParts;
    return parts ? &kPartsOfInterval : type;
  }

  static void use(const BuiltIn& type, ColumnPlan* plan) {
    plan->decode = type.decode;
    plan->storage = storage_of(type);
    plan->type = shown_as(type);
  }

  static void as_text(ColumnPlan* plan, bool in_place_of_declared) {
    plan->decode = Decode::kBytes;
    plan->binary = false;
    plan->storage = plan->type = arrow::utf8();
    plan->text_in_place_of_declared = in_place_of_declared;
  }

  static void as_decimal(int precision, int scale, ColumnPlan* plan) {
    plan->precision = precision;
    plan->scale = scale;
    plan->storage = plan->type = arrow_type({Kind::kDecimal, precision, scale});
    plan->decode = precision <= 38 ? Decode::kDecimal128 : Decode::kDecimal256;
  }

  // A typmod that fits decimal256, or false. A negative scale is so many more digits
  // before the point: numeric(5,-2) holds up to seven.
  static bool decimal_of(int typmod, int* precision, int* scale) {
    if (typmod < 4) return false;
    *scale = std::max(numeric_scale(typmod), 0);
    *precision = numeric_precision(typmod) - std::min(numeric_scale(typmod), 0);
    *precision = std::max(*precision, *scale);  // numeric(3,5): 0.00xxx
    return *precision <= 76;
  }

  void plan_numeric(int typmod, ColumnPlan* plan) const {
    int precision = 0;
    int scale = 0;
    if (decimal_of(typmod, &precision, &scale)) {
      as_decimal(precision, scale, plan);
      if (choices_.on_lossy == OnLossy::kText) as_text(plan, true);
    } else if (typmod < 4 && choices_.numeric &&
               choices_.numeric->kind == Kind::kDecimal) {
      as_decimal(choices_.numeric->precision, choices_.numeric->scale, plan);
    } else if (typmod < 4 && choices_.numeric &&
               choices_.numeric->kind == Kind::kFloat64) {
      as_double(plan);
    } else {
      as_text(plan, false);
      plan->name_in_metadata = true;
    }
  }

  static void as_double(ColumnPlan* plan) {
    plan->decode = Decode::kDoubleText;
    plan->binary = false;
    plan->storage = plan->type = arrow::float64();
  }

  // Of numbers without a precision.
  std::shared_ptr<arrow::DataType> free_element(int typmod, ColumnPlan* plan) const {
    if (typmod < 4 && choices_.numeric && choices_.numeric->kind == Kind::kDecimal) {
      as_decimal(choices_.numeric->precision, choices_.numeric->scale, plan);
      plan->element = plan->decode;
      return plan->storage;
    }
    if (typmod < 4 && choices_.numeric && choices_.numeric->kind == Kind::kFloat64) {
      plan->element = Decode::kNumericDouble;
      return arrow::float64();
    }
    plan->element = Decode::kNumericText;
    plan->name_in_metadata = true;
    return arrow::utf8();
  }

  bool plan_array(const ResultColumn& column, ColumnPlan* plan) const {
    // Declared with more than one dimension: no list of values says what the server
    // prints.
    if (column.dimensions > 1) return false;
    std::shared_ptr<arrow::DataType> element;
    std::shared_ptr<arrow::DataType> shown;  // where it is not the element's storage
    if (const BuiltIn* type = chosen_form(built_in_array(column.oid))) {
      plan->element = type->decode;
      int precision = 0;
      int scale = 0;
      if (type->oid == kNumeric && decimal_of(column.typmod, &precision, &scale)) {
        as_decimal(precision, scale, plan);
        plan->element = plan->decode;
        element = plan->storage;
      } else if (type->oid == kNumeric) {
        element = free_element(column.typmod, plan);
      } else if (type->name == "jsonb") {
        return false;
      } else {
        element = storage_of(*type);
        shown = shown_as(*type);
      }
    } else {
      const auto facts = catalog_.find(column.oid);
      if (facts == catalog_.end() || facts->second.element == 0) return false;
      if (facts->second.element_kind != 'e') return false;
      element = arrow::utf8();
    }
    if (choices_.on_lossy == OnLossy::kText) {
      as_text(plan, true);
      plan->name_in_metadata = true;
      return true;
    }
    plan->decode = Decode::kList;
    plan->storage = arrow::list(element);
    plan->type = arrow::list(shown ? shown : element);
    return true;
  }

  std::string declared_name(const ResultColumn& column) const {
    if (column.oid == kNumeric && column.typmod >= 4) {
      return fmt::format("numeric({},{})", numeric_precision(column.typmod),
                         numeric_scale(column.typmod));
    }
    if ((column.oid == 1042 || column.oid == 1043) && column.typmod >= 4) {
      return fmt::format("{}({})", built_in(column.oid)->name, column.typmod - 4);
    }
    if (const BuiltIn* type = built_in(column.oid)) return std::string(type->name);
    if (const BuiltIn* type = built_in_array(column.oid))
      return fmt::format("{}[]", type->name);
    const auto facts = catalog_.find(column.oid);
    return facts == catalog_.end() ? fmt::format("type {}", column.oid)
                                   : facts->second.name;
  }

  void choose(const ResultColumn& column, const TypeName& chosen,
              ColumnPlan* plan) const {
    if (chosen.kind == Kind::kText) return as_text(plan, false);
    if (column.oid == kNumeric && chosen.kind == Kind::kDecimal) {
      return as_decimal(chosen.precision, chosen.scale, plan);
    }
    const bool number = column.oid == kNumeric || column.oid == 700 || column.oid == 20 ||
                        column.oid == 21 || column.oid == 23;
    if (number && chosen.kind == Kind::kFloat64) return as_double(plan);
    if (const BuiltIn* type = built_in(column.oid);
        type != nullptr && type->decode != Decode::kInterval &&
        type->decode != Decode::kUuid && type->oid != kNumeric &&
        arrow_type({type->kind})->Equals(arrow_type(chosen))) {
      return use(*type, plan);
    }
    throw Error(Category::kRecipe, "unsupported_type_choice",
                fmt::format("types.columns: column '{}' is {} and cannot be read as {}",
                            printable(plan->name, 60), plan->declared, to_string(chosen)),
                "CAST it in the query, or choose text");
  }

  const std::map<Oid, TypeFacts>& catalog_;
  const TypeChoices& choices_;
};

}  // namespace

bool needs_catalog(Oid oid) {
  return built_in(oid) == nullptr && built_in_array(oid) == nullptr;
}

bool is_built_in_array(Oid oid) { return built_in_array(oid) != nullptr; }

std::string arrow_text(const ColumnPlan& plan) { return plan.type->ToString(); }

std::string hint_of(const ColumnPlan& plan) {
  const bool value = plan.declared == "numeric" && plan.decode == Decode::kBytes;
  const bool values =
      plan.decode == Decode::kList && plan.element == Decode::kNumericText;
  const bool free_number =
      (value || values) && plan.name_in_metadata && !plan.text_in_place_of_declared;
  return free_number ? "a number without a precision comes as text: CAST it, or give "
                       "--numeric decimal(p,s) or double"
                     : "";
}

std::vector<ColumnPlan> plan_columns(const std::vector<ResultColumn>& columns,
                                     const std::map<Oid, TypeFacts>& catalog,
                                     const TypeChoices& choices) {
  std::vector<std::string> names;
  for (const ResultColumn& column : columns) names.push_back(column.name);
  names = unique_names(std::move(names), choices.duplicates);
  check_named_columns(choices, names);
  std::vector<ColumnPlan> plans;
  const Planner planner(catalog, choices);
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
          field->WithMetadata(arrow::key_value_metadata({"pg_type"}, {plan.declared}));
    }
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace penstock::postgres
