#include "penstock/value.h"

#include <array>

namespace penstock {

std::string_view type_name(const Value& value) noexcept {
  static constexpr std::array<std::string_view, 9> kNames{
      "null", "bool", "int", "float", "str", "date", "datetime", "timedelta", "bytes"};
  static_assert(kNames.size() == std::variant_size_v<Value>);
  return kNames[value.index()];
}

}  // namespace penstock
