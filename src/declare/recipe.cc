#include "penstock/recipe.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/recipe_keys.h"
#include "declare/scalar.h"
#include "declare/section.h"
#include "penstock/error.h"

namespace penstock {
namespace {

namespace keys = recipe_keys;
using ReadFile = std::function<std::string(const std::string& path)>;

constexpr std::size_t kMaxQueryFileBytes = 1024 * 1024;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

SqlOrigin origin_of(const std::string& file, const YamlNode& node) {
  return {file, node.at.line, node.at.column, node.indent};
}

void parse_name(const Section& top, Recipe& recipe) {
  const Field field = top.require("name");
  recipe.name = top.text(field);
  const bool is_word = std::all_of(recipe.name.begin(), recipe.name.end(), [](char c) {
    return is_parameter_name(std::string_view(&c, 1)) || (c >= '0' && c <= '9') ||
           c == '-';
  });
  if (!is_word || recipe.name.size() > keys::kMaxNameBytes) {
    top.fail(field, "recipe_invalid_value",
             fmt::format("name must be 1 to {} characters of A-Z a-z 0-9 _ -",
                         keys::kMaxNameBytes));
  }
}

void parse_dsn_env(const Section& source, Recipe& recipe) {
  const Field field = source.require("dsn_env");
  const bool is_text = field.node->kind == YamlNode::Kind::kScalar;
  // What stands here may be a secret: it is never repeated, and looked at before any
  // other check could do so.
  if (is_text && looks_like_dsn(field.node->text)) {
    source.fail(
        field, "recipe_dsn_in_file",
        "source.dsn_env holds what looks like a DSN, not the name of an environment "
        "variable",
        "put the DSN into a variable and write its name: dsn_env: PENSTOCK_SHOP_DSN");
  }
  std::string name = source.text(field);
  if (!is_dsn_variable(name)) {
    source.fail(
        field, "recipe_invalid_value",
        "source.dsn_env must match ^RECOTEM_RECIPE_[A-Z0-9_]+$ or ^PENSTOCK_[A-Z0-9_]+$",
        "name an environment variable, for example PENSTOCK_SHOP_DSN");
  }
  recipe.query.connection.dsn_env = std::move(name);
}

void read_query_file(const Section& source, const Field& field, const ReadFile& read_file,
                     Recipe& recipe) {
  const std::string name = source.text(field);
  const auto parts = split(name, '/');
  if (name.front() == '/' || std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    source.fail(field, "recipe_invalid_value",
                "source.query_file must be a path beside the recipe, without '..'",
                "move the file next to the recipe");
  }
  const auto slash = source.file().rfind('/');
  const std::string path =
      slash == std::string::npos ? name : source.file().substr(0, slash + 1) + name;
  try {
    recipe.query.sql = read_file(path);
  } catch (const Error& error) {
    source.fail(field, "recipe_query_file",
                fmt::format("source.query_file: {}", error.message()), error.hint());
  }
  if (recipe.query.sql.size() > kMaxQueryFileBytes) {
    source.fail(field, "recipe_too_large", "source.query_file is larger than 1 MiB");
  }
  if (trim(recipe.query.sql).empty()) {
    source.fail(field, "recipe_invalid_value", "source.query_file holds no query");
  }
  recipe.query.origin = {path, 1, 1, 0};
}

void parse_query(const Section& source, const ReadFile& read_file, Recipe& recipe) {
  const Field query = source.find("query");
  const Field query_file = source.find("query_file");
  if (query && query_file) {
    source.fail(query_file, "recipe_invalid_value",
                "source.query and source.query_file exclude each other",
                "keep one of the two");
  }
  if (query_file) return read_query_file(source, query_file, read_file, recipe);
  const Field field = source.require("query");
  recipe.query.sql = source.long_text(field);
  recipe.query.origin = origin_of(source.file(), *field.node);
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

std::int64_t parse_bytes(const Section& limits, const Field& field) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  static constexpr Unit kUnits[] = {
      {"KiB", 1 << 10},  {"MiB", 1 << 20},      {"GiB", 1 << 30}, {"KB", 1'000},
      {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"", 1}};
  const std::string_view text = field.node->text;
  const auto* unit =
      std::find_if(std::begin(kUnits), std::end(kUnits),
                   [&](const Unit& candidate) { return text.ends_with(candidate.name); });
  const PlainScalar count =
      resolve_plain(trim(text.substr(0, text.size() - unit->name.size())));
  const auto* value = std::get_if<std::int64_t>(&count.value);
  limits.require_plain_yaml(field);
  if (value == nullptr || *value < 1 || *value > Range{}.high / unit->bytes) {
    limits.fail(field, "recipe_invalid_value",
                "source.limits.bytes must be a whole number, alone or with KiB, MiB, "
                "GiB, KB, MB or GB",
                "for example 2GiB");
  }
  return *value * unit->bytes;
}

void parse_limits(const Section& source, Limits& limits) {
  if (const Field field = source.find("connect_timeout_seconds")) {
    limits.connect =
        std::chrono::seconds(source.integer(field, keys::kConnectTimeoutSeconds));
  }
  if (const Field field = source.find("statement_timeout_seconds")) {
    limits.statement =
        std::chrono::seconds(source.integer(field, keys::kStatementTimeoutSeconds));
  }
  const Field field = source.find("limits");
  if (!field) return;
  const Section section(source.file(), field, &keys::limits());
  if (const Field rows = section.find("rows"))
    limits.rows = section.integer(rows, Range{});
  if (const Field bytes = section.find("bytes"))
    limits.bytes = parse_bytes(section, bytes);
  if (const Field seconds = section.find("seconds")) {
    limits.total = std::chrono::seconds(section.integer(seconds, keys::kLimitSeconds));
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

TypeName parse_type(const Section& section, const Field& field) {
  const std::string name = section.text(field);
  if (const auto type = parse_type_name(name)) return *type;
  section.fail(
      field, "recipe_invalid_value",
      fmt::format("{} must be a type, not '{}'", field.name, printable(name, 40)),
      name.find('(') != std::string::npos
          ? "quote it: \"decimal(12,2)\", precision 1 to 76"
          : fmt::format("types: {}", type_names()));
}

TypeName parse_type_among(const Section& section, const Field& field,
                          std::initializer_list<TypeName::Kind> kinds,
                          const char* expected) {
  const TypeName type = parse_type(section, field);
  if (std::find(kinds.begin(), kinds.end(), type.kind) != kinds.end()) return type;
  section.fail(field, "recipe_invalid_value",
               fmt::format("{} must be {}", field.name, expected));
}

void parse_types(const Section& source, TypeChoices& types) {
  using Kind = TypeName::Kind;
  const Field field = source.find("types");
  if (!field) return;
  const Section section(source.file(), field, &keys::types());
  if (const Field on_lossy = section.find("on_lossy")) {
    const std::string name = section.choice(on_lossy, keys::on_lossy());
    const auto index = std::find(keys::on_lossy().begin(), keys::on_lossy().end(), name);
    types.on_lossy = static_cast<OnLossy>(index - keys::on_lossy().begin());
  }
  if (const Field duplicates = section.find("duplicates")) {
    const std::string name = section.choice(duplicates, keys::duplicates());
    types.duplicates = name == "rename" ? Duplicates::kRename : Duplicates::kError;
  }
  if (const Field numeric = section.find("numeric")) {
    types.numeric =
        parse_type_among(section, numeric, {Kind::kText, Kind::kFloat64, Kind::kDecimal},
                         "text, float64 or decimal(p,s)");
  }
  if (const Field tinyint1 = section.find("tinyint1")) {
    types.tinyint1 =
        parse_type_among(section, tinyint1, {Kind::kInt8, Kind::kBool}, "int8 or bool");
  }
  if (const Field bit1 = section.find("bit1")) {
    types.bit1 =
        parse_type_among(section, bit1, {Kind::kUInt64, Kind::kBool}, "uint64 or bool");
  }
  const Field columns = section.find("columns");
  if (!columns) return;
  const Section by_name(source.file(), columns, nullptr);
  const std::vector<Field> fields = by_name.all();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    types.columns.emplace(by_name.key(i), parse_type(by_name, fields[i]));
  }
}

void parse_source(const std::string& file, const Field& field, const ReadFile& read_file,
                  Recipe& recipe) {
  const Section source(file, field, nullptr);
  const Field type = source.require("type");
  source.choice(type, keys::source_types());
  const Section checked(file, field, &keys::source());
  parse_dsn_env(checked, recipe);
  parse_query(checked, read_file, recipe);
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
  const Section top(file, {&root, "", root.at}, nullptr);
  Recipe recipe;
  recipe.file = file;
  parse_name(top, recipe);
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
