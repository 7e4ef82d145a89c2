#include "faces/store/glob.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// Valid UTF-8 as characters; anything else as bytes, beyond all characters.
std::u32string characters_of(std::string_view text) {
  constexpr char32_t kPastUnicode = 0x110000;
  std::u32string out;
  const bool valid = is_valid_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (!valid && byte >= 0x80) {
      out += kPastUnicode + byte;
    } else if (byte < 0x80) {
      out += byte;
    } else if (byte < 0xC0) {
      out.back() = (out.back() << 6) | (byte & 0x3FU);
    } else {
      out += byte & (byte >= 0xF0 ? 0x07U : byte >= 0xE0 ? 0x0FU : 0x1FU);
    }
  }
  return out;
}

// Where `pattern`, in which `is_star` tells the parts that stand for any number, meets
// `text`. What a star took is only ever added to: a later star makes the choices of an
// earlier one irrelevant.
template <typename IsStar, typename Matches>
bool match_with_stars(std::size_t pattern_size, std::size_t text_size,
                      const IsStar& is_star, const Matches& matches) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t at = 0;
  std::size_t in_text = 0;
  std::size_t star = kNone;
  std::size_t taken_to = 0;
  while (in_text < text_size) {
    if (at < pattern_size && is_star(at)) {
      star = at++;
      taken_to = in_text;
    } else if (at < pattern_size && matches(at, in_text)) {
      ++at;
      ++in_text;
    } else if (star != kNone) {
      at = star + 1;
      in_text = ++taken_to;
    } else {
      return false;
    }
  }
  while (at < pattern_size && is_star(at)) ++at;
  return at == pattern_size;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  for (const std::string_view part : split(pattern, '/'))
    segments_.push_back(compile(part, pattern));
  if (segments_.back().any_number) {  // at the end: one segment or more
    Segment one;
    one.tokens.push_back({Token::Kind::kStar, 0, false, {}});
    segments_.push_back(std::move(one));
  }
}

Glob::Segment Glob::compile(std::string_view part, std::string_view pattern) {
  Segment segment;
  segment.any_number = part == "**";
  if (segment.any_number) return segment;
  const std::u32string text = characters_of(part);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    Token token;
    token.character = c;
    if (c == U'*' && i + 1 < text.size() && text[i + 1] == U'*') {
      throw Error(Category::kInvalidPath, "invalid_glob",
                  fmt::format("'**' must be a complete path segment in pattern '{}'",
                              printable(pattern)),
                  "write **/ for any number of folders, * within one");
    }
    if (c == U'*') {
      token.kind = Token::Kind::kStar;
    } else if (c == U'?') {
      token.kind = Token::Kind::kAny;
    } else if (c == U'[') {
      std::size_t first = i + 1;
      if (first < text.size() && text[first] == U'!') ++first;
      // A ']' that comes first is one of the characters.
      const auto close = first < text.size() ? text.find(U']', first + 1) : text.npos;
      if (close != text.npos) {
        token.kind = Token::Kind::kClass;
        token.negated = text[i + 1] == U'!';
        for (std::size_t at = first; at < close; ++at) {
          const bool is_range = at + 2 < close && text[at + 1] == U'-';
          token.ranges.push_back({text[at], is_range ? text[at + 2] : text[at]});
          if (is_range) at += 2;
        }
        i = close;
      }
    }
    segment.tokens.push_back(std::move(token));
  }
  return segment;
}

bool Glob::matches(const Token& token, char32_t character) {
  if (token.kind == Token::Kind::kAny) return true;
  if (token.kind == Token::Kind::kCharacter) return token.character == character;
  const bool is_in =
      std::any_of(token.ranges.begin(), token.ranges.end(), [&](const Range& range) {
        return range.first <= character && character <= range.last;
      });
  return is_in != token.negated;
}

bool Glob::matches(const Segment& segment, std::string_view part) {
  const std::u32string text = characters_of(part);
  const auto& tokens = segment.tokens;
  return match_with_stars(
      tokens.size(), text.size(),
      [&](std::size_t i) { return tokens[i].kind == Token::Kind::kStar; },
      [&](std::size_t i, std::size_t j) { return matches(tokens[i], text[j]); });
}

bool Glob::matches(std::string_view key) const {
  const auto parts = split(key, '/');
  return match_with_stars(
      segments_.size(), parts.size(),
      [&](std::size_t i) { return segments_[i].any_number; },
      [&](std::size_t i, std::size_t j) { return matches(segments_[i], parts[j]); });
}

}  // namespace penstock
