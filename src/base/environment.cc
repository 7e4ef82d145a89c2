#include "penstock/environment.h"

#include <unistd.h>

#include "base/text.h"

namespace penstock {

Environment Environment::of_process() {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Environment::values_of(std::string_view prefix) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : variables_) {
    if (name.starts_with(prefix)) values.push_back(value);
  }
  return values;
}

std::optional<Environment::Control> Environment::control(std::string_view suffix) const {
  for (const char* prefix : {"PENSTOCK_", "RECOTEM_"}) {
    std::string name = std::string(prefix).append(suffix);
    const auto found = variables_.find(name);
    if (found == variables_.end()) continue;
    const std::string_view value = trim(found->second);
    if (!value.empty()) return Control{std::move(name), std::string(value)};
  }
  return std::nullopt;
}

}  // namespace penstock
