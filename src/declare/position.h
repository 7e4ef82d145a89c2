// Lines and columns of a text, both from 1, columns in characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

struct LineColumn {
  std::int64_t line = 1;
  std::int64_t column = 1;
};

/// Where byte `offset` of `text` stands; past the end: just behind its last byte. A line
/// ends at '\n'.
LineColumn line_column(std::string_view text, std::size_t offset);

/// The first byte that is not part of valid UTF-8, or npos.
std::size_t invalid_utf8_at(std::string_view text);

}  // namespace penstock
