// Values of parameters: ${NAME} in a recipe's, and NAME=VALUE on the command line.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/scalar.h"
#include "declare/yaml.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace penstock {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"RECOTEM_RECIPE_", "PENSTOCK_PARAM_"};
constexpr std::array<std::string_view, 10> kForbiddenWords{
    "SECRET", "PASSWORD", "PASSWD", "TOKEN",   "KEY",
    "AUTH",   "BEARER",   "CRED",   "PRIVATE", "DSN"};
constexpr std::array<std::string_view, 11> kCloudPrefixes{
    "AWS_", "GCP_", "GOOGLE_", "AZURE_",  "ALIYUN_",      "ALICLOUD_",
    "OCI_", "IBM_", "DO_",     "HCLOUD_", "DIGITALOCEAN_"};

constexpr std::string_view kLiteralHint =
    "a literal \"${\" can be given with -p, which is not expanded";

// One parameter's value, expanded from left to right; what was put in is not looked at
// again.
class Expansion {
 public:
  Expansion(const Recipe& recipe, const std::string& name, const Lookup& lookup,
            const Events& events)
      : recipe_(recipe), name_(name), lookup_(lookup), events_(events) {}

  std::string expand(std::string_view text) const {
    std::string out;
    while (true) {
      const auto open = text.find("${");
      out += text.substr(0, open);
      if (open == std::string_view::npos) return out;
      const auto close = text.find('}', open);
      const std::string_view variable =
          close == std::string_view::npos ? "" : text.substr(open + 2, close - open - 2);
      out += value_of(variable);
      text.remove_prefix(close + 1);
    }
  }

 private:
  [[noreturn]] void fail(const char* code, const std::string& message,
                         std::string_view hint) const {
    const auto place = recipe_.parameter_places.find(name_);
    throw Error(Category::kRecipe, code,
                fmt::format("{}: query parameter '{}': {}",
                            place == recipe_.parameter_places.end() ? recipe_.file
                                                                    : place->second,
                            name_, message),
                std::string(hint));
  }

  std::string value_of(std::string_view variable) const {
    if (!is_parameter_name(variable)) {
      fail("recipe_env_var_malformed",
           "\"${\" is not followed by a variable's name and \"}\"", kLiteralHint);
    }
    check_name(variable);
    const auto value = lookup_(variable);
    if (!value) {
      fail("recipe_env_var_unset",
           fmt::format("environment variable {} is not set", variable),
           "set it, or give the parameter with -p");
    }
    if (value->empty() && events_) {
      events_({Event::Level::kWarning,
               "recipe_env_var_empty",
               {{"recipe", recipe_.name},
                {"field", "source.query_parameters." + name_},
                {"name", std::string(variable)}}});
    }
    return *value;
  }

  void check_name(std::string_view variable) const {
    const auto* prefix =
        std::find_if(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view p) { return variable.starts_with(p); });
    const bool is_upper = variable == to_upper(variable);
    if (prefix == kPrefixes.end() || !is_upper) {
      fail("recipe_env_var_refused",
           fmt::format("{} may not be read by a recipe", variable),
           fmt::format("only RECOTEM_RECIPE_* and PENSTOCK_PARAM_* (A-Z 0-9 _) are; {}",
                       kLiteralHint));
    }
    if (variable == recipe_.query.connection.dsn_env) {
      fail("recipe_env_var_refused",
           fmt::format("{} may not be read by a recipe: it is this recipe's dsn_env",
                       variable),
           "a DSN is never a parameter");
    }
    for (const std::string_view word : kForbiddenWords) {
      if (variable.find(word) == std::string_view::npos) continue;
      fail("recipe_env_var_refused",
           fmt::format("{} may not be read by a recipe: its name has {} in it", variable,
                       word),
           "rename the variable if it holds no secret");
    }
    const std::string_view own = variable.substr(prefix->size());
    for (const std::string_view cloud : kCloudPrefixes) {
      if (!own.starts_with(cloud)) continue;
      fail(
          "recipe_env_var_refused",
          fmt::format("{} may not be read by a recipe: {}* is reserved", variable, cloud),
          "rename the variable if it holds no secret");
    }
  }

  const Recipe& recipe_;
  const std::string& name_;
  const Lookup& lookup_;
  const Events& events_;
};

