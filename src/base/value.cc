#include "penstock/value.h"

#include <array>

namespace penstock {

std::string_view type_name(const Value& value) noexcept {
  static constexpr std::array<std::string_view, 5> kNames{"null", "bool", "int", "float",
                                                          "str"};
  return kNames[value.index()];
}

}  // namespace penstock
