#include "declare/key_template.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "declare/scalar.h"

namespace penstock {
namespace {

// The segments of a folder; the root has none.
std::vector<std::string_view> parts_of(std::string_view path) {
  if (path.empty()) return {};
  return split(path, '/');
}

bool has_known_extension(std::string_view key) {
  const std::string lower = to_lower(key);
  const auto& known = key_extensions();
  return std::any_of(known.begin(), known.end(),
                     [&](const std::string& one) { return lower.ends_with(one); });
}

std::optional<EntryFault> fault_of_key(const std::string& key) {
  if (trim(key).empty()) return EntryFault{"is empty", "a key is a path: reports/a.csv"};
  if (const auto fault = fault_of_path(key)) return EntryFault{*fault, ""};
  for (const std::string_view part : split(key, '/')) {
    if (part.empty() || part == ".")
      return EntryFault{"has an empty segment",
                        "write it without //, ./ or a / at its end"};
  }
  const bool has_control = std::any_of(key.begin(), key.end(), [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F;
  });
  if (has_control) return EntryFault{"has a control character", "remove it"};
  if (key.find('?') != std::string::npos) {
    return EntryFault{"has a '?'",
                      "what follows a key there is declared under its parameters"};
  }
  if (!has_known_extension(key)) {
    return EntryFault{"has no extension that says a format",
                      fmt::format("supported: {}", fmt::join(key_extensions(), ", "))};
  }
  return std::nullopt;
}

// Every brace belongs to a declared parameter; no two stand side by side.
std::optional<EntryFault> fault_of_braces(const ManifestEntry& entry) {
  const std::string& key = entry.key;
  std::vector<std::string> seen;
  std::size_t end = std::string::npos;  // just behind the last '}'
  for (std::size_t at = 0; at < key.size(); ++at) {
    if (key[at] == '}') return EntryFault{"has a '}' without '{'", ""};
    if (key[at] != '{') continue;
    const auto close = key.find_first_of("/}", at);
    if (close == std::string::npos || key[close] != '}')
      return EntryFault{"has a '{' without '}'", ""};
    std::string name = key.substr(at + 1, close - at - 1);
    const auto found = entry.parameters.find(name);
    if (found == entry.parameters.end()) {
      return EntryFault{
          fmt::format("has {{{}}}, which is not declared", printable(name, 40)),
          "declare it under the key's parameters"};
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return EntryFault{fmt::format("has {{{}}} twice", name), ""};
    if (found->second.fallback) {
      return EntryFault{
          fmt::format("has {{{}}}, whose default could never be used", name),
          "remove the default, or the parameter from the key"};
    }
    if (end == at)
      return EntryFault{"has two parameters side by side",
                        "put a character between them"};
    seen.push_back(std::move(name));
    end = close + 1;
    at = close;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> fault_of_path(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return "contains null byte";
  if (path.starts_with('/')) return "is absolute";
  for (const std::string_view part : parts_of(path)) {
    if (part == "..") return "contains '..' segment";
  }
  return std::nullopt;
}

const std::vector<std::string>& key_extensions() {
  static const std::vector<std::string> kExtensions{
      ".arrow", ".arrows", ".csv", ".csv.gz", ".ipc", ".jsonl", ".jsonl.gz", ".parquet"};
  return kExtensions;
}

std::optional<EntryFault> fault_of_entry(const ManifestEntry& entry) {
  if (auto fault = fault_of_key(entry.key)) return fault;
  return fault_of_braces(entry);
}

std::optional<Value> as_type(const Value& value, KeyParameter::Type type) {
  if (type_name(value) == to_string(type)) return value;
  const auto* whole = std::get_if<std::int64_t>(&value);
  constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;
  if (type == KeyParameter::Type::kFloat && whole != nullptr &&
      *whole <= kExactInDouble && *whole >= -kExactInDouble) {
    return static_cast<double>(*whole);
  }
  return std::nullopt;
}

bool is_choice(const KeyParameter& parameter, const Value& value) {
  const auto& choices = parameter.choices;
  return choices.empty() ||
         std::find(choices.begin(), choices.end(), value) != choices.end();
}

std::optional<Value> value_in_key(const KeyParameter& parameter, std::string_view text) {
  auto decoded = percent_decode(text);
  if (!decoded || decoded->find('\0') != std::string::npos || !is_valid_utf8(*decoded))
    return std::nullopt;
  std::optional<Value> value;
  if (parameter.type == KeyParameter::Type::kText) {
    value = std::move(*decoded);
  } else {
    const PlainScalar plain = resolve_plain(*decoded);
    if (plain.trouble.empty()) value = as_type(plain.value, parameter.type);
  }
  if (value && !is_choice(parameter, *value)) return std::nullopt;
  return value;
}

KeyTemplate::KeyTemplate(const ManifestEntry& entry) : entry_(entry) {
  for (std::string_view part : split(entry.key, '/')) {
    Segment segment;
    std::string text;
    while (!part.empty()) {
      const auto close = part.starts_with('{') ? part.find('}') : std::string_view::npos;
      const std::string name(close == std::string_view::npos ? ""
                                                             : part.substr(1, close - 1));
      if (entry.parameters.contains(name)) {
        segment.texts.push_back(std::exchange(text, ""));
        segment.names.push_back(name);
        names_.push_back(name);
        part.remove_prefix(close + 1);
      } else {
        text += part.front();
        part.remove_prefix(1);
      }
    }
    segment.texts.push_back(std::move(text));
    segments_.push_back(std::move(segment));
  }
}

bool KeyTemplate::match_segment(const Segment& segment, std::string_view text,
                                Params* values) const {
  if (segment.names.empty()) return text == segment.texts.front();
  const std::string& last = segment.texts.back();
  if (!text.starts_with(segment.texts.front())) return false;
  text.remove_prefix(segment.texts.front().size());
  if (!text.ends_with(last)) return false;
  text.remove_suffix(last.size());
  for (std::size_t i = 0; i < segment.names.size(); ++i) {
    if (text.empty()) return false;
    const bool is_last = i + 1 == segment.names.size();
    const auto end = is_last ? text.size() : text.find(segment.texts[i + 1], 1);
    if (end == std::string_view::npos) return false;
    const auto& parameter = entry_.parameters.find(segment.names[i])->second;
    auto value = value_in_key(parameter, text.substr(0, end));
    if (!value) return false;
    values->insert_or_assign(segment.names[i], std::move(*value));
    text.remove_prefix(is_last ? end : end + segment.texts[i + 1].size());
  }
  return true;
}

bool KeyTemplate::match_first(const std::vector<std::string_view>& parts,
                              Params* values) const {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!match_segment(segments_[i], parts[i], values)) return false;
  }
  return true;
}

std::optional<Params> KeyTemplate::match(std::string_view path) const {
  const auto parts = split(path, '/');
  Params values;
  if (parts.size() != segments_.size() || !match_first(parts, &values))
    return std::nullopt;
  return values;
}

bool KeyTemplate::is_below(std::string_view folder) const {
  const auto parts = parts_of(folder);
  Params unused;
  return parts.size() < segments_.size() && match_first(parts, &unused);
}

std::optional<std::string> KeyTemplate::folder_in(std::string_view folder) const {
  const std::size_t depth = parts_of(folder).size();
  if (depth + 1 >= segments_.size() || !is_below(folder)) return std::nullopt;
  const Segment& next = segments_[depth];
  if (!next.names.empty()) return std::nullopt;
  return next.texts.front();
}

}  // namespace penstock
