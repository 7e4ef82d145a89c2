#include "penstock/manifest.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/key_template.h"
#include "declare/manifest_keys.h"
#include "declare/query_keys.h"
#include "declare/scalar.h"
#include "declare/section.h"
#include "penstock/error.h"

namespace penstock {
namespace {

namespace keys = manifest_keys;

constexpr const char* kInvalid = "recipe_invalid_value";

KeyParameter::Type parse_parameter_type(const Section& section, const Field& field) {
  const std::string name = section.choice(field, keys::types());
  const auto found = std::find(keys::types().begin(), keys::types().end(), name);
  return static_cast<KeyParameter::Type>(found - keys::types().begin());
}

Value typed_value(const Section& section, const Field& field, KeyParameter::Type type) {
  section.require_plain_yaml(field);
  const YamlNode& node = *field.node;
  const auto refuse = [&](std::string_view hint) {
    section.fail(field, kInvalid,
                 fmt::format("{} must be of type {}", field.name, to_string(type)),
                 std::string(hint));
  };
  if (node.kind != YamlNode::Kind::kScalar) refuse("");
  if (node.style != YamlNode::Style::kPlain) {
    if (type != KeyParameter::Type::kText) refuse("remove the quotes");
    return node.text;
  }
  const PlainScalar plain = resolve_plain(node.text);
  if (!plain.trouble.empty()) {
    section.fail(field, "recipe_ambiguous_value",
                 fmt::format("{}: {}", field.name, plain.trouble),
                 std::string(plain.hint));
  }
  const auto value = as_type(plain.value, type);
  if (!value) refuse(type == KeyParameter::Type::kText ? "quote it" : "");
  return *value;
}

KeyParameter parse_key_parameter(const Section& parameters, const Field& field) {
  KeyParameter parameter;
  if (field.node->kind == YamlNode::Kind::kScalar) {
    parameter.type = parse_parameter_type(parameters, field);
    return parameter;
  }
  const Section section(parameters.file(), field, &keys::parameter());
  if (const Field type = section.find("type"))
    parameter.type = parse_parameter_type(section, type);
  if (const Field text = section.find("description"))
    parameter.description = section.long_text(text);
  if (const Field choices = section.find("choices")) {
    section.require_plain_yaml(choices);
    if (choices.node->items.empty()) {
      section.fail(choices, kInvalid,
                   fmt::format("{} must be a list of values", choices.name));
    }
    for (const YamlNode& item : choices.node->items) {
      parameter.choices.push_back(
          typed_value(section, {&item, choices.name, item.at}, parameter.type));
    }
  }
  if (const Field fallback = section.find("default")) {
    parameter.fallback = typed_value(section, fallback, parameter.type);
    if (!is_choice(parameter, *parameter.fallback)) {
      section.fail(fallback, kInvalid,
                   fmt::format("{} is not one of the choices", fallback.name));
    }
  }
  return parameter;
}

void parse_key_parameters(const Section& query, ManifestEntry& entry) {
  const Field field = query.find("parameters");
  if (!field) return;
  const Section parameters(query.file(), field, nullptr);
  const std::vector<Field> all = parameters.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& name = parameters.key(i);
    if (!is_parameter_name(name)) {
      parameters.fail(
          all[i], kInvalid,
          fmt::format("'{}' cannot be a parameter's name", printable(name, 40)),
          "a name is a letter or '_', then letters, digits and '_'");
    }
    entry.parameters.emplace(name, parse_key_parameter(parameters, all[i]));
  }
}

ManifestEntry parse_entry(const Section& queries, const Field& field,
                          const std::string& key, const ReadFile& read_file,
                          const Query& defaults) {
  ManifestEntry entry;
  entry.key = key;
  entry.query = defaults;
  entry.query.name = key;
  if (field.node->kind == YamlNode::Kind::kMapping) {
    const Section query(queries.file(), field, &keys::query());
    parse_query_text(query, read_file, entry.query);
    if (const Field text = query.find("description"))
      entry.description = query.long_text(text);
    parse_limits(query, entry.query.limits);
    parse_types(query, entry.query.types);
    parse_key_parameters(query, entry);
  } else {
    entry.query.sql = queries.long_text(field);
    entry.query.origin = {queries.file(), field.node->at.line, field.node->at.column,
                          field.node->indent};
  }
  const bool in_file = !queries.file().empty();
  if (const auto fault = in_file ? fault_of_entry(entry) : std::nullopt) {
    queries.fail(field, kInvalid, fmt::format("key '{}' {}", printable(key), fault->what),
                 fault->hint);
  }
  return entry;
}

std::chrono::seconds parse_duration(const Section& section, const Field& field) {
  struct Unit {
    char name;
    std::int64_t seconds;
  };
  constexpr Unit kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  section.require_plain_yaml(field);
  const std::string& text = field.node->text;
  for (const Unit& unit : kUnits) {
    if (text.empty() || text.back() != unit.name) continue;
    const PlainScalar count =
        resolve_plain(trim(std::string_view(text).substr(0, text.size() - 1)));
    const auto* value = std::get_if<std::int64_t>(&count.value);
    constexpr std::int64_t kMostSeconds = 366LL * 86400;
    if (value == nullptr || *value < 1 || *value > kMostSeconds / unit.seconds) break;
    return std::chrono::seconds(*value * unit.seconds);
  }
  section.fail(field, kInvalid,
               fmt::format("{} must be a whole number with s, m, h or d", field.name),
               "for example 15m; at most 366d");
}

void parse_cache(const Section& top, Manifest& manifest) {
  const Field field = top.find("cache");
  if (!field) return;
  const Section section(top.file(), field, &keys::cache());
  CacheChoice cache;
  cache.folder = section.text(section.require("path"));
  const auto slash = top.file().rfind('/');
  if (!cache.folder.starts_with('/') && slash != std::string::npos)
    cache.folder = top.file().substr(0, slash + 1) + cache.folder;
  cache.ttl = parse_duration(section, section.require("ttl"));
  cache.bytes = parse_bytes(section, section.require("size"));
  manifest.cache = std::move(cache);
}

void parse_discovery(const Section& top, Manifest& manifest) {
  if (const Field strict = top.find("strict")) manifest.strict = top.boolean(strict);
  const Field discover = top.find("discover");
  if (!discover) return;
  top.choice(discover, keys::discover());
  if (manifest.strict) {
    top.fail(discover, kInvalid, "discover needs strict: false",
             "strict: true restricts keys to the queries that are written down");
  }
  manifest.discover = Discover::kViews;
}

void parse_queries(const Section& top, const ReadFile& read_file, Manifest& manifest) {
  const Field field = manifest.discover == Discover::kNothing ? top.require("queries")
                                                              : top.find("queries");
  if (!field) return;
  const Section queries(top.file(), field, nullptr);
  const std::vector<Field> all = queries.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    manifest.entries.push_back(
        parse_entry(queries, all[i], queries.key(i), read_file, manifest.defaults));
  }
}

