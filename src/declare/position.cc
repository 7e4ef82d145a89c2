#include "declare/position.h"

#include <algorithm>

#include "base/text.h"

namespace penstock {

LineColumn line_column(std::string_view text, std::size_t offset) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  LineColumn at;
  if (text.starts_with(kByteOrderMark)) at.column = 0;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    const bool continues_character = (static_cast<std::uint8_t>(c) & 0xC0) == 0x80;
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else if (!continues_character) {
      ++at.column;
    }
  }
  at.column = std::max<std::int64_t>(at.column, 1);
  return at;
}

std::size_t invalid_utf8_at(std::string_view text) {
  if (is_valid_utf8(text)) return std::string_view::npos;
  // A sequence is at most four bytes; one that is valid at none of these lengths is the
  // bad one.
  std::size_t start = 0;
  while (true) {
    std::size_t size = 1;
    while (size <= 4 && !is_valid_utf8(text.substr(start, size))) ++size;
    if (size > 4) return start;
    start += size;
  }
}

}  // namespace penstock
