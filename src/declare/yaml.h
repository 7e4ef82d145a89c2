// YAML 1.2 text -> a small tree with positions. The only file that knows the YAML
// library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "declare/position.h"

namespace penstock {

struct YamlEntry;

/// A value as written: nothing is resolved, expanded or merged here.
struct YamlNode {
  enum class Kind : std::uint8_t { kScalar, kSequence, kMapping, kAlias };
  enum class Style : std::uint8_t { kPlain, kQuoted, kLiteral, kFolded };

  Kind kind = Kind::kScalar;
  Style style = Style::kPlain;  // of a scalar
  bool has_anchor = false;
  bool has_tag = false;
  LineColumn at;  // of its first character; of a quoted scalar, inside the quotes
  std::string
      text;  // of a scalar, unescaped; valid UTF-8, perhaps with control characters
  /// Of a scalar, as SqlOrigin::indent: where its later lines begin, or -1 if `text` is
  /// not what stands in the file.
  std::int64_t indent = -1;
  std::vector<YamlNode> items;  // of a sequence
  std::vector<YamlEntry>
      entries;  // of a mapping, in the file's order, duplicates included

  /// Nothing at all stands there, or an unquoted null.
  bool is_null() const;
};

struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

/// Reads the one document of `text`.
///
/// Throws Error{kRecipe}, message "FILE:LINE:COL: ...": text that is not YAML 1.2 or not
/// UTF-8, control characters, more than one document, an empty one, more than 1 MiB, or
/// nested deeper than 64.
YamlNode parse_yaml(std::string_view text, const std::string& file);

}  // namespace penstock
