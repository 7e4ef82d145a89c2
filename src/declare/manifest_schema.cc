#include "declare/manifest_schema.h"

#include "declare/manifest_keys.h"
#include "declare/schema_parts.h"

namespace penstock {
namespace {

namespace keys = manifest_keys;
using namespace schema;

Json cache() {
  Json json = object(
      keys::cache(),
      {{"path", text("A folder, beside the manifest if it is relative; it is made, for "
                     "this user alone")},
       {"ttl", pattern("^[0-9]+ ?[smhd]$", "How long a result is served: 15m, 2h, 1d")},
       {"size", bytes("All results together, at most")}},
      "Keeps results on disk");
  json["required"] = {"path", "ttl", "size"};
  return json;
}

Json parameter() {
  const Json scalar{{"type", {"string", "number", "boolean"}}};
  const Json type = choice(keys::types(), "The type of its values");
  Json choices{{"type", "array"},
               {"items", scalar},
               {"minItems", 1},
               {"description", "The only values it takes"}};
  Json fallback = scalar;
  fallback["description"] = "Where the key gives none; not of one in the path";
  return {{"anyOf", Json::array({type, object(keys::parameter(),
                                              {{"type", with_default(type, "str")},
                                               {"choices", std::move(choices)},
                                               {"default", std::move(fallback)},
                                               {"description", text("For people")}},
                                              "A parameter of the key")})}};
}

Json query() {
  Json parameters{{"type", "object"},
                  {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
                  {"additionalProperties", parameter()},
                  {"description",
                   "The query's :name parameters: {name} in the key, or ?name=VALUE "
                   "behind it"}};
  Json json =
      object(keys::query(),
             {{"query", text("One SELECT")},
              {"query_file", text("A file beside the manifest that holds the query")},
              {"description", text("For people")},
              {"parameters", std::move(parameters)},
              {"limits", limits()},
              {"types", types()},
              {"statement_timeout_seconds", statement_timeout()}},
             "A query with more to say");
  json["oneOf"] =
      Json::array({Json{{"required", {"query"}}}, Json{{"required", {"query_file"}}}});
  return {{"anyOf", Json::array({text("One SELECT"), std::move(json)})}};
}

Json manifest() {
  Json queries{{"type", "object"},
               {"propertyNames", {{"minLength", 1}}},
               {"additionalProperties", query()},
               {"description", "A path with an extension, and its query"}};
  Json json = object(
      keys::top(),
      {{"name", name("Names the store in messages")},
       {"description", text("For people")},
       {"dsn_env", dsn_env()},
       {"strict", with_default({{"type", "boolean"},
                                {"description", "Only the queries that stand here"}},
                               true)},
       {"discover", choice(keys::discover(), "With strict: false, the database's views")},
       {"cache", cache()},
       {"connections",
        with_default(whole(keys::kConnections, "To the database at once"), 8)},
       {"connect_timeout_seconds", connect_timeout()},
       {"statement_timeout_seconds", statement_timeout()},
       {"limits", limits()},
       {"types", types()},
       {"allow_privileged", allow_privileged()},
       {"queries", std::move(queries)}},
      "A read-only tree of files, each made from a query");
  json["additionalProperties"] = true;  // an unknown key warns
  json["required"] = {"name", "dsn_env"};
  Json full{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "Penstock manifest"}};
  full.update(json);
  return full;
}

}  // namespace

std::string manifest_schema() { return manifest().dump(2) + "\n"; }

}  // namespace penstock
