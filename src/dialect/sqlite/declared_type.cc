#include "dialect/sqlite/declared_type.h"

#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace penstock::sqlite {
namespace {

using Kind = TypeName::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 10> kNames{{
    {"BOOL", Kind::kBool},
    {"BOOLEAN", Kind::kBool},
    {"DATE", Kind::kDate},
    {"DATETIME", Kind::kTimestamp},
    {"TIMESTAMP", Kind::kTimestamp},
    {"TIMESTAMP WITHOUT TIME ZONE", Kind::kTimestamp},
    {"TIMESTAMPTZ", Kind::kTimestampTz},
    {"TIMESTAMP WITH TIME ZONE", Kind::kTimestampTz},
    {"JSON", Kind::kText},
    {"JSONB", Kind::kText},
}};

constexpr std::array<std::pair<std::string_view, Kind>, 8> kAffinities{{
    {"INT", Kind::kInt64},
    {"CHAR", Kind::kText},
    {"CLOB", Kind::kText},
    {"TEXT", Kind::kText},
    {"BLOB", Kind::kBinary},
    {"REAL", Kind::kFloat64},
    {"FLOA", Kind::kFloat64},
    {"DOUB", Kind::kFloat64},
}};

// "TIMESTAMP(3) WITH TIME ZONE" -> "TIMESTAMP WITH TIME ZONE", one blank between words.
std::string without_arguments(std::string_view name) {
  std::string out;
  bool inside = false;
  for (const char c : name) {
    if (c == '(') inside = true;
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (!inside && !(blank && (out.empty() || out.back() == ' '))) out += blank ? ' ' : c;
    if (c == ')') inside = false;
  }
  return std::string(trim(out));
}

}  // namespace

std::optional<TypeName> type_of_declared(std::string_view declared,
                                         const std::optional<TypeName>& numeric) {
  const std::string full = to_upper(trim(declared));
  const std::string name = without_arguments(full);
  if (name.empty()) return std::nullopt;
  for (const auto& [word, kind] : kNames) {
    if (name == word) return TypeName{kind};
  }
  if (name == "DECIMAL" || name == "NUMERIC" || name == "DEC") {
    const auto open = full.find('(');
    if (open == std::string::npos) return numeric;
    const auto decimal = parse_type_name("decimal" + full.substr(open));
    return decimal ? decimal : numeric;
  }
  for (const auto& [part, kind] : kAffinities) {
    if (name.find(part) != std::string::npos) return TypeName{kind};
  }
  return std::nullopt;
}

}  // namespace penstock::sqlite
