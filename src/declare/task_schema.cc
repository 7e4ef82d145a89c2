// The task's JSON Schema, from the key lists that the parser uses.
#include <nlohmann/json.hpp>

#include "declare/recipe_keys.h"
#include "declare/task_keys.h"
#include "declare/task_starter.h"
#include "penstock/types.h"

namespace penstock {
namespace {

namespace keys = task_keys;
using Json = nlohmann::ordered_json;

Json text(const char* description) {
  return {{"type", "string"}, {"minLength", 1}, {"description", description}};
}

// Exactly these properties; each must be in `names`, in that order.
Json object(const keys::Names& names, Json properties, const char* description) {
  Json in_order = Json::object();
  for (const std::string& name : names) in_order[name] = std::move(properties.at(name));
  return {{"type", "object"},
          {"description", description},
          {"properties", std::move(in_order)},
          {"additionalProperties", false}};
}

Json whole(Range range, const char* description) {
  return {{"type", "integer"},
          {"minimum", range.low},
          {"maximum", range.high},
          {"description", description}};
}

Json connection() {
  Json secret = object(
      keys::secret(),
      {{"group", text("The secret's group")},
       {"key", text("The secret's key in its group")},
       {"group_version", text("The group's version, where it has some")},
       {"command",
        {{"type", "array"},
         {"items", {{"type", "string"}}},
         {"minItems", 1},
         {"description",
          "A program and its arguments; its standard output is the secret. Run without a "
          "shell at each connection"}}}},
      "Where a secret is kept, never what it is");
  Json json = object(
      keys::connection(),
      {{"dsn_env",
        {{"type", "string"},
         {"pattern", "^(RECOTEM_RECIPE|PENSTOCK)_[A-Z0-9_]+$"},
         {"description", "The environment variable that holds the DSN"}}},
       {"uri", text("The DSN itself, without a password")},
       {"connect_args",
        {{"type", "object"},
         {"description", "Arguments of the connection that are no secrets"}}},
       {"secret_connect_args",
        {{"type", "object"},
         {"additionalProperties", std::move(secret)},
         {"description", "Arguments that are secrets; they win over the others"}}}},
      "Where the query goes");
  json["oneOf"] =
      Json::array({Json{{"required", {"dsn_env"}}}, Json{{"required", {"uri"}}}});
  return json;
}

Json inputs() {
  const char* const kPattern =
      "^(int|float|str|bool|date|datetime|timedelta|bytes|none|identifier|"
      "list\\[ ?(int|float|str|bool|date|datetime|timedelta|bytes) ?\\])$";
  Json name{{"type", "string"}, {"pattern", kPattern}};
  Json full = object(
      keys::input(),
      {{"type", name},
       {"choice",
        {{"type", "array"},
         {"items", {{"type", "string"}}},
         {"minItems", 1},
         {"description", "The texts it may be, in place of a type"}}},
       {"default", {{"description", "Its value where none is given"}}},
       {"nullable", {{"type", "boolean"}, {"description", "null is a value, too"}}},
       {"description", text("For people")}},
      "An input");
  return {{"type", "object"},
          {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
          {"additionalProperties", {{"anyOf", Json::array({name, full})}}},
          {"description", "The values that a run is given, by name"}};
}

Json output() {
  Json type = text(
      "int, float, str, bool, date, datetime, timedelta, bytes, or a type "
      "name such as int32 or \"decimal(12,2)\"");
  Json column = object(
      keys::column(),
      {{"type", type},
       {"nullable",
        {{"type", "boolean"}, {"default", true}, {"description", "NULL is allowed"}}}},
      "A column");
  column["required"] = {"type"};
  Json columns{{"type", "object"},
               {"minProperties", 1},
               {"additionalProperties", {{"anyOf", Json::array({type, column})}}}};
  return {{"description", "none, or the columns that the result must have"},
          {"anyOf", Json::array({Json{{"enum", {"none", nullptr}}}, columns})}};
}

}  // namespace

std::string task_json_schema() {
  namespace shared = recipe_keys;
  Json json = object(
      keys::top(),
      {{"name",
        {{"type", "string"},
         {"pattern", "^[A-Za-z0-9_-]{1,64}$"},
         {"description", "Names the task in events and receipts"}}},
       {"description", text("For people")},
       {"connection", connection()},
       {"access",
        {{"enum", keys::access()},
         {"default", "read_only"},
         {"description",
          "read_write runs statements that change rows, in a transaction"}}},
       {"inputs", inputs()},
       {"query", text("The template; {{ .inputs.NAME }} is a bound value")},
       {"query_file", text("A file beside the task that holds the template")},
       {"output", output()},
       {"extra_columns",
        {{"enum", keys::extra_columns()},
         {"default", "error"},
         {"description", "A column of the result that the output does not name"}}},
       {"connect_timeout_seconds",
        whole(shared::kConnectTimeoutSeconds, "To connect; SQLite: the busy timeout")},
       {"statement_timeout_seconds",
        whole(shared::kStatementTimeoutSeconds, "Of each statement, to its last row")},
       {"limits", {{"type", "object"}, {"description", "As in a recipe"}}},
       {"types", {{"type", "object"}, {"description", "As in a recipe"}}},
       {"allow_privileged",
        {{"type", "boolean"},
         {"default", false},
         {"description", "Accept a superuser's account"}}}},
      "A query with typed inputs");
  json["additionalProperties"] = true;  // they warn
  json["required"] = {"name", "connection"};
  json["oneOf"] =
      Json::array({Json{{"required", {"query"}}}, Json{{"required", {"query_file"}}}});
  Json full{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "Penstock task"}};
  full.update(json);
  return full.dump(2) + "\n";
}

}  // namespace penstock
