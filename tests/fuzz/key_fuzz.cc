// Any bytes as a manifest's key and as a key that is asked for: a query with typed
// values, or an Error that a caller can act on.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "faces/store/keys.h"
#include "faces/store/listing.h"
#include "penstock/error.h"

namespace {

using namespace penstock;

void require(bool holds) {
  if (!holds) std::abort();
}

const Manifest& manifest() {
  static const Manifest kManifest = [] {
    Manifest made;
    const auto add = [&](const char* key) -> ManifestEntry& {
      ManifestEntry entry;
      entry.key = key;
      entry.query.sql = "SELECT 1";
      made.entries.push_back(entry);
      return made.entries.back();
    };
    add("a/b.csv").parameters["n"] = {
        KeyParameter::Type::kInt, {}, Value(std::int64_t{1}), ""};
    add("{x}/{y}-{z}.csv").parameters = {
        {"x", {}},
        {"y", {KeyParameter::Type::kFloat, {}, {}, ""}},
        {"z", {KeyParameter::Type::kText, {Value(std::string("u"))}, {}, ""}}};
    add("b.parquet").parameters["t"] = {KeyParameter::Type::kBool, {}, {}, ""};
    return made;
  }();
  return kManifest;
}

void check_lookup(std::string_view text) {
  static const Keys kKeys(manifest());
  try {
    check_file_path(text);
    const Keys::Match match = kKeys.find(text);
    require(match.params.size() == match.entry->parameters.size());
    for (const auto& [name, value] : match.params) {
      const KeyParameter& parameter = match.entry->parameters.at(name);
      require(type_name(value) == to_string(parameter.type));
      require(is_choice(parameter, value));
      const auto* word = std::get_if<std::string>(&value);
      require(word == nullptr || is_valid_utf8(*word));
    }
    format_of_key(text);
  } catch (const Error& error) {
    require(error.category() == Category::kNotFound ||
            error.category() == Category::kInvalidPath);
    require(is_valid_utf8(error.message()));
  }
  kKeys.is_template_folder(text);
  kKeys.template_folders_in(text);
  folders_in(kKeys.listed(), text);
}

void check_entry(std::string_view text) {
  ManifestEntry entry;
  entry.key = text;
  entry.parameters = {{"x", {}}, {"y", {}}};
  const bool sound = !fault_of_entry(entry);
  const KeyTemplate pattern(entry);
  const auto match = pattern.match(text);
  // A sound key without parameters is its own and only path.
  if (sound && pattern.parameters().empty()) require(match.has_value() && match->empty());
  if (sound) require(!fault_of_path(text) && format_of_path(text).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_lookup(text);
  check_entry(text);
  return 0;
}
