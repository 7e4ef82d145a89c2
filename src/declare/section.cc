#include "declare/section.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/scalar.h"
#include "penstock/error.h"

namespace penstock {
namespace {

std::string shown(const Range& range) {
  return range.high == Range{}.high ? fmt::format("{} or more", range.low)
                                    : fmt::format("in [{}, {}]", range.low, range.high);
}

// Keys under which people look for a place to write the DSN itself (RS-003).
bool asks_for_a_dsn(std::string_view key) {
  static const std::vector<std::string> kNames{
      "dsn", "uri", "url", "connection", "user", "username", "password", "host"};
  return std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

}  // namespace

Section::Section(const std::string& file, const Field& field,
                 const std::vector<std::string>* known, std::string_view whole)
    : file_(file), node_(field.node), path_(field.name), at_(field.at) {
  require_plain_yaml(field);
  if (node_->kind != YamlNode::Kind::kMapping) {
    fail(field, "recipe_invalid_value",
         path_.empty() ? std::string(whole)
                       : fmt::format("{} must be a mapping of keys", path_),
         known == nullptr ? "" : fmt::format("known: {}", fmt::join(*known, ", ")));
  }
  std::map<std::string_view, LineColumn> seen;
  for (const YamlEntry& entry : node_->entries) {
    check_key(entry.key, known);
    const auto [first, is_new] = seen.try_emplace(entry.key.text, entry.key.at);
    if (!is_new) {
      fail(entry.key.at, "recipe_duplicate_key",
           fmt::format("duplicate key '{}' (first at {})", printable(entry.key.text),
                       place(first->second)),
           "remove one of the two");
    }
  }
}

void Section::check_key(const YamlNode& key,
                        const std::vector<std::string>* known) const {
  require_plain_yaml({&key, "a key", key.at});
  if (key.kind != YamlNode::Kind::kScalar)
    fail(key.at, "recipe_unsupported_yaml", "a key must be a word");
  if (key.text == "<<" && key.style == YamlNode::Style::kPlain) {
    fail(key.at, "recipe_unsupported_yaml", "merge keys (<<) are not supported",
         "write the keys out");
  }
  if (known == nullptr ||
      std::find(known->begin(), known->end(), key.text) != known->end())
    return;
  fail(key.at, "recipe_unknown_key",
       fmt::format("unknown key '{}' in {}", printable(key.text), path_),
       path_ == "source" && asks_for_a_dsn(key.text)
           ? "put the DSN into an environment variable and name that: dsn_env: "
             "PENSTOCK_..."
           : suggest(key.text, *known));
}

void Section::require_plain_yaml(const Field& field) const {
  const std::string subject = field.name.empty() ? "the file" : field.name;
  if (field.node->kind == YamlNode::Kind::kAlias) {
    fail(field, "recipe_unsupported_yaml",
         fmt::format("{} is an alias (*), which is not supported", subject),
         "write the value out");
  }
  if (field.node->has_anchor) {
    fail(field, "recipe_unsupported_yaml",
         fmt::format("{} has an anchor (&), which is not supported", subject),
         "remove it");
  }
  if (field.node->has_tag) {
    fail(field, "recipe_unsupported_yaml",
         fmt::format("{} has a tag (!), which is not supported", subject),
         "quote the value for text, or leave it unquoted for a number or a boolean");
  }
}

Field Section::field(const YamlEntry& entry) const {
  std::string name = path_.empty()
                         ? printable(entry.key.text)
                         : fmt::format("{}.{}", path_, printable(entry.key.text));
  const bool nothing_there = entry.value.kind == YamlNode::Kind::kScalar &&
                             entry.value.text.empty() &&
                             entry.value.style == YamlNode::Style::kPlain;
  return {&entry.value, std::move(name), nothing_there ? entry.key.at : entry.value.at};
}

Field Section::find(std::string_view key) const {
  for (const YamlEntry& entry : node_->entries) {
    if (entry.key.text == key) return field(entry);
  }
  return {};
}

Field Section::require(std::string_view key) const {
  const Field found = find(key);
  if (!found) {
    fail(at_, "recipe_missing_key",
         path_.empty() ? fmt::format("{} is missing", key)
                       : fmt::format("{}.{} is missing", path_, key));
  }
  return found;
}

std::vector<Field> Section::all() const {
  std::vector<Field> fields;
  for (const YamlEntry& entry : node_->entries) fields.push_back(field(entry));
  return fields;
}

const YamlNode& Section::scalar(const Field& field, std::string_view expected) const {
  require_plain_yaml(field);
  if (field.node->kind != YamlNode::Kind::kScalar) {
    fail(field, "recipe_invalid_value",
         fmt::format("{} must be {}", field.name, expected));
  }
  return *field.node;
}

std::string Section::long_text(const Field& field) const {
  const YamlNode& node = scalar(field, "text");
  if (trim(node.text).empty() || node.is_null()) {
    fail(field, "recipe_invalid_value", fmt::format("{} is empty", field.name));
  }
  if (node.style == YamlNode::Style::kPlain) {
    const PlainScalar plain = resolve_plain(node.text);
    if (plain.trouble.empty() && !std::holds_alternative<std::string>(plain.value)) {
      fail(field, "recipe_invalid_value",
           fmt::format("{} must be text, not {}", field.name, type_name(plain.value)),
           "quote it");
    }
  }
  return node.text;
}

std::string Section::text(const Field& field) const {
  std::string value = long_text(field);
  const bool has_control = std::any_of(value.begin(), value.end(), [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F;
  });
  if (has_control) {
    fail(field, "recipe_invalid_value",
         fmt::format("{} must be one line without control characters", field.name));
  }
  return value;
}

std::int64_t Section::integer(const Field& field, Range range) const {
  const std::string expected = fmt::format("a whole number {}", shown(range));
  const YamlNode& node = scalar(field, expected);
  const PlainScalar plain = node.style == YamlNode::Style::kPlain
                                ? resolve_plain(node.text)
                                : PlainScalar{node.text, {}, {}};
  const auto* value = std::get_if<std::int64_t>(&plain.value);
  if (value == nullptr) {
    fail(field, "recipe_invalid_value",
         fmt::format("{} must be {}", field.name, expected),
         node.style == YamlNode::Style::kPlain ? std::string(plain.hint)
                                               : "remove the quotes");
  }
  if (*value < range.low || *value > range.high) {
    fail(field, "recipe_out_of_range",
         fmt::format("{} is {}, but must be {}", field.name, *value, shown(range)));
  }
  return *value;
}

bool Section::boolean(const Field& field) const {
  const YamlNode& node = scalar(field, "true or false");
  const PlainScalar plain = node.style == YamlNode::Style::kPlain
                                ? resolve_plain(node.text)
                                : PlainScalar{node.text, {}, {}};
  if (const auto* value = std::get_if<bool>(&plain.value)) return *value;
  fail(field, "recipe_invalid_value", fmt::format("{} must be true or false", field.name),
       node.style == YamlNode::Style::kPlain ? "" : "remove the quotes");
}

std::string Section::choice(const Field& field,
                            const std::vector<std::string>& choices) const {
  const YamlNode& node = scalar(field, "a word");
  if (std::find(choices.begin(), choices.end(), node.text) != choices.end())
    return node.text;
  fail(field, "recipe_invalid_value",
       fmt::format("{} must be one of {}, not '{}'", field.name, fmt::join(choices, ", "),
                   printable(node.text, 40)));
}

void Section::fail(LineColumn at, const char* code, const std::string& message,
                   std::string hint) const {
  throw Error(Category::kRecipe, code, fmt::format("{}: {}", place(at), message),
              std::move(hint));
}

std::string Section::place(LineColumn at) const {
  return fmt::format("{}:{}:{}", file_, at.line, at.column);
}

}  // namespace penstock
