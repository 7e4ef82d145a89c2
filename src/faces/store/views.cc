#include "faces/store/views.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace penstock {
namespace {

std::string encoded(std::string_view name) {
  const bool dots_alone = name == "." || name == "..";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool plain =
        byte >= 0x20 && byte != 0x7F && c != '%' && c != '/' && c != '?' && !dots_alone;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

}  // namespace

std::string key_of_view(const View& view) {
  return fmt::format("{}/{}/{}.parquet", kViewsFolder, encoded(view.schema),
                     encoded(view.name));
}

}  // namespace penstock
