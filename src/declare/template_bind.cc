// Compiled parts and values -> statements.
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/moments.h"
#include "base/text.h"
#include "declare/partition.h"
#include "declare/scalar.h"
#include "declare/template.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// SQLite's own limit is 32766, the protocols' 65535.
constexpr std::size_t kMostParameters = 32'000;
constexpr std::size_t kMostNameBytes = 63;

// How a value reads inside quotes.
std::string text_inside(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* time = std::get_if<DateTime>(&value)) return text_of(*time);
  if (const auto* delta = std::get_if<TimeDelta>(&value)) return clock_text(*delta);
  return {};
}

// Any value of the input's type. A none where a value's type would be inferred from its
// place: of a text, and of a datetime, which may have a zone or none.
Value stand_in_of(InputType type) {
  switch (type) {
    case InputType::kInt:
      return std::int64_t{0};
    case InputType::kFloat:
      return 0.0;
    case InputType::kBool:
      return false;
    case InputType::kDate:
      return Date{};
    case InputType::kTimeDelta:
      return TimeDelta{};
    case InputType::kBytes:
      return Bytes{};
    default:
      return {};
  }
}

}  // namespace

class TemplateBinder {
 public:
  TemplateBinder(const Template& from, const Template::Range& range, const Inputs& values)
      : from_(from), range_(range), values_(values) {}

  Statement run() {
    statement_.source = from_.sql_;
    statement_.origin = from_.origin_;
    std::size_t at = range_.begin;
    for (const TemplatePart& part : range_.parts) {
      add_slice(at, part.begin);
      add(part);
      at = part.end;
    }
    add_slice(at, range_.end);
    return std::move(statement_);
  }

 private:
  using Segment = TemplatePart::Segment;
  using Kind = TemplatePart::Kind;

  const Input& input(int index) const {
    return from_.inputs_[static_cast<std::size_t>(index)];
  }
  const InputValue& any_value(int index) const { return values_.at(input(index).name); }
  const Value& value(int index) const { return std::get<Value>(any_value(index)); }
  bool is(std::string_view dialect) const { return from_.lexicon_.dialect == dialect; }

  [[noreturn]] void fail(const TemplatePart& part, const char* code,
                         const std::string& message, std::string hint) const {
    throw Error(Category::kTask, code,
                fmt::format("{}: {}", position_of(from_.sql_, from_.origin_, part.begin),
                            message),
                std::move(hint));
  }

  void add_slice(std::size_t begin, std::size_t end) {
    if (end > begin) add_text(from_.sql_.substr(begin, end - begin), begin);
  }

  void add_text(std::string text, std::size_t offset) {
    statement_.pieces.push_back({std::move(text), -1, offset});
  }

  // Equal keys share a parameter; an empty one shares with none.
  void add_value(const TemplatePart& part, std::string name, Value value,
                 const std::string& key) {
    int index = static_cast<int>(statement_.values.size());
    if (!key.empty()) {
      const auto [known, is_new] = shared_.try_emplace(key, index);
      index = known->second;
      if (!is_new) {
        statement_.pieces.push_back({{}, index, part.begin});
        return;
      }
    }
    if (statement_.values.size() >= kMostParameters) {
      fail(part, "task_too_many_values",
           fmt::format("a statement has more than {} values", kMostParameters),
           "give a shorter list, or put the values into a table and join it");
    }
    statement_.names.push_back(std::move(name));
    statement_.values.push_back(std::move(value));
    statement_.pieces.push_back({{}, index, part.begin});
  }

  void add(const TemplatePart& part) {
    switch (part.kind) {
      case Kind::kValue:
      case Kind::kComposed:
        if (!part.cast.empty()) add_text("CAST(", part.begin);
        part.kind == Kind::kValue ? add_bare(part) : add_composed(part);
        if (!part.cast.empty()) add_text(fmt::format(" AS {})", part.cast), part.begin);
        return;
      case Kind::kList:
        return add_list(part);
      case Kind::kIs:
        return add_is(part);
      case Kind::kName:
        return add_name(part);
      case Kind::kKeyword:
        return add_keyword(part);
    }
  }

  void add_bare(const TemplatePart& part) {
    const int index = part.segments[0].input;
    const Value& bound = value(index);
    const bool none = std::holds_alternative<std::monostate>(bound);
    const Value typed_as = none ? stand_in_of(input(index).type) : bound;
    // A text's type is inferred from its place.
    const bool typed = !std::holds_alternative<std::string>(typed_as) &&
                       !std::holds_alternative<std::monostate>(typed_as);
    add_value(part, input(index).name, bound,
              fmt::format("{}{}", index, typed ? "" : "\n" + part.around));
    if (!none || !typed) return;
    const int parameter = statement_.pieces.back().parameter;
    statement_.stand_ins.try_emplace(static_cast<std::size_t>(parameter), typed_as);
  }

