#include "penstock/recipe.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/query_keys.h"
#include "declare/recipe_keys.h"
#include "declare/scalar.h"
#include "declare/section.h"
#include "penstock/error.h"

namespace penstock {
namespace {

namespace keys = recipe_keys;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value parameter_value(const Section& parameters, const Field& field,
                      const std::string& name) {
  const YamlNode& node = *field.node;
  const auto unsupported = [&](std::string_view what) {
    parameters.fail(
        field, "recipe_invalid_value",
        fmt::format("query parameter '{}' has an unsupported type: {}", name, what),
        "a parameter is a str, int, float or bool");
  };
  if (node.kind == YamlNode::Kind::kMapping) unsupported("mapping");
  if (node.kind == YamlNode::Kind::kSequence) unsupported("list");
  if (node.style != YamlNode::Style::kPlain) return node.text;
  const PlainScalar plain = resolve_plain(node.text);
  if (!plain.trouble.empty()) {
    parameters.fail(field, "recipe_ambiguous_value",
                    fmt::format("query parameter '{}': {}", name, plain.trouble),
                    std::string(plain.hint));
  }
  if (std::holds_alternative<std::monostate>(plain.value)) unsupported("null");
  return plain.value;
}

void parse_parameters(const Section& source, Recipe& recipe) {
  const Field field = source.find("query_parameters");
  if (!field) return;
  const Section parameters(source.file(), field, nullptr);
  const std::vector<Field> values = parameters.all();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string& name = parameters.key(i);
    if (!is_parameter_name(name)) {
      parameters.fail(
          values[i], "recipe_invalid_value",
          fmt::format("'{}' cannot be a query parameter's name", printable(name, 40)),
          "a name is a letter or '_', then letters, digits and '_'");
    }
    parameters.require_plain_yaml(values[i]);
    recipe.parameters.emplace(name, parameter_value(parameters, values[i], name));
    recipe.parameter_places.emplace(name, parameters.place(values[i].at));
  }
}

void parse_partition(const Section& source, Partition& partition) {
  const Field field = source.find("partition");
  if (!field) return;
  const Section section(source.file(), field, &keys::partition());
  if (const Field column = section.find("column"))
    partition.column = section.text(column);
  partition.count = section.integer(section.require("count"), keys::kPartitionCount);
  const Field range = section.find("range");
  if (!range) return;
  section.require("column");
  section.require_plain_yaml(range);
  const std::string expected =
      "source.partition.range must be two whole numbers, [lowest, highest]";
  if (range.node->items.size() != 2)
    section.fail(range, "recipe_invalid_value", expected);
  const auto bound = [&](const YamlNode& node) {
    constexpr Range kAny{std::numeric_limits<std::int64_t>::min(), Range{}.high};
    return section.integer({&node, range.name, node.at}, kAny);
  };
  partition.range = {bound(range.node->items[0]), bound(range.node->items[1])};
  if (partition.range->first > partition.range->second)
    section.fail(range, "recipe_invalid_value", expected);
}

void parse_source(const std::string& file, const Field& field, const ReadFile& read_file,
                  Recipe& recipe) {
  const Section source(file, field, nullptr);
  const Field type = source.require("type");
  source.choice(type, keys::source_types());
  const Section checked(file, field, &keys::source());
  recipe.query.connection.dsn_env = parse_dsn_env(checked);
  parse_query_text(checked, read_file, recipe.query);
  parse_parameters(checked, recipe);
  parse_limits(checked, recipe.query.limits);
  parse_partition(checked, recipe.query.partition);
  parse_types(checked, recipe.query.types);
  if (const Field privileged = checked.find("allow_privileged")) {
    recipe.query.allow_privileged = checked.boolean(privileged);
  }
}

std::string parse_codec(const Section& sink, const Field& field) {
  std::string text = sink.text(field);
  const auto parts = split(text, ':');
  int level = 0;
  bool is_valid = contains(keys::codecs(), parts[0]) && parts.size() <= 2;
  if (is_valid && parts.size() == 2) {
    const char* end = parts[1].data() + parts[1].size();
    const auto [stop, error] = std::from_chars(parts[1].data(), end, level);
    is_valid = error == std::errc() && stop == end;
  }
  if (!is_valid) {
    sink.fail(field, "recipe_invalid_value",
              fmt::format("sink.compression must be NAME or NAME:LEVEL, not '{}'",
                          printable(text, 40)),
              fmt::format("names: {}", fmt::join(keys::codecs(), ", ")));
  }
  return text;
}

void parse_sink(const std::string& file, const Field& field, RecipeSink& sink) {
  const Section section(file, field, &keys::sink());
  if (const Field path = section.find("path")) sink.path = section.text(path);
  if (const Field format = section.find("format"))
    sink.format = section.choice(format, keys::formats());
  if (const Field codec = section.find("compression"))
    sink.compression = parse_codec(section, codec);
  if (const Field rows = section.find("row_group_rows")) {
    sink.row_group_rows = section.integer(rows, keys::kRowGroupRows);
  }
}

// `schema:` belongs to the recommender: what is odd in it warns here and fails there.
void read_schema(const Section& top, Recipe& recipe) {
  const Field field = top.find("schema");
  if (!field || field.node->kind != YamlNode::Kind::kMapping) return;
  for (const YamlEntry& entry : field.node->entries) {
    const std::string& role = entry.key.text;
    if (role != "user_column" && role != "item_column" && role != "time_column") continue;
    if (entry.value.is_null()) continue;
    if (entry.value.kind == YamlNode::Kind::kScalar) {
      recipe.required_columns.push_back({role, entry.value.text});
    } else {
      recipe.warnings.push_back(
          fmt::format("{}: schema.{} is not a column's name; it is not checked here",
                      top.place(entry.value.at), role));
    }
  }
}

void warn_of_unknown_keys(const Section& top, Recipe& recipe) {
  std::vector<std::string> known = keys::top();
  known.insert(known.end(), keys::foreign().begin(), keys::foreign().end());
  const YamlNode& root = top.node();
  for (const YamlEntry& entry : root.entries) {
    const std::string& key = entry.key.text;
    if (contains(known, key)) continue;
    std::string near = nearest(key, known);
    if (contains(keys::source(), key)) near = "source." + key;
    recipe.warnings.push_back(fmt::format(
        "{}: unknown top-level key '{}'{}", top.place(entry.key.at), printable(key, 40),
        near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
}

}  // namespace

Recipe parse_recipe(std::string_view text, const std::string& file,
                    const ReadFile& read_file) {
  const YamlNode root = parse_yaml(text, file);
  const Section top(file, {&root, "", root.at}, nullptr,
                    "a recipe is a mapping of keys: name, source, ...");
  Recipe recipe;
  recipe.file = file;
  recipe.name = parse_name(top);
  if (const Field description = top.find("description")) {
    recipe.description = top.long_text(description);
  }
  recipe.query.name = recipe.name;
  parse_source(file, top.require("source"), read_file, recipe);
  if (const Field sink = top.find("sink")) parse_sink(file, sink, recipe.sink);
  read_schema(top, recipe);
  warn_of_unknown_keys(top, recipe);
  return recipe;
}

bool is_dsn_variable(std::string_view name) noexcept {
  for (const std::string_view prefix : {"RECOTEM_RECIPE_", "PENSTOCK_"}) {
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    const std::string_view rest = name.substr(prefix.size());
    return rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
           std::string_view::npos;
  }
  return false;
}

bool looks_like_dsn(std::string_view text) noexcept {
  return text.find_first_of(":/@=") != std::string_view::npos;
}

}  // namespace penstock
