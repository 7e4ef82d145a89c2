// A task as JSON (FT-010).
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/encodings.h"
#include "base/moments.h"
#include "base/text.h"
#include "declare/inputs.h"
#include "declare/recipe_keys.h"
#include "declare/task_keys.h"
#include "penstock/error.h"
#include "penstock/task.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* time = std::get_if<DateTime>(&value)) return text_of(*time);
  if (const auto* delta = std::get_if<TimeDelta>(&value)) return seconds_text(*delta);
  if (const auto* bytes = std::get_if<Bytes>(&value))
    return "base64:" + to_base64(bytes->data);
  return nullptr;
}

Json json_of(const InputValue& value) {
  const auto* list = std::get_if<std::vector<Value>>(&value);
  if (list == nullptr) return json_of(std::get<Value>(value));
  Json items = Json::array();
  for (const Value& one : *list) items.push_back(json_of(one));
  return items;
}

Json json_of(const Input& input) {
  Json json = Json::object();
  if (input.type == InputType::kChoice) {
    json["choice"] = input.choices;
  } else {
    const std::string name =
        task_keys::input_types()[static_cast<std::size_t>(input.type)];
    json["type"] = input.is_list ? fmt::format("list[{}]", name) : name;
  }
  if (input.otherwise) json["default"] = json_of(*input.otherwise);
  if (input.nullable) json["nullable"] = true;
  if (!input.description.empty()) json["description"] = input.description;
  return json;
}

Json connection_of(const Task& task) {
  const ConnectionConfig& connection = task.query.connection;
  if (const auto place = place_of_password(connection); !place.empty()) {
    throw Error(
        Category::kTask, "task_password",
        fmt::format("connection.{} holds a password, and a task is written without "
                    "secrets",
                    place),
        "take it out and say where it is kept: secret_connect_args: {password: {group: "
        "GROUP, key: KEY}}");
  }
  Json json = Json::object();
  if (connection.uri.empty()) {
    json["dsn_env"] = connection.dsn_env;
  } else {
    json["uri"] = connection.uri.reveal();
  }
  for (const auto& [name, value] : connection.connect_args)
    json["connect_args"][name] = json_of(value);
  for (const auto& [name, ref] : task.secrets) {
    Json& secret = json["secret_connect_args"][name];
    if (!ref.command.empty()) {
      secret["command"] = ref.command;
      continue;
    }
    if (!ref.group.empty()) secret["group"] = ref.group;
    secret["key"] = ref.key;
    if (!ref.version.empty()) secret["group_version"] = ref.version;
  }
  return json;
}

Json types_of(const TypeChoices& types) {
  Json json = Json::object();
  if (types.on_lossy != OnLossy::kError)
    json["on_lossy"] = recipe_keys::on_lossy()[static_cast<std::size_t>(types.on_lossy)];
  if (types.duplicates != Duplicates::kError) {
    json["duplicates"] =
        recipe_keys::duplicates()[static_cast<std::size_t>(types.duplicates)];
  }
  if (types.numeric) json["numeric"] = to_string(*types.numeric);
  if (types.tinyint1) json["tinyint1"] = to_string(*types.tinyint1);
  if (types.bit1) json["bit1"] = to_string(*types.bit1);
  for (const auto& [name, type] : types.columns) json["columns"][name] = to_string(type);
  return json;
}

Json output_of(const Task& task) {
  if (task.output_kind == OutputKind::kNone) return "none";
  Json json = Json::object();
  for (const OutputColumn& column : task.output) {
    json[column.name] = {{"type", column.type}, {"nullable", column.nullable}};
  }
  return json;
}

void add_limits(const Limits& limits, Json& json) {
  const auto seconds = [](std::chrono::milliseconds time) { return time.count() / 1000; };
  json["connect_timeout_seconds"] = seconds(limits.connect);
  json["statement_timeout_seconds"] = seconds(limits.statement);
  Json caps = Json::object();
  if (limits.rows > 0) caps["rows"] = limits.rows;
  if (limits.bytes > 0) caps["bytes"] = limits.bytes;
  if (limits.total.count() > 0) caps["seconds"] = seconds(limits.total);
  if (!caps.empty()) json["limits"] = std::move(caps);
}

}  // namespace

std::string default_of(const Input& input) {
  if (!input.otherwise) return {};
  return json_of(*input.otherwise).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_json(const Task& task) {
  Json json{{"name", task.name}};
  if (!task.description.empty()) json["description"] = task.description;
  json["connection"] = connection_of(task);
  json["access"] = task_keys::access()[static_cast<std::size_t>(task.query.access)];
  if (!task.inputs.empty()) {
    Json& inputs = json["inputs"];
    for (const Input& input : task.inputs) inputs[input.name] = json_of(input);
  }
  json["query"] = task.query.sql;
  if (task.output_kind != OutputKind::kAny) {
    json["output"] = output_of(task);
    json["extra_columns"] =
        task_keys::extra_columns()[static_cast<std::size_t>(task.extra_columns)];
  }
  add_limits(task.query.limits, json);
  if (Json types = types_of(task.query.types); !types.empty()) json["types"] = types;
  if (task.query.allow_privileged) json["allow_privileged"] = true;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace penstock
