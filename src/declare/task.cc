#include "penstock/task.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "declare/inputs.h"
#include "declare/query_keys.h"
#include "declare/scalar.h"
#include "declare/section.h"
#include "declare/task_keys.h"
#include "penstock/error.h"

namespace penstock {
namespace {

namespace keys = task_keys;

std::size_t index_in(const keys::Names& names, std::string_view name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                  names.begin());
}

Value argument_value(const Section& section, const Field& field) {
  section.require_plain_yaml(field);
  const YamlNode& node = *field.node;
  if (node.kind != YamlNode::Kind::kScalar) {
    section.fail(field, "recipe_invalid_value",
                 fmt::format("{} must be a str, int, float, bool or null", field.name));
  }
  if (node.style != YamlNode::Style::kPlain) return node.text;
  const PlainScalar plain = resolve_plain(node.text);
  if (!plain.trouble.empty()) {
    section.fail(field, "recipe_ambiguous_value",
                 fmt::format("{}: {}", field.name, plain.trouble),
                 std::string(plain.hint));
  }
  return plain.value;
}

void parse_arguments(const Section& section, const std::string& prefix,
                     Params& arguments) {
  const std::vector<Field> fields = section.all();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string name = prefix + section.key(i);
    if (fields[i].node->kind == YamlNode::Kind::kMapping) {
      parse_arguments(Section(section.file(), fields[i], nullptr), name + ".", arguments);
    } else {
      arguments.emplace(name, argument_value(section, fields[i]));
    }
  }
}

SecretRef parse_secret(const Section& section, const Field& field) {
  if (field.node->kind != YamlNode::Kind::kMapping) {
    section.fail(
        field, "task_secret_in_file",
        fmt::format("{} must say where the secret is kept, never what it is", field.name),
        "write {group: GROUP, key: KEY} or {command: [PROGRAM, ARGUMENT]}");
  }
  const Section secret(section.file(), field, &keys::secret());
  SecretRef ref;
  if (const Field command = secret.find("command")) {
    secret.require_plain_yaml(command);
    for (const YamlNode& item : command.node->items)
      ref.command.push_back(secret.text({&item, command.name, item.at}));
    if (ref.command.empty() || secret.find("key") || secret.find("group")) {
      secret.fail(
          command, "recipe_invalid_value",
          fmt::format("{} must be a list, [PROGRAM, ARGUMENT, ...], and stand alone",
                      command.name));
    }
    return ref;
  }
  if (const Field group = secret.find("group")) ref.group = secret.text(group);
  ref.key = secret.text(secret.require("key"));
  if (const Field version = secret.find("group_version"))
    ref.version = secret.text(version);
  // These become the names of variables and files.
  for (const std::string& word : {ref.group, ref.key, ref.version}) {
    const bool plain = word.find_first_of("/\\=") == std::string::npos && word != "..";
    if (plain) continue;
    secret.fail(field, "recipe_invalid_value",
                fmt::format("{} must not have '/', '\\' or '=' in it", field.name));
  }
  return ref;
}

void parse_uri(const Section& connection, const Field& field, Task& task) {
  const bool scalar = field.node->kind == YamlNode::Kind::kScalar;
  // What stands here may hold a password: it is never repeated.
  if (!scalar || field.node->text.find("://") == std::string::npos) {
    connection.fail(field, "recipe_invalid_value", "connection.uri must be DIALECT://...",
                    "for example postgresql://app@db.example:5432/shop");
  }
  connection.require_plain_yaml(field);
  task.query.connection.uri = Secret(field.node->text);
}

void parse_connection(const Section& top, Task& task) {
  const Section connection(top.file(), top.require("connection"), &keys::connection());
  const Field uri = connection.find("uri");
  const Field dsn_env = connection.find("dsn_env");
  if (uri && dsn_env) {
    connection.fail(uri, "recipe_invalid_value",
                    "connection.uri and connection.dsn_env exclude each other",
                    "keep one of the two");
  }
  if (uri) {
    parse_uri(connection, uri, task);
  } else {
    task.query.connection.dsn_env = parse_dsn_env(connection);
  }
  if (const Field field = connection.find("connect_args")) {
    parse_arguments(Section(top.file(), field, nullptr), "",
                    task.query.connection.connect_args);
  }
  if (const auto place = place_of_password(task.query.connection); !place.empty()) {
    task.warnings.push_back(fmt::format(
        "{}: connection.{} holds a password; keep it under secret_connect_args",
        connection.place(connection.find(place).at), place));
  }
  const Field secrets = connection.find("secret_connect_args");
  if (!secrets) return;
  const Section section(top.file(), secrets, nullptr);
  const std::vector<Field> fields = section.all();
  for (std::size_t i = 0; i < fields.size(); ++i)
    task.secrets.emplace(section.key(i), parse_secret(section, fields[i]));
}

