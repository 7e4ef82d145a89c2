// Which of our files a text is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

enum class FileKind : std::uint8_t { kRecipe, kTask, kManifest };

/// By its top-level keys: `source` makes a recipe, `queries` or `discover` a manifest,
/// `connection` a task. Of what has none of them, or cannot be read, nothing is known:
/// kRecipe, whose parser says what is wrong.
FileKind kind_of_file(std::string_view text, const std::string& file);

}  // namespace penstock
