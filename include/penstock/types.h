// Stage: base. The names of column types, and the choices a user has where a value has no
// exact place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// What becomes of a value that its column's type cannot hold exactly. Every case but
/// kError is counted by column in the receipt; nothing is rounded, clamped or nulled
/// silently.
enum class OnLossy : std::uint8_t {
  kError,  // default: fail, naming row, column, declared type and the value's type
  kNull,   // the value becomes NULL
  kText,   // the whole column is text; a value that is not valid UTF-8 is written as \x
           // and hex
  kClamp,  // the nearest value the type holds; invalid UTF-8 becomes U+FFFD; NULL where
           // there is no nearest
};

/// What becomes of two result columns of one name.
enum class Duplicates : std::uint8_t {
  kError,   // default, with the hint to alias
  kRename,  // a, a_1, a_2
  kKeep,    // a, a
};

/// A column type by name, as a user writes it: "int64", "decimal(12,2)", "text",
/// "timestamp".
struct TypeName {
  enum class Kind : std::uint8_t {
    kBool,
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kUInt8,
    kUInt16,
    kUInt32,
    kUInt64,
    kFloat32,
    kFloat64,
    kDecimal,  // precision and scale
    kText,
    kBinary,
    kDate,
    kTime,
    kTimestamp,    // microseconds, no zone
    kTimestampTz,  // microseconds, UTC
  };
  Kind kind = Kind::kText;
  std::int32_t precision = 0;  // kDecimal only: 1..76
  std::int32_t scale = 0;      // kDecimal only: 0..precision

  friend bool operator==(const TypeName&, const TypeName&) = default;
};

/// Reads a type name, in any case, blanks allowed inside the parentheses; nothing if it
/// is not one.
std::optional<TypeName> parse_type_name(std::string_view text);
/// The name `parse_type_name` reads back.
std::string to_string(const TypeName& type);
/// All the names, for a message: "bool, int8, ..., decimal(p,s), ...".
std::string_view type_names() noexcept;

/// How an interval of months, days and microseconds is given.
enum class Intervals : std::uint8_t {
  kMonthDayNano,  // Arrow's type; one of more than some 292 years of time is lossy
  kParts,  // a struct of months int32, days int32, microseconds int64: each has a place
};

/// The `types:` section of a recipe, and its flags.
struct TypeChoices {
  OnLossy on_lossy = OnLossy::kError;
  Duplicates duplicates = Duplicates::kError;
  /// For a number column without a declared precision: text, float64 or decimal(p,s).
  /// Unset: the database's default (docs/reference/types.md).
  std::optional<TypeName> numeric;
  std::optional<TypeName> tinyint1;  // MySQL's TINYINT(1): int8 (default) or bool
  std::optional<TypeName> bit1;      // MySQL's BIT(1): uint64 (default) or bool
  Intervals intervals = Intervals::kMonthDayNano;  // not in a file: intervals_for(format)
  std::map<std::string, TypeName, std::less<>> columns;  // by result column name
};

}  // namespace penstock