void parse_input_type(const Section& section, const Field& field, Input& input) {
  std::string name = section.text(field);
  std::string_view inside = name;
  input.is_list = inside.starts_with("list[") && inside.ends_with(']');
  if (input.is_list) inside = trim(inside.substr(5, inside.size() - 6));
  const auto index = index_in(keys::input_types(), inside);
  const bool known = index < keys::input_types().size();
  input.type = static_cast<InputType>(known ? index : 0);
  const bool listable = input.type != InputType::kNone &&
                        input.type != InputType::kIdentifier &&
                        input.type != InputType::kChoice;
  if (known && (!input.is_list || listable)) return;
  section.fail(field, "recipe_invalid_value",
               fmt::format("{} must be an input's type, not '{}'", field.name,
                           printable(name, 40)),
               fmt::format("types: {}, list[TYPE]; quote a list's inside braces",
                           fmt::join(keys::input_types(), ", ")));
}

void parse_choices(const Section& section, const Field& field, Input& input) {
  section.require_plain_yaml(field);
  input.type = InputType::kChoice;
  for (const YamlNode& item : field.node->items)
    input.choices.push_back(section.text({&item, field.name, item.at}));
  if (!input.choices.empty()) return;
  section.fail(field, "recipe_invalid_value",
               fmt::format("{} must be a list of texts, not empty", field.name));
}

Input parse_one_input(const Section& inputs, const Field& field, std::string name) {
  Input input;
  input.name = std::move(name);
  if (field.node->kind != YamlNode::Kind::kMapping) {
    parse_input_type(inputs, field, input);
  } else {
    const Section section(inputs.file(), field, &keys::input());
    const Field choice = section.find("choice");
    if (const Field type = section.find("type")) {
      parse_input_type(section, type, input);
    } else if (!choice) {
      section.require("type");
    }
    if (choice) parse_choices(section, choice, input);
    if (const Field text = section.find("description"))
      input.description = section.long_text(text);
    if (const Field nullable = section.find("nullable"))
      input.nullable = section.boolean(nullable);
    if (const Field otherwise = section.find("default")) {
      if (otherwise.node->kind == YamlNode::Kind::kScalar && otherwise.node->is_null())
        input.nullable = true;
      if (input.type != InputType::kChoice || !input.choices.empty()) {
        input.otherwise = input_of_node(
            input, *otherwise.node, section.place(otherwise.at) + ": the default of ");
      }
    }
  }
  if (input.type == InputType::kChoice && input.choices.empty()) {
    inputs.fail(field, "recipe_invalid_value",
                fmt::format("{} is a choice without choices", field.name),
                "write choice: [...]");
  }
  return input;
}

void parse_inputs_section(const Section& top, Task& task) {
  const Field field = top.find("inputs");
  if (!field) return;
  const Section section(top.file(), field, nullptr);
  const std::vector<Field> fields = section.all();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!is_parameter_name(section.key(i))) {
      section.fail(
          fields[i], "recipe_invalid_value",
          fmt::format("'{}' cannot be an input's name", printable(section.key(i), 40)),
          "a name is a letter or '_', then letters, digits and '_'");
    }
    task.inputs.push_back(parse_one_input(section, fields[i], section.key(i)));
  }
}

OutputColumn parse_column(const Section& output, const Field& field, std::string name) {
  OutputColumn column{std::move(name), {}, true};
  const auto type_of = [&](const Section& section, const Field& type) {
    column.type = section.text(type);
    if (index_in(keys::output_types(), column.type) < keys::output_types().size()) return;
    if (parse_type_name(column.type)) return;
    section.fail(
        type, "recipe_invalid_value",
        fmt::format("{} must be a type, not '{}'", type.name, printable(column.type, 40)),
        fmt::format("types: {}, {}", fmt::join(keys::output_types(), ", "),
                    type_names()));
  };
  if (field.node->kind != YamlNode::Kind::kMapping) {
    type_of(output, field);
    return column;
  }
  const Section section(output.file(), field, &keys::column());
  type_of(section, section.require("type"));
  if (const Field nullable = section.find("nullable"))
    column.nullable = section.boolean(nullable);
  return column;
}

