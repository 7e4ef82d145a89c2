// Stage: base. The process's environment variables, read once, as a value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Thread contract: immutable; copies are independent. A test passes its own.
class Environment {
 public:
  /// A copy of the process's environment as it is now.
  static Environment of_process();
  explicit Environment(std::map<std::string, std::string, std::less<>> variables)
      : variables_(std::move(variables)) {}

  std::optional<std::string> get(std::string_view name) const;

  /// The values of all variables whose name starts with `prefix`.
  std::vector<std::string> values_of(std::string_view prefix) const;

  struct Control {
    std::string name;   // the variable the user used: PENSTOCK_X or RECOTEM_X
    std::string value;  // without blanks around it
  };
  /// The control variable PENSTOCK_`suffix`, or else its twin RECOTEM_`suffix`; nothing
  /// where neither is set, or both are blank.
  std::optional<Control> control(std::string_view suffix) const;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace penstock