void warn_of_unknown_keys(const Section& top, Manifest& manifest) {
  for (const YamlEntry& entry : top.node().entries) {
    const std::string& key = entry.key.text;
    const auto& known = keys::top();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest(key, known);
    manifest.warnings.push_back(fmt::format(
        "{}: unknown top-level key '{}'{}", top.place(entry.key.at), printable(key, 40),
        near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
}

}  // namespace

std::string_view to_string(KeyParameter::Type type) noexcept {
  return keys::types()[static_cast<std::size_t>(type)];
}

Manifest parse_manifest(std::string_view text, const std::string& file,
                        const ReadFile& read_file) {
  const YamlNode root = parse_yaml(text, file);
  const Section top(file, {&root, "", root.at}, nullptr,
                    "a manifest is a mapping of keys: name, dsn_env, queries, ...");
  Manifest manifest;
  manifest.file = file;
  manifest.name = parse_name(top);
  if (const Field description = top.find("description"))
    manifest.description = top.long_text(description);
  manifest.defaults.connection.dsn_env = parse_dsn_env(top);
  parse_limits(top, manifest.defaults.limits);
  parse_types(top, manifest.defaults.types);
  if (const Field privileged = top.find("allow_privileged"))
    manifest.defaults.allow_privileged = top.boolean(privileged);
  if (const Field connections = top.find("connections"))
    manifest.connections = top.integer(connections, keys::kConnections);
  parse_discovery(top, manifest);
  parse_cache(top, manifest);
  parse_queries(top, read_file, manifest);
  warn_of_unknown_keys(top, manifest);
  return manifest;
}

}  // namespace penstock
