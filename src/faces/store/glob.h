// Patterns over keys.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock {

/// `*` is any text, `?` any character, `[a-c]` one of these and `[!a-c]` one of no other,
/// all within a segment; `**` is any number of whole segments, at the end at least one. A
/// `[` without `]` is itself (SQL-QUERY-032).
///
/// Time is bounded by the product of the lengths, whatever the pattern. Immutable.
class Glob {
 public:
  /// Throws Error{kInvalidPath}, code "invalid_glob", for `**` that is not a whole
  /// segment.
  explicit Glob(std::string_view pattern);

  bool matches(std::string_view key) const;

 private:
  struct Range {
    char32_t first;
    char32_t last;
  };
  struct Token {
    enum class Kind : std::uint8_t { kCharacter, kAny, kStar, kClass };
    Kind kind = Kind::kCharacter;
    char32_t character = 0;
    bool negated = false;
    std::vector<Range> ranges;
  };
  struct Segment {
    bool any_number = false;  // **
    std::vector<Token> tokens;
  };

  static Segment compile(std::string_view part, std::string_view pattern);
  static bool matches(const Token& token, char32_t character);
  static bool matches(const Segment& segment, std::string_view part);

  std::vector<Segment> segments_;
};

}  // namespace penstock
