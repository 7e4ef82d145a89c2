// Keys of a store as text: what may be one, and the parameters in its path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/manifest.h"

namespace penstock {

/// Why no file or folder can have this path (SQL-QUERY-080), or nothing. The empty path,
/// which is the root, is for the caller to judge.
std::optional<std::string> fault_of_path(std::string_view path);

/// ".parquet", ".csv", ...: the extensions that say a format (SQL-QUERY-012), sorted.
const std::vector<std::string>& key_extensions();

/// What is wrong with an entry that stands in a file, or nothing. More than a program's
/// own entries are held to: a slip must not become a key that nobody can read.
struct EntryFault {
  std::string what;
  std::string hint;
};
std::optional<EntryFault> fault_of_entry(const ManifestEntry& entry);

/// `value` as `type`, if it is one exactly; a whole number is a float, too.
std::optional<Value> as_type(const Value& value, KeyParameter::Type type);
bool is_choice(const KeyParameter& parameter, const Value& value);
/// The value that `text` of a key stands for: percent-decoded UTF-8, of the parameter's
/// type and among its choices.
std::optional<Value> value_in_key(const KeyParameter& parameter, std::string_view text);

/// The path of an entry's key, taken apart at '/' and `{name}`. A `{name}` that the entry
/// has no parameter for is text. It stands for one or more characters of one segment, as
/// few as the text behind it allows. Refers to the entry, which must outlive it.
class KeyTemplate {
 public:
  explicit KeyTemplate(const ManifestEntry& entry);

  /// The names in its path, in order.
  const std::vector<std::string>& parameters() const noexcept { return names_; }
  /// Their values, if `path` is one of its keys.
  std::optional<Params> match(std::string_view path) const;
  /// Whether one of its keys may be below `folder`.
  bool is_below(std::string_view folder) const;
  /// The folder of `folder` that its keys are in, if that has a name of its own.
  std::optional<std::string> folder_in(std::string_view folder) const;

 private:
  // Text, then by turns a parameter and text.
  struct Segment {
    std::vector<std::string> texts;
    std::vector<std::string> names;
  };
  bool match_segment(const Segment& segment, std::string_view text, Params* values) const;
  bool match_first(const std::vector<std::string_view>& parts, Params* values) const;

  const ManifestEntry& entry_;
  std::vector<Segment> segments_;
  std::vector<std::string> names_;
};

}  // namespace penstock