  void add_composed(const TemplatePart& part) {
    std::string text;
    std::string key = "'";
    std::string name;
    bool null = false;
    for (const Segment& segment : part.segments) {
      if (segment.input < 0) {
        text += segment.text;
        key += fmt::format("'{}'", segment.text);
        continue;
      }
      const Value& one = value(segment.input);
      null = null || std::holds_alternative<std::monostate>(one);
      text += text_inside(one);
      key += fmt::format("{{{}}}", segment.input);
      if (name.empty()) name = input(segment.input).name;
    }
    add_value(part, std::move(name), null ? Value() : Value(std::move(text)),
              key + "\n" + part.around);
  }

  void add_list(const TemplatePart& part) {
    const int index = part.segments[0].input;
    const auto* list = std::get_if<std::vector<Value>>(&any_value(index));
    if (list != nullptr && list->empty()) return add_empty_list(part);
    const bool bare = part.end == part.reference_end;
    add_slice(part.begin, part.reference_begin);
    if (bare) add_text("(", part.reference_begin);
    if (list == nullptr) add_text("NULL", part.reference_begin);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      if (i > 0) add_text(", ", part.reference_begin);
      add_value(part, input(index).name, (*list)[i], "");
    }
    if (bare) add_text(")", part.reference_begin);
    add_slice(part.reference_end, part.end);
  }

  // What is in no list, whatever the type of what stands before it.
  void add_empty_list(const TemplatePart& part) {
    if (is("postgresql")) {
      return add_text(part.negated ? "<> ALL ('{}')" : "= ANY ('{}')", part.begin);
    }
    const std::string in = part.negated ? "NOT IN " : "IN ";
    add_text(in + (is("mysql") ? "(SELECT NULL FROM DUAL WHERE FALSE)" : "()"),
             part.begin);
  }

  // Only SQLite takes any value after IS.
  void add_is(const TemplatePart& part) {
    const int index = part.segments[0].input;
    const Value& bound = value(index);
    const std::string not_text = part.negated ? "NOT " : "";
    if (std::holds_alternative<std::monostate>(bound)) {
      return add_text(fmt::format("IS {}NULL", not_text), part.begin);
    }
    if (const auto* boolean = std::get_if<bool>(&bound)) {
      return add_text(fmt::format("IS {}{}", not_text, *boolean ? "TRUE" : "FALSE"),
                      part.begin);
    }
    if (is("mysql") && part.negated) {
      fail(part, "template_position",
           fmt::format("MySQL's IS NOT takes no value, and input '{}' is not none",
                       input(index).name),
           "write NOT (... <=> {{ .inputs.NAME }})");
    }
    add_text(is("postgresql")
                 ? fmt::format("IS {}DISTINCT FROM ", part.negated ? "" : "NOT ")
             : is("mysql") ? std::string("<=> ")
                           : fmt::format("IS {}", not_text),
             part.begin);
    add_bare(part);
  }

  void add_keyword(const TemplatePart& part) {
    const int index = part.segments[0].input;
    const auto* words = std::get_if<std::string>(&value(index));
    if (words != nullptr) return add_text(*words, part.begin);
    fail(part, "task_input_name",
         fmt::format("input '{}' is none, where a keyword stands", input(index).name),
         "give one of its choices");
  }

  void add_name(const TemplatePart& part) {
    std::string name;
    const bool alone = part.segments.size() == 1;
    for (const Segment& segment : part.segments) {
      if (segment.input < 0) {
        name += segment.text;
        continue;
      }
      const auto* text = std::get_if<std::string>(&value(segment.input));
      if (text == nullptr) refuse_name(part, input(segment.input).name);
      // Words of the author's own list.
      const bool words = input(segment.input).type == InputType::kChoice && alone;
      if (words && !is_name(*text)) return add_text(*text, part.begin);
      if (!alone && text->find('.') != std::string::npos)
        refuse_name(part, input(segment.input).name);
      name += *text;
    }
    const std::string_view whole = name;
    if (alone ? !is_name(whole) : whole.empty() || whole.size() > kMostNameBytes) {
      const int index = part.segments[0].input;
      refuse_name(part, index < 0 ? "" : input(index).name);
    }
    std::string quoted;
    for (const std::string_view one :
         alone ? split(whole, '.') : std::vector<std::string_view>{whole}) {
      quoted += quoted.empty() ? "" : ".";
      quoted += quote_identifier(one, is("mysql") ? '`' : '"');
    }
    add_text(std::move(quoted), part.begin);
  }

  // One to three plain names with dots between them.
  static bool is_name(std::string_view text) {
    const auto parts = split(text, '.');
    for (const std::string_view one : parts) {
      if (!is_parameter_name(one) || one.size() > kMostNameBytes) return false;
    }
    return parts.size() <= 3;
  }

  [[noreturn]] void refuse_name(const TemplatePart& part, const std::string& name) const {
    fail(part, "task_input_name",
         fmt::format("input '{}' is not the name of a table or a column", name),
         "a letter or '_', then letters, digits and '_', 63 at most; a name that is "
         "otherwise stands in a choice");
  }

  const Template& from_;
  const Template::Range& range_;
  const Inputs& values_;
  std::map<std::string, int, std::less<>> shared_;
  Statement statement_;
};

std::vector<Statement> Template::bind(const Inputs& values) const {
  std::vector<Statement> bound;
  for (const Range& range : statements_) {
    bound.push_back(TemplateBinder(*this, range, values).run());
  }
  return bound;
}

}  // namespace penstock
