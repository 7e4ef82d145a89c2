// Any pattern on any key: an answer, soon, or an Error about the pattern.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "faces/store/glob.h"
#include "penstock/error.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The first line is the pattern, the rest the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const std::string_view pattern = text.substr(0, line);
  const std::string_view key =
      line == std::string_view::npos ? "" : text.substr(line + 1);
  try {
    const penstock::Glob glob(pattern);
    const bool matches = glob.matches(key);
    const bool literal = pattern.find_first_of("*?[") == std::string_view::npos;
    if (literal) require(matches == (pattern == key));
    if (pattern == "**") require(matches);
  } catch (const penstock::Error& error) {
    require(error.category() == penstock::Category::kInvalidPath);
    require(penstock::is_valid_utf8(error.message()));
  }
  return 0;
}