[[noreturn]] void fail_usage(const std::string& message, std::string_view hint) {
  throw Error(Category::kUsage, "usage_parameter", message, std::string(hint));
}

// A value in YAML quotes, without them; nothing if it is not one whole quoted text. What
// the parser would say of it is dropped: it may repeat the value.
std::optional<std::string> unquoted(std::string_view text) {
  try {
    YamlNode node = parse_yaml(text, "-p");
    const bool is_quoted =
        node.kind == YamlNode::Kind::kScalar && node.style == YamlNode::Style::kQuoted;
    return is_quoted ? std::optional(std::move(node.text)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

Value untyped_value(const std::string& name, std::string_view raw) {
  const std::string_view text = trim(raw);
  const std::string as_text =
      fmt::format("-p {}:str=VALUE takes the value as it stands", name);
  if (text.starts_with('"') || text.starts_with('\'')) {
    if (auto inside = unquoted(text)) return std::move(*inside);
    fail_usage(
        fmt::format(
            "parameter '{}': the value begins with a quote but is not one quoted text",
            name),
        as_text);
  }
  const auto unsupported = [&](std::string_view what) {
    fail_usage(fmt::format("parameter '{}' has an unsupported type: {}", name, what),
               as_text);
  };
  if (text.starts_with('[') && text.ends_with(']')) unsupported("list");
  if (text.starts_with('{') && text.ends_with('}')) unsupported("mapping");
  const PlainScalar plain = resolve_plain(text);
  if (!plain.trouble.empty())
    fail_usage(fmt::format("parameter '{}': {}", name, plain.trouble), as_text);
  if (std::holds_alternative<std::monostate>(plain.value)) unsupported("null");
  return plain.value;
}

Value typed_value(const std::string& name, std::string_view type, std::string_view text) {
  if (type == "str") return std::string(text);
  if (type != "int" && type != "float" && type != "bool") {
    fail_usage(
        fmt::format("parameter '{}': unknown type '{}'", name, printable(type, 40)),
        "types: str, int, float, bool");
  }
  const PlainScalar plain = resolve_plain(trim(text));
  if (!plain.trouble.empty()) {
    fail_usage(fmt::format("parameter '{}': {}", name, plain.trouble),
               "write it in decimal, or use :str=");
  }
  if (type_name(plain.value) == type) return plain.value;
  const auto* whole = std::get_if<std::int64_t>(&plain.value);
  constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;
  if (type == "float" && whole != nullptr && *whole <= kExactInDouble &&
      *whole >= -kExactInDouble) {
    return static_cast<double>(*whole);
  }
  fail_usage(fmt::format("parameter '{}': the value is not of type {}", name, type),
             fmt::format("-p {}:str=VALUE takes the value as it stands", name));
}

}  // namespace

Params expand_parameters(const Recipe& recipe, const Lookup& lookup,
                         const Events& events) {
  Params expanded = recipe.parameters;
  for (auto& [name, value] : expanded) {
    if (auto* text = std::get_if<std::string>(&value)) {
      *text = Expansion(recipe, name, lookup, events).expand(*text);
    }
  }
  return expanded;
}

std::pair<std::string, Value> parse_parameter(std::string_view text) {
  const auto equals = text.find('=');
  const std::string_view target = text.substr(0, equals);
  const auto colon = target.find(':');
  std::string name(target.substr(0, colon));
  if (equals == std::string_view::npos || !is_parameter_name(name)) {
    fail_usage("a parameter is given as NAME=VALUE or NAME:TYPE=VALUE",
               "NAME is a letter or '_', then letters, digits and '_'; TYPE is str, int, "
               "float or bool");
  }
  const std::string_view raw = text.substr(equals + 1);
  if (!is_valid_utf8(raw))
    fail_usage(fmt::format("parameter '{}': the value is not valid UTF-8", name), "");
  Value value = colon == std::string_view::npos
                    ? untyped_value(name, raw)
                    : typed_value(name, target.substr(colon + 1), raw);
  return {std::move(name), std::move(value)};
}

}  // namespace penstock
