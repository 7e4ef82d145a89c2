// Stage: base. A parameter's value: what may be bound, never what may be spliced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace penstock {

/// NULL, bool, 64-bit integer, double or UTF-8 text (RS-006, RS-008).
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// Parameter name (without the colon) -> value.
using Params = std::map<std::string, Value, std::less<>>;

/// "null", "bool", "int", "float" or "str".
std::string_view type_name(const Value& value) noexcept;

}  // namespace penstock
