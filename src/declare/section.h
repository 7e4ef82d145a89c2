// Checked access to one mapping of a file of ours: every error has the file's name and a
// position.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "declare/yaml.h"

namespace penstock {

struct Range {
  std::int64_t low = 1;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

/// A value and the name a message gives it.
struct Field {
  const YamlNode* node = nullptr;
  std::string name;  // "source.limits.rows"
  LineColumn at;     // of the value, or of its key where nothing stands

  explicit operator bool() const { return node != nullptr; }
};

/// One mapping with a fixed list of keys. Does not own the tree.
///
/// All functions throw Error{kRecipe} "FILE:LINE:COL: ...". Anchors, aliases, tags and
/// merge keys are refused: a value is what stands where it is used.
class Section {
 public:
  /// Checks that `field` is a mapping of plain, different keys. `known`: unless null, all
  /// others are refused with the nearest as a hint. `whole`: of a file's own mapping,
  /// what it should have been.
  Section(const std::string& file, const Field& field,
          const std::vector<std::string>* known, std::string_view whole = {});

  /// The value of `key`; false in a condition if the key is not there.
  Field find(std::string_view key) const;
  Field require(std::string_view key) const;
  /// Every key's value, in the file's order.
  std::vector<Field> all() const;
  const std::string& key(std::size_t index) const {
    return node_->entries[index].key.text;
  }

  /// Text on one line, not empty: a quoted scalar, or a plain one that is no number,
  /// boolean or null.
  std::string text(const Field& field) const;
  /// As text, but may have several lines and control characters.
  std::string long_text(const Field& field) const;
  std::int64_t integer(const Field& field, Range range) const;
  bool boolean(const Field& field) const;
  std::string choice(const Field& field, const std::vector<std::string>& choices) const;

  /// Throws if the value is an alias, or has an anchor or a tag; the typed readers above
  /// do it too.
  void require_plain_yaml(const Field& field) const;

  [[noreturn]] void fail(LineColumn at, const char* code, const std::string& message,
                         std::string hint = {}) const;
  [[noreturn]] void fail(const Field& field, const char* code, const std::string& message,
                         std::string hint = {}) const {
    fail(field.at, code, message, std::move(hint));
  }

  std::string place(LineColumn at) const;
  const std::string& file() const { return file_; }
  const YamlNode& node() const { return *node_; }

 private:
  Field field(const YamlEntry& entry) const;
  void check_key(const YamlNode& key, const std::vector<std::string>* known) const;
  const YamlNode& scalar(const Field& field, std::string_view expected) const;

  const std::string& file_;
  const YamlNode* node_;
  std::string path_;  // empty: the whole file
  LineColumn at_;
};

}  // namespace penstock
