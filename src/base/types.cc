#include "penstock/types.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace penstock {
namespace {

using Kind = TypeName::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 17> kNames{{
    {"bool", Kind::kBool},
    {"int8", Kind::kInt8},
    {"int16", Kind::kInt16},
    {"int32", Kind::kInt32},
    {"int64", Kind::kInt64},
    {"uint8", Kind::kUInt8},
    {"uint16", Kind::kUInt16},
    {"uint32", Kind::kUInt32},
    {"uint64", Kind::kUInt64},
    {"float32", Kind::kFloat32},
    {"float64", Kind::kFloat64},
    {"text", Kind::kText},
    {"binary", Kind::kBinary},
    {"date", Kind::kDate},
    {"time", Kind::kTime},
    {"timestamp", Kind::kTimestamp},
    {"timestamptz", Kind::kTimestampTz},
}};

// Other words for the same, read but never printed.
constexpr std::array<std::pair<std::string_view, Kind>, 8> kSynonyms{{
    {"int", Kind::kInt64},
    {"float", Kind::kFloat64},
    {"double", Kind::kFloat64},
    {"str", Kind::kText},
    {"string", Kind::kText},
    {"utf8", Kind::kText},
    {"bytes", Kind::kBinary},
    {"datetime", Kind::kTimestamp},
}};

std::optional<int> number(std::string_view text) {
  text = trim(text);
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<TypeName> parse_type_name(std::string_view text) {
  const std::string name = to_lower(trim(text));
  for (const auto& [word, kind] : kNames) {
    if (name == word) return TypeName{kind};
  }
  for (const auto& [word, kind] : kSynonyms) {
    if (name == word) return TypeName{kind};
  }
  const auto open = name.find('(');
  if (open == std::string::npos || name.back() != ')') return std::nullopt;
  const std::string_view word = trim(std::string_view(name).substr(0, open));
  if (word != "decimal" && word != "numeric") return std::nullopt;
  const auto arguments =
      split(std::string_view(name).substr(open + 1, name.size() - open - 2), ',');
  if (arguments.size() > 2) return std::nullopt;
  const auto precision = number(arguments[0]);
  const auto scale = arguments.size() == 2 ? number(arguments[1]) : 0;
  if (!precision || !scale || *precision < 1 || *precision > 76) return std::nullopt;
  if (*scale < 0 || *scale > *precision) return std::nullopt;
  return TypeName{Kind::kDecimal, *precision, *scale};
}

std::string to_string(const TypeName& type) {
  if (type.kind == Kind::kDecimal)
    return fmt::format("decimal({},{})", type.precision, type.scale);
  for (const auto& [word, kind] : kNames) {
    if (kind == type.kind) return std::string(word);
  }
  return {};
}

std::string_view type_names() noexcept {
  return "bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, "
         "float64, "
         "decimal(p,s), text, binary, date, time, timestamp, timestamptz";
}

}  // namespace penstock
