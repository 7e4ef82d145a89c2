// The recipe's JSON Schema, from the key lists and ranges that the parser uses.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "declare/recipe_keys.h"
#include "declare/recipe_starter.h"
#include "declare/task_starter.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace penstock {
namespace {

namespace keys = recipe_keys;
using Json = nlohmann::ordered_json;

Json text(const char* description) {
  return {{"type", "string"}, {"minLength", 1}, {"description", description}};
}

Json pattern(const char* expression, const char* description) {
  return {{"type", "string"}, {"pattern", expression}, {"description", description}};
}

Json choice(const keys::Names& names, const char* description) {
  return {{"enum", names}, {"description", description}};
}

Json whole(Range range, const char* description) {
  Json json{{"type", "integer"}, {"minimum", range.low}};
  if (range.high != Range{}.high) json["maximum"] = range.high;
  json["description"] = description;
  return json;
}

Json with_default(Json json, Json value) {
  json["default"] = std::move(value);
  return json;
}

// An object with exactly these properties; each must be in `names`, in that order, so
// that the parser's list stays true.
Json object(const keys::Names& names, Json properties, const char* description) {
  Json in_order = Json::object();
  for (const std::string& name : names) in_order[name] = std::move(properties.at(name));
  return {{"type", "object"},
          {"description", description},
          {"properties", std::move(in_order)},
          {"additionalProperties", false}};
}

Json limits() {
  Json bytes{
      {"description", "Arrow bytes of the result: a whole number, alone or with a unit"},
      {"anyOf", Json::array({Json{{"type", "integer"}, {"minimum", 1}},
                             Json{{"type", "string"},
                                  {"pattern", "^[0-9]+ ?(KiB|MiB|GiB|KB|MB|GB)$"}}})}};
  return object(keys::limits(),
                {{"rows", whole({}, "Rows of the result; exactly this many pass")},
                 {"bytes", std::move(bytes)},
                 {"seconds", whole(keys::kLimitSeconds,
                                   "The whole run, from connecting to the last row")}},
                "Caps of the run. Passing one is an error, and no file appears");
}

Json partition() {
  Json range{{"type", "array"},
             {"items", {{"type", "integer"}}},
             {"minItems", 2},
             {"maxItems", 2},
             {"description",
              "The column's lowest and highest value; default: the database is asked"}};
  Json json = object(
      keys::partition(),
      {{"column", text("A whole-number column of the result, best the primary key; "
                       "default: the rows' places in the table")},
       {"count", whole(keys::kPartitionCount, "How many parts are read at once")},
       {"range", std::move(range)}},
      "Reads the query in parts, side by side");
  json["required"] = {"count"};
  json["dependentRequired"] = {{"range", {"column"}}};
  return json;
}

Json types() {
  // Unquoted, null is YAML's null: the policy's name all the same.
  Json on_lossy{{"enum", Json::array()}, {"default", "error"}};
  for (const std::string& name : keys::on_lossy()) on_lossy["enum"].push_back(name);
  on_lossy["enum"].push_back(nullptr);
  on_lossy["description"] =
      "What becomes of a value that its column's type cannot hold exactly";
  Json columns{
      {"type", "object"},
      {"additionalProperties", {{"type", "string"}, {"minLength", 1}}},
      {"description",
       "Types by result column: int64, text, \"decimal(12,2)\", timestamp, ..."}};
  return object(
      keys::types(),
      {{"on_lossy", std::move(on_lossy)},
       {"numeric", text("For a number column without a precision: text, float64 or "
                        "\"decimal(p,s)\"")},
       {"tinyint1", with_default(choice({"int8", "bool"}, "MySQL's TINYINT(1)"), "int8")},
       {"bit1", with_default(choice({"uint64", "bool"}, "MySQL's BIT(1)"), "uint64")},
       {"duplicates",
        with_default(choice(keys::duplicates(),
                            "Two result columns of one name: error, or a, a_1"),
                     "error")},
       {"columns", std::move(columns)}},
      "Column types, and what happens where a value has no exact place");
}

Json source() {
  Json parameters{{"type", "object"},
                  {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
                  {"additionalProperties", {{"type", {"string", "number", "boolean"}}}},
                  {"description",
                   "Values of the query's :name parameters, bound, never spliced. "
                   "${RECOTEM_RECIPE_*} and "
                   "${PENSTOCK_PARAM_*} in text are replaced from the environment"}};
  Json json = object(
      keys::source(),
      {{"type", choice(keys::source_types(), "sql, or penstock")},
       {"dsn_env", pattern("^(RECOTEM_RECIPE|PENSTOCK)_[A-Z0-9_]+$",
                           "The environment variable that holds the DSN; the DSN itself "
                           "never stands here")},
       {"query",
        text("One SELECT. Parameters are :name; nothing else is replaced in it")},
       {"query_file", text("A file beside the recipe that holds the query")},
       {"query_parameters", std::move(parameters)},
       {"connect_timeout_seconds",
        with_default(
            whole(keys::kConnectTimeoutSeconds, "To connect; SQLite: the busy timeout"),
            10)},
       {"statement_timeout_seconds", with_default(whole(keys::kStatementTimeoutSeconds,
                                                        "From executing to the last row"),
                                                  300)},
       {"limits", limits()},
       {"partition", partition()},
       {"types", types()},
       {"allow_privileged",
        with_default(
            {{"type", "boolean"}, {"description", "Accept a superuser's account"}},
            false)}},
      "Where the rows come from");
  json["required"] = {"type", "dsn_env"};
  json["oneOf"] =
      Json::array({Json{{"required", {"query"}}}, Json{{"required", {"query_file"}}}});
  return json;
}

Json sink() {
  return object(
      keys::sink(),
      {{"path", text("The file to write, relative to the working directory; - is "
                     "standard output")},
       {"format", choice(keys::formats(), "Default: by the path's extension")},
       {"compression", pattern("^(none|snappy|gzip|brotli|zstd|lz4)(:-?[0-9]+)?$",
                               "NAME or NAME:LEVEL; Parquet's default is zstd:3")},
       {"row_group_rows",
        with_default(whole(keys::kRowGroupRows, "Parquet: rows of a row group at most"),
                     1'000'000)}},
      "Where the rows go; command-line flags win");
}

Json recipe() {
  Json json = object(keys::top(),
                     {{"name", pattern("^[A-Za-z0-9_-]{1,64}$",
                                       "Names the recipe in events, receipts and files")},
                      {"description", text("For people")},
                      {"source", source()},
                      {"sink", sink()}},
                     "A declared SQL query and the file its rows become");
  // A recommender's own sections may follow.
  json["additionalProperties"] = true;
  json["required"] = {"name", "source"};
  Json full{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "Penstock recipe"}};
  full.update(json);
  return full;
}

void check_kind(std::string_view kind) {
  if (kind == "recipe" || kind == "task") return;
  throw Error(Category::kUsage, "usage_kind", fmt::format("unknown kind '{}'", kind),
              "kinds: recipe, task");
}

}  // namespace

std::string json_schema(std::string_view kind) {
  check_kind(kind);
  if (kind == "task") return task_json_schema();
  return recipe().dump(2) + "\n";
}

std::string starter(std::string_view kind) {
  check_kind(kind);
  return std::string(kind == "task" ? kTaskStarter : kRecipeStarter);
}

}  // namespace penstock