void parse_output(const Section& top, Task& task) {
  if (const Field extra = top.find("extra_columns")) {
    task.extra_columns = static_cast<ExtraColumns>(
        index_in(keys::extra_columns(), top.choice(extra, keys::extra_columns())));
  }
  const Field field = top.find("output");
  if (!field) return;
  if (field.node->kind == YamlNode::Kind::kScalar) {
    if (!field.node->is_null() && field.node->text != "none") {
      top.fail(field, "recipe_invalid_value", "output must be none, or columns and types",
               "for example {id: int, name: str}");
    }
    task.output_kind = OutputKind::kNone;
    return;
  }
  task.output_kind = OutputKind::kColumns;
  const Section section(top.file(), field, nullptr);
  const std::vector<Field> fields = section.all();
  for (std::size_t i = 0; i < fields.size(); ++i)
    task.output.push_back(parse_column(section, fields[i], section.key(i)));
  if (task.output.empty())
    top.fail(field, "recipe_invalid_value", "output names no column", "or: output: none");
}

void warn_of_unknown_keys(const Section& top, Task& task) {
  for (const YamlEntry& entry : top.node().entries) {
    const std::string& key = entry.key.text;
    if (index_in(keys::top(), key) < keys::top().size()) continue;
    const std::string near = nearest(key, keys::top());
    task.warnings.push_back(fmt::format(
        "{}: unknown top-level key '{}'{}", top.place(entry.key.at), printable(key, 40),
        near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
  }
}

Task read_task(std::string_view text, const std::string& file,
               const ReadFile& read_file) {
  const YamlNode root = parse_yaml(text, file);
  const Section top(file, {&root, "", root.at}, nullptr,
                    "a task is a mapping of keys: name, connection, query, ...");
  Task task;
  task.file = file;
  task.name = parse_name(top);
  task.query.name = task.name;
  if (const Field description = top.find("description"))
    task.description = top.long_text(description);
  parse_connection(top, task);
  if (const Field access = top.find("access")) {
    task.query.access =
        static_cast<Access>(index_in(keys::access(), top.choice(access, keys::access())));
  }
  parse_inputs_section(top, task);
  parse_query_text(top, read_file, task.query);
  parse_output(top, task);
  parse_limits(top, task.query.limits);
  parse_types(top, task.query.types);
  if (const Field privileged = top.find("allow_privileged"))
    task.query.allow_privileged = top.boolean(privileged);
  warn_of_unknown_keys(top, task);
  return task;
}

bool names_password(std::string_view argument) {
  return argument == "password" || argument == "passwd" || argument == "sslpassword";
}

bool uri_has_password(std::string_view uri) {
  const auto slashes = uri.find("://");
  if (slashes == std::string_view::npos) return false;
  std::string_view rest = uri.substr(slashes + 3);
  const auto query = rest.find('?');
  const std::string_view authority = rest.substr(0, query);
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const auto colon = authority.substr(0, at).find(':');
    if (colon != std::string_view::npos && colon + 1 < at) return true;
  }
  if (query == std::string_view::npos) return false;
  for (const std::string_view pair : split(rest.substr(query + 1), '&')) {
    if (names_password(to_lower(pair.substr(0, pair.find('='))))) return true;
  }
  return false;
}

}  // namespace

std::string_view place_of_password(const ConnectionConfig& connection) {
  if (uri_has_password(connection.uri.reveal())) return "uri";
  for (const auto& [name, value] : connection.connect_args) {
    if (names_password(name)) return "connect_args";
  }
  return {};
}

Task parse_task(std::string_view text, const std::string& file,
                const ReadFile& read_file) {
  try {
    return read_task(text, file, read_file);
  } catch (const Error& error) {
    if (error.category() != Category::kRecipe) throw;
    // The functions that read keys are the recipe's.
    constexpr std::string_view kPrefix = "recipe_";
    std::string code = error.code();
    if (code.starts_with(kPrefix)) code = "task_" + code.substr(kPrefix.size());
    throw Error(Category::kTask, std::move(code), error.message(), error.hint());
  }
}

}  // namespace penstock
