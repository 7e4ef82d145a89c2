// A column's declared type -> the Arrow type it decides, if it decides one.
#pragma once

#include <optional>
#include <string_view>

#include "penstock/types.h"

namespace penstock::sqlite {

/// The type that `declared` stands for; nothing where only the values can tell (no
/// declared type, and names to which SQLite gives NUMERIC affinity, such as STRING or a
/// DECIMAL without precision).
///
/// Names known by themselves come first: BOOLEAN, DATE, DATETIME, TIMESTAMP [WITH TIME
/// ZONE], DECIMAL(p,s), NUMERIC(p,s), JSON. Then SQLite's own rules of affinity, in their
/// order: INT, CHAR CLOB TEXT, BLOB, REAL FLOA DOUB
/// (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). Integers are
/// 64 bits, whatever the name: SQLite keeps no shorter ones apart.
std::optional<TypeName> type_of_declared(std::string_view declared,
                                         const std::optional<TypeName>& numeric);

}  // namespace penstock::sqlite
