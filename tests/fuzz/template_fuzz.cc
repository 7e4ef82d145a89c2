// A task's template by all three lexicons: whatever it is, it compiles or is refused by
// name; what compiles has the same text whatever the values are, and that text has the
// parameters that were bound, to the scanner, too.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "declare/template.h"
#include "penstock/error.h"

namespace {

using namespace penstock;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<Input> inputs_named_in(const std::string& sql) {
  struct Known {
    const char* name;
    InputType type;
    bool list;
  };
  static constexpr Known kKnown[] = {
      {"s", InputType::kStr, false},        {"n", InputType::kInt, false},
      {"l", InputType::kStr, true},         {"b", InputType::kBool, false},
      {"i", InputType::kIdentifier, false}, {"d", InputType::kDate, false},
      {"c", InputType::kChoice, false}};
  std::vector<Input> inputs;
  for (const Known& known : kKnown) {
    // Declared if it may be named; one that then is not used is refused, which is fine.
    if (sql.find(known.name) == std::string::npos) continue;
    Input input;
    input.name = known.name;
    input.type = known.type;
    input.is_list = known.list;
    input.nullable = true;
    if (known.type == InputType::kChoice) input.choices = {"ASC", "t.x"};
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Inputs values_of(const std::vector<Input>& inputs, const std::string& text) {
  Inputs values;
  for (const Input& input : inputs) {
    if (input.is_list)
      values.emplace(input.name, std::vector<Value>{text, text});
    else if (input.type == InputType::kInt)
      values.emplace(input.name, Value(std::int64_t{7}));
    else if (input.type == InputType::kBool)
      values.emplace(input.name, Value(true));
    else if (input.type == InputType::kDate)
      values.emplace(input.name, Value(Date{1}));
    else if (input.type == InputType::kIdentifier)
      values.emplace(input.name, Value(std::string("name")));
    else if (input.type == InputType::kChoice)
      values.emplace(input.name, Value(std::string("ASC")));
    else
      values.emplace(input.name, Value(text));
  }
  return values;
}

// Of every input, whatever its type.
Inputs none_of(const std::vector<Input>& inputs) {
  Inputs values;
  for (const Input& input : inputs) values.emplace(input.name, Value());
  return values;
}

std::string text_of(const Statement& statement) {
  return statement.text([](int index) { return fmt::format(" :p{} ", index); });
}

// NULL where a value stands; where a name or a keyword must, it is refused.
void check_none(const Template& compiled, const std::vector<Input>& inputs) {
  try {
    for (const Statement& statement : compiled.bind(none_of(inputs))) {
      for (std::size_t i = 0; i < statement.values.size(); ++i) {
        const bool null = std::holds_alternative<std::monostate>(statement.values[i]);
        require(null || !statement.stand_ins.contains(i));
      }
    }
  } catch (const Error& error) {
    require(error.code() == "task_input_name");
  }
}

void check(const std::string& sql, const Lexicon& lexicon) {
  // Fewer and fewer inputs, until none is unused.
  std::vector<Input> inputs = inputs_named_in(sql);
  while (true) {
    try {
      const Template compiled(sql, {}, lexicon, inputs);
      const auto quiet = compiled.bind(values_of(inputs, "x"));
      const auto hostile = compiled.bind(values_of(inputs, "' OR 1=1 --{{ n }}\\\"`;"));
      require(quiet.size() == hostile.size() && quiet.size() == compiled.size());
      for (std::size_t i = 0; i < quiet.size(); ++i) {
        require(text_of(quiet[i]) == text_of(hostile[i]));
        require(quiet[i].values.size() == hostile[i].values.size());
        require(quiet[i].values.size() == quiet[i].names.size());
        for (const SqlPiece& piece : quiet[i].pieces) {
          require(piece.parameter < static_cast<int>(quiet[i].values.size()));
        }
      }
      check_none(compiled, inputs);
      return;
    } catch (const Error& error) {
      require(error.category() == Category::kTask && !error.message().empty());
      if (error.code() != "template_unused_input" || inputs.empty()) return;
      inputs.erase(inputs.begin() +
                   static_cast<std::ptrdiff_t>(sql.size() % inputs.size()));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string sql(reinterpret_cast<const char*>(data), size);
  for (const Lexicon* lexicon :
       {&Lexicon::postgres(), &Lexicon::mysql(), &Lexicon::sqlite()}) {
    check(sql, *lexicon);
  }
  return 0;
}
