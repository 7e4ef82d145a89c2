#include "declare/query_keys.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/recipe_keys.h"
#include "declare/scalar.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace penstock {
namespace {

namespace keys = recipe_keys;

constexpr std::size_t kMaxQueryFileBytes = 1024 * 1024;

SqlOrigin origin_of(const std::string& file, const YamlNode& node) {
  return {file, node.at.line, node.at.column, node.indent};
}

void read_query_file(const Section& source, const Field& field, const ReadFile& read_file,
                     Query& query) {
  const std::string name = source.text(field);
  const auto parts = split(name, '/');
  if (name.front() == '/' || std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    source.fail(
        field, "recipe_invalid_value",
        fmt::format("{} must be a path beside the recipe, without '..'", field.name),
        "move the file next to the recipe");
  }
  const auto slash = source.file().rfind('/');
  const std::string path =
      slash == std::string::npos ? name : source.file().substr(0, slash + 1) + name;
  try {
    query.sql = read_file(path);
  } catch (const Error& error) {
    source.fail(field, "recipe_query_file",
                fmt::format("{}: {}", field.name, error.message()), error.hint());
  }
  if (query.sql.size() > kMaxQueryFileBytes) {
    source.fail(field, "recipe_too_large",
                fmt::format("{} is larger than 1 MiB", field.name));
  }
  if (trim(query.sql).empty()) {
    source.fail(field, "recipe_invalid_value",
                fmt::format("{} holds no query", field.name));
  }
  query.origin = {path, 1, 1, 0};
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

}  // namespace

std::string parse_name(const Section& top) {
  const Field field = top.require("name");
  std::string name = top.text(field);
  const bool is_word = std::all_of(name.begin(), name.end(), [](char c) {
    return is_parameter_name(std::string_view(&c, 1)) || (c >= '0' && c <= '9') ||
           c == '-';
  });
  if (!is_word || name.size() > keys::kMaxNameBytes) {
    top.fail(field, "recipe_invalid_value",
             fmt::format("name must be 1 to {} characters of A-Z a-z 0-9 _ -",
                         keys::kMaxNameBytes));
  }
  return name;
}

std::string parse_dsn_env(const Section& source) {
  const Field field = source.require("dsn_env");
  const bool is_text = field.node->kind == YamlNode::Kind::kScalar;
  // What stands here may be a secret: it is never repeated, and looked at before any
  // other check could do so.
  if (is_text && looks_like_dsn(field.node->text)) {
    source.fail(
        field, "recipe_dsn_in_file",
        fmt::format("{} holds what looks like a DSN, not the name of an environment "
                    "variable",
                    field.name),
        "put the DSN into a variable and write its name: dsn_env: PENSTOCK_SHOP_DSN");
  }
  std::string name = source.text(field);
  if (!is_dsn_variable(name)) {
    source.fail(
        field, "recipe_invalid_value",
        fmt::format("{} must match ^RECOTEM_RECIPE_[A-Z0-9_]+$ or ^PENSTOCK_[A-Z0-9_]+$",
                    field.name),
        "name an environment variable, for example PENSTOCK_SHOP_DSN");
  }
  return name;
}

void parse_query_text(const Section& source, const ReadFile& read_file, Query& query) {
  const Field text = source.find("query");
  const Field query_file = source.find("query_file");
  if (text && query_file) {
    source.fail(query_file, "recipe_invalid_value",
                fmt::format("{} and {} exclude each other", text.name, query_file.name),
                "keep one of the two");
  }
  if (query_file) return read_query_file(source, query_file, read_file, query);
  const Field field = source.require("query");
  query.sql = source.long_text(field);
  query.origin = origin_of(source.file(), *field.node);
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
                fmt::format("{} must be a whole number, alone or with KiB, MiB, "
                            "GiB, KB, MB or GB",
                            field.name),
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
    const auto index =
        std::find(keys::duplicates().begin(), keys::duplicates().end(), name);
    types.duplicates = static_cast<Duplicates>(index - keys::duplicates().begin());
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

}  // namespace penstock
