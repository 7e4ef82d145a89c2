#include "faces/store/keys.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// In the words of the document's own code.
void check_path(std::string_view path) {
  const auto fault = fault_of_path(path);
  if (!fault) return;
  throw Error(
      Category::kInvalidPath, "invalid_path",
      *fault == "is absolute" ? "Absolute paths are not allowed" : "Path " + *fault);
}

[[noreturn]] void fail_parameter(std::string message, std::string hint = {}) {
  throw Error(Category::kInvalidPath, "key_parameter", std::move(message),
              std::move(hint));
}

std::string choices_of(const KeyParameter& parameter) {
  std::vector<std::string> words;
  for (const Value& value : parameter.choices) {
    if (const auto* text = std::get_if<std::string>(&value))
      words.push_back(printable(*text, 40));
    if (const auto* whole = std::get_if<std::int64_t>(&value))
      words.push_back(fmt::format("{}", *whole));
    if (const auto* real = std::get_if<double>(&value))
      words.push_back(fmt::format("{}", *real));
    if (const auto* truth = std::get_if<bool>(&value))
      words.push_back(fmt::format("{}", *truth));
  }
  return words.empty() ? "" : fmt::format("one of {}", fmt::join(words, ", "));
}

// Those that stand behind the key's path, by name.
std::vector<std::string> names_behind(const ManifestEntry& entry,
                                      const KeyTemplate& pattern) {
  std::vector<std::string> names;
  const auto& in_path = pattern.parameters();
  for (const auto& [name, parameter] : entry.parameters) {
    if (std::find(in_path.begin(), in_path.end(), name) == in_path.end())
      names.push_back(name);
  }
  return names;
}

void read_parameters(const ManifestEntry& entry, const std::vector<std::string>& known,
                     std::string_view text, Params* params) {
  for (const std::string_view pair : split(text, '&')) {
    const auto equals = pair.find('=');
    const std::string name(pair.substr(0, equals));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      fail_parameter(fmt::format("key '{}' has no parameter '{}' behind its path",
                                 printable(entry.key), printable(name, 40)),
                     known.empty() ? "" : suggest(name, known));
    }
    if (equals == std::string_view::npos)
      fail_parameter(fmt::format("parameter '{}' has no value", name),
                     fmt::format("write {}=VALUE", name));
    const KeyParameter& parameter = entry.parameters.find(name)->second;
    auto value = value_in_key(parameter, pair.substr(equals + 1));
    if (!value) {
      const std::string choices = choices_of(parameter);
      fail_parameter(fmt::format(
          "parameter '{}' of key '{}' must be {}", name, printable(entry.key),
          choices.empty() ? fmt::format("a percent-encoded {}", to_string(parameter.type))
                          : choices));
    }
    if (!params->emplace(name, std::move(*value)).second)
      fail_parameter(fmt::format("parameter '{}' is given twice", name));
  }
}

}  // namespace

bool is_root(std::string_view path) { return path.empty() || path == "."; }

void check_folder_path(std::string_view path) { check_path(path); }

void check_file_path(std::string_view path) {
  check_path(path);
  const auto parts = split(path, '/');
  const bool names_nothing = std::all_of(
      parts.begin(), parts.end(), [](auto part) { return part.empty() || part == "."; });
  if (!names_nothing) return;
  throw Error(Category::kInvalidPath, "invalid_path",
              "Path must not be empty for file operations");
}

PathFormat format_of_key(std::string_view key) {
  const std::string_view path = key.substr(0, key.find('?'));
  if (const auto format = format_of_path(path)) return *format;
  // A program's own key may have a '?' in it.
  if (const auto format = format_of_path(key)) return *format;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  throw Error(
      Category::kInvalidPath, "unsupported_format",
      fmt::format("Unsupported format '{}' for key '{}'. Supported: {}",
                  printable(dot == std::string_view::npos ? "" : name.substr(dot)),
                  printable(path), fmt::join(key_extensions(), ", ")));
}

Error no_such_key(std::string_view key, std::string hint) {
  return Error(Category::kNotFound, "not_found",
               fmt::format("No query registered for key: {}",
                           printable(key.substr(0, key.find('?')), 1024)),
               std::move(hint));
}

Keys::Keys(const Manifest& manifest) {
  for (const ManifestEntry& entry : manifest.entries) {
    entries_.push_back({&entry, KeyTemplate(entry)});
    const KeyTemplate& pattern = entries_.back().pattern;
    const auto behind = names_behind(entry, pattern);
    const bool bound = std::all_of(behind.begin(), behind.end(), [&](const auto& name) {
      return entry.parameters.find(name)->second.fallback.has_value();
    });
    if (pattern.parameters().empty() && bound) {
      listed_.push_back(entry.key);
    } else {
      templates_.push_back(&entry);
    }
  }
  std::sort(listed_.begin(), listed_.end());
}

Keys::Match Keys::find(std::string_view key) const {
  // A program's own key may have a '?' in it.
  const auto whole = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.pattern.parameters().empty() && e.entry->key == key;
  });
  const auto question = whole != entries_.end() ? key.npos : key.find('?');
  const std::string_view path = key.substr(0, question);
  const Entry* found = nullptr;
  std::optional<Params> params;
  for (const Entry& entry : entries_) {
    const bool exact = entry.pattern.parameters().empty();
    if (found != nullptr && !exact) continue;
    if (exact ? entry.entry->key != path : !(params = entry.pattern.match(path)))
      continue;
    found = &entry;
    if (exact) {
      params.emplace();
      break;
    }
  }
  if (found == nullptr) throw no_such_key(key);

  Match match{found->entry, std::move(*params)};
  const auto behind = names_behind(*found->entry, found->pattern);
  if (question != key.npos)
    read_parameters(*found->entry, behind, key.substr(question + 1), &match.params);
  for (const std::string& name : behind) {
    const KeyParameter& parameter = found->entry->parameters.find(name)->second;
    if (match.params.contains(name)) continue;
    if (!parameter.fallback) {
      fail_parameter(fmt::format("key '{}' needs parameter '{}'",
                                 printable(found->entry->key), name),
                     fmt::format("read {}?{}=VALUE", printable(path), name));
    }
    match.params.emplace(name, *parameter.fallback);
  }
  return match;
}

bool Keys::is_template_folder(std::string_view folder) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.pattern.is_below(folder); });
}

std::vector<std::string> Keys::template_folders_in(std::string_view folder) const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    if (auto name = entry.pattern.folder_in(folder)) names.push_back(std::move(*name));
  }
  return names;
}

}  // namespace penstock
