// Type names and column names as Arrow has them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/types.h"

namespace penstock {

/// decimal128 to precision 38, decimal256 above; timestamps in microseconds.
std::shared_ptr<arrow::DataType> arrow_type(const TypeName& type);

/// Intervals::kParts: struct<months int32, days int32, microseconds int64>, none null.
std::shared_ptr<arrow::DataType> interval_parts();

/// The Arrow type as its users write it: "int64", "timestamp[us]".
std::string arrow_type_text(const TypeName& type);

/// The result's column names, each once but under kKeep. Two of one name:
/// Error{kDataSource} with the hint to alias, or a, a_1, a_2 (a suffix that is taken is
/// passed over).
std::vector<std::string> unique_names(std::vector<std::string> names,
                                      Duplicates duplicates);

/// Throws Error{kRecipe} if `types.columns` names a column that is not in the result.
void check_named_columns(const TypeChoices& choices,
                         const std::vector<std::string>& names);

}  // namespace penstock
