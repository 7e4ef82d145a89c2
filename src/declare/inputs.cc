#include "declare/inputs.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encodings.h"
#include "base/moments.h"
#include "base/text.h"
#include "declare/scalar.h"
#include "declare/section.h"
#include "declare/task_keys.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

std::string_view name_of(InputType type) {
  return task_keys::input_types()[static_cast<std::size_t>(type)];
}

const char* example_of(InputType type) {
  switch (type) {
    case InputType::kInt:
      return "10";
    case InputType::kFloat:
      return "2.5";
    case InputType::kStr:
      return "text";
    case InputType::kBool:
      return "true";
    case InputType::kDate:
      return "2026-01-31";
    case InputType::kDateTime:
      return "2026-01-31T12:30:00";
    case InputType::kTimeDelta:
      return "P1DT2H";
    case InputType::kBytes:
      return "hex:00ff";
    case InputType::kNone:
      return "null";
    default:
      return "orders";
  }
}

[[noreturn]] void refuse(const Input& input, const std::string& place) {
  throw Error(Category::kTask, "task_input_type",
              fmt::format("{}input '{}' is not of its type, {}", place, input.name,
                          to_string(input)),
              fmt::format("for example {}={}", input.name, example_of(input)));
}

std::optional<Value> bytes_of(std::string_view text) {
  if (text.starts_with("hex:")) {
    if (auto data = from_hex(text.substr(4))) return Bytes{std::move(*data)};
  } else if (text.starts_with("base64:")) {
    if (auto data = from_base64(text.substr(7))) return Bytes{std::move(*data)};
  }
  return std::nullopt;
}

template <typename T>
std::optional<Value> as_value(const std::optional<T>& read) {
  return read ? std::optional<Value>(*read) : std::nullopt;
}

// A value as text of its type, without quotes.
std::optional<Value> read_text(const Input& input, std::string_view text) {
  switch (input.type) {
    case InputType::kStr:
    case InputType::kIdentifier:
      if (!is_valid_utf8(text)) return std::nullopt;
      return std::string(text);
    case InputType::kChoice: {
      const auto& known = input.choices;
      if (std::find(known.begin(), known.end(), text) == known.end()) return std::nullopt;
      return std::string(text);
    }
    case InputType::kDate:
      return as_value(date_from_text(text));
    case InputType::kDateTime:
      return as_value(datetime_from_text(text));
    case InputType::kTimeDelta:
      return as_value(timedelta_from_text(text));
    case InputType::kBytes:
      return bytes_of(text);
    default:
      break;
  }
  const PlainScalar plain = resolve_plain(text);
  if (!plain.trouble.empty()) return std::nullopt;
  const auto* whole = std::get_if<std::int64_t>(&plain.value);
  if (input.type == InputType::kInt && whole != nullptr) return *whole;
  if (input.type == InputType::kBool && std::holds_alternative<bool>(plain.value))
    return plain.value;
  if (input.type != InputType::kFloat) return std::nullopt;
  if (std::holds_alternative<double>(plain.value)) return plain.value;
  if (whole != nullptr && *whole <= kExactInDouble && *whole >= -kExactInDouble)
    return static_cast<double>(*whole);
  return std::nullopt;
}

bool is_text_type(InputType type) {
  return type == InputType::kStr || type == InputType::kIdentifier ||
         type == InputType::kChoice || type == InputType::kBytes;
}

std::optional<Value> read_scalar(const Input& input, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.has_anchor || node.has_tag)
    return std::nullopt;
  const bool plain = node.style == YamlNode::Style::kPlain;
  const bool number = input.type == InputType::kInt || input.type == InputType::kFloat ||
                      input.type == InputType::kBool;
  if (!plain && number) return std::nullopt;
  if (plain && is_text_type(input.type)) {
    const PlainScalar scalar = resolve_plain(node.text);
    if (!scalar.trouble.empty() || !std::holds_alternative<std::string>(scalar.value))
      return std::nullopt;
  }
  return read_text(input, node.text);
}

std::size_t type_index(InputType type) {
  switch (type) {
    case InputType::kBool:
      return 1;
    case InputType::kInt:
      return 2;
    case InputType::kFloat:
      return 3;
    case InputType::kDate:
      return 5;
    case InputType::kDateTime:
      return 6;
    case InputType::kTimeDelta:
      return 7;
    case InputType::kBytes:
      return 8;
    case InputType::kNone:
      return 0;
    default:
      return 4;
  }
}

bool fits_one(const Input& input, const Value& value) {
  if (value.index() != type_index(input.type)) return false;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return true;
  if (input.type == InputType::kChoice) {
    return std::find(input.choices.begin(), input.choices.end(), *text) !=
           input.choices.end();
  }
  return is_valid_utf8(*text);
}

