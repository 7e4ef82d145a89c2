#include "declare/schema_parts.h"

namespace penstock::schema {

namespace keys = recipe_keys;

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

Json object(const keys::Names& names, Json properties, const char* description) {
  Json in_order = Json::object();
  for (const std::string& name : names) in_order[name] = std::move(properties.at(name));
  return {{"type", "object"},
          {"description", description},
          {"properties", std::move(in_order)},
          {"additionalProperties", false}};
}

Json bytes(const char* description) {
  return {
      {"description", description},
      {"anyOf", Json::array({Json{{"type", "integer"}, {"minimum", 1}},
                             Json{{"type", "string"},
                                  {"pattern", "^[0-9]+ ?(KiB|MiB|GiB|KB|MB|GB)$"}}})}};
}

Json name(const char* description) {
  return pattern("^[A-Za-z0-9_-]{1,64}$", description);
}

Json dsn_env() {
  return pattern("^(RECOTEM_RECIPE|PENSTOCK)_[A-Z0-9_]+$",
                 "The environment variable that holds the DSN; the DSN itself never "
                 "stands here");
}

Json connect_timeout() {
  return with_default(
      whole(keys::kConnectTimeoutSeconds, "To connect; SQLite: the busy timeout"), 10);
}

Json statement_timeout() {
  return with_default(
      whole(keys::kStatementTimeoutSeconds, "From executing to the last row"), 300);
}

Json allow_privileged() {
  return with_default(
      {{"type", "boolean"}, {"description", "Accept a superuser's account"}}, false);
}

Json limits() {
  return object(
      keys::limits(),
      {{"rows", whole({}, "Rows of the result; exactly this many pass")},
       {"bytes",
        bytes("Arrow bytes of the result: a whole number, alone or with a unit")},
       {"seconds",
        whole(keys::kLimitSeconds, "The whole run, from connecting to the last row")}},
      "Caps of the run. Passing one is an error, and no file appears");
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

}  // namespace penstock::schema
