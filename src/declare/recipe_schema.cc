// The recipe's JSON Schema, from the key lists and ranges that the parser uses.
#include <fmt/format.h>

#include "declare/manifest_schema.h"
#include "declare/recipe_keys.h"
#include "declare/recipe_starter.h"
#include "declare/schema_parts.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace penstock {
namespace {

namespace keys = recipe_keys;
using namespace schema;

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

Json source() {
  Json parameters{{"type", "object"},
                  {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
                  {"additionalProperties", {{"type", {"string", "number", "boolean"}}}},
                  {"description",
                   "Values of the query's :name parameters, bound, never spliced. "
                   "${RECOTEM_RECIPE_*} and "
                   "${PENSTOCK_PARAM_*} in text are replaced from the environment"}};
  Json json =
      object(keys::source(),
             {{"type", choice(keys::source_types(), "sql, or penstock")},
              {"dsn_env", dsn_env()},
              {"query",
               text("One SELECT. Parameters are :name; nothing else is replaced in it")},
              {"query_file", text("A file beside the recipe that holds the query")},
              {"query_parameters", std::move(parameters)},
              {"connect_timeout_seconds", connect_timeout()},
              {"statement_timeout_seconds", statement_timeout()},
              {"limits", limits()},
              {"partition", partition()},
              {"types", types()},
              {"allow_privileged", allow_privileged()}},
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
  Json json =
      object(keys::top(),
             {{"name", schema::name("Names the recipe in events, receipts and files")},
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

// What `schema` and `init` know, in the order of help.
struct Kind {
  std::string_view name;
  std::string (*schema)();
  std::string_view starter;
};

const Kind& kind_named(std::string_view name) {
  static const Kind kKinds[] = {
      {"recipe", [] { return recipe().dump(2) + "\n"; }, kRecipeStarter},
      {"manifest", manifest_schema, kManifestStarter},
  };
  std::string known;
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  }
  throw Error(Category::kUsage, "usage_kind", fmt::format("unknown kind '{}'", name),
              "kinds: " + known);
}

}  // namespace

std::string json_schema(std::string_view kind) { return kind_named(kind).schema(); }

std::string starter(std::string_view kind) {
  return std::string(kind_named(kind).starter);
}

}  // namespace penstock