const Input& input_named(const Task& task, std::string_view name,
                         const std::string& place) {
  std::vector<std::string> known;
  for (const Input& input : task.inputs) {
    if (input.name == name) return input;
    known.push_back(input.name);
  }
  throw Error(
      Category::kTask, "task_input_unknown",
      fmt::format("{}task '{}' has no input '{}'", place, task.name, printable(name, 40)),
      known.empty() ? "it has no inputs" : suggest(name, known));
}

}  // namespace

std::string to_string(const Input& input) {
  std::string name(name_of(input.type));
  if (input.type == InputType::kChoice)
    name = fmt::format("choice of {}", fmt::join(input.choices, ", "));
  if (input.is_list) name = fmt::format("list[{}]", name);
  return input.nullable && input.type != InputType::kNone ? name + " or none" : name;
}

std::string example_of(const Input& input) {
  if (input.type == InputType::kChoice) return input.choices.front();
  std::string one = example_of(input.type);
  if (!input.is_list) return one;
  const bool bare = input.type == InputType::kInt || input.type == InputType::kFloat ||
                    input.type == InputType::kBool;
  return bare ? fmt::format("[{}]", one) : fmt::format("[\"{}\"]", one);
}

bool fits(const Input& input, const InputValue& value) {
  if (const auto* list = std::get_if<std::vector<Value>>(&value)) {
    return input.is_list &&
           std::all_of(list->begin(), list->end(),
                       [&](const Value& one) { return fits_one(input, one); });
  }
  const Value& one = std::get<Value>(value);
  if (std::holds_alternative<std::monostate>(one))
    return input.nullable || input.type == InputType::kNone;
  return !input.is_list && fits_one(input, one);
}

InputValue input_of_node(const Input& input, const YamlNode& node,
                         const std::string& place) {
  const bool may_be_none = input.nullable || input.type == InputType::kNone;
  if (node.kind == YamlNode::Kind::kScalar && node.is_null() && may_be_none)
    return Value();
  if (input.is_list) {
    if (node.kind != YamlNode::Kind::kSequence) refuse(input, place);
    std::vector<Value> list;
    for (const YamlNode& item : node.items) {
      auto one = read_scalar(input, item);
      if (!one) refuse(input, place);
      list.push_back(std::move(*one));
    }
    return list;
  }
  auto one = read_scalar(input, node);
  if (!one) refuse(input, place);
  return std::move(*one);
}

std::pair<std::string, InputValue> parse_input(const Task& task, std::string_view text) {
  const auto equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (equals == std::string_view::npos || !is_parameter_name(name)) {
    throw Error(Category::kUsage, "usage_input", "an input is given as NAME=VALUE",
                task.inputs.empty()
                    ? std::string("the task has no inputs")
                    : fmt::format("for example -i {}={}", task.inputs.front().name,
                                  example_of(task.inputs.front())));
  }
  const Input& input = input_named(task, name, "");
  const std::string_view value = text.substr(equals + 1);
  if (!input.is_list && input.type == InputType::kStr) {
    if (auto one = read_text(input, value)) return {name, std::move(*one)};
    refuse(input, "");
  }
  if (value == "null" && (input.nullable || input.type == InputType::kNone))
    return {name, Value()};
  if (!input.is_list) {
    auto one = read_text(input, trim(value));
    if (!one) refuse(input, "");
    return {name, std::move(*one)};
  }
  try {
    const YamlNode node = parse_yaml(value, "-i");
    return {name, input_of_node(input, node, "")};
  } catch (const Error&) {
    refuse(input, "");  // the parser's own words may repeat the value
  }
}

Inputs parse_inputs(const Task& task, std::string_view text, const std::string& file) {
  Inputs inputs;
  try {
    const YamlNode root = parse_yaml(text, file);
    const Section top(file, {&root, "", root.at}, nullptr,
                      "inputs are a mapping of names to values");
    const std::vector<Field> fields = top.all();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string place = top.place(fields[i].at) + ": ";
      const Input& input = input_named(task, top.key(i), place);
      inputs.emplace(input.name, input_of_node(input, *fields[i].node, place));
    }
  } catch (const Error& error) {
    if (error.category() == Category::kTask) throw;
    throw Error(Category::kTask, "task_inputs_file", error.message(), error.hint());
  }
  return inputs;
}

Inputs complete_inputs(const Task& task, const Inputs& given) {
  Inputs all;
  for (const auto& [name, value] : given) {
    const Input& input = input_named(task, name, "");
    if (!fits(input, value)) refuse(input, "");
    all.emplace(name, value);
  }
  for (const Input& input : task.inputs) {
    if (all.contains(input.name)) continue;
    if (input.otherwise) {
      all.emplace(input.name, *input.otherwise);
      continue;
    }
    throw Error(Category::kTask, "task_input_missing",
                fmt::format("input '{}' is missing: {}{}", input.name, to_string(input),
                            input.description.empty() ? "" : ", " + input.description),
                fmt::format("give it with -i {}={}", input.name, example_of(input)));
  }
  return all;
}

}  // namespace penstock
