#include "declare/template_references.h"

#include <fmt/format.h>

#include "base/text.h"
#include "declare/scalar.h"
#include "penstock/error.h"

namespace penstock {
namespace {

bool contains(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace

void TemplateReferences::fail(std::size_t at, const char* code,
                              const std::string& message, std::string_view hint) const {
  throw Error(Category::kTask, code,
              fmt::format("{}: {}", position_of(sql_, origin_, at), message),
              std::string(hint));
}

void TemplateReferences::refuse_other_syntax() const {
  for (std::size_t at = sql_.find('{'); at != std::string::npos;
       at = sql_.find('{', at + 1)) {
    const std::string_view two = std::string_view(sql_).substr(at, 2);
    const bool statement =
        two == "{%" && contains(std::string_view(sql_).substr(at), "%}");
    if (!statement && two != "{#") continue;
    if (two == "{#" && !contains(std::string_view(sql_).substr(at), "#}")) continue;
    fail(at, "template_syntax",
         fmt::format("'{} ... {}' is not part of a task's template", two,
                     two == "{%" ? "%}" : "#}"),
         "a template has {{ .inputs.NAME }} and nothing else; write the query out");
  }
}

// ".inputs.x", ".x" or "x" between the braces.
int TemplateReferences::at(std::size_t begin, std::size_t end) {
  const std::string_view inside =
      trim(std::string_view(sql_).substr(begin + 2, end - begin - 4));
  std::string_view name = inside;
  if (name.starts_with(".inputs.")) {
    name.remove_prefix(8);
  } else if (name.starts_with('.')) {
    name.remove_prefix(1);
  }
  if (!is_parameter_name(name)) refuse(begin, inside);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].name != name) continue;
    used_.insert(static_cast<int>(i));
    return static_cast<int>(i);
  }
  std::vector<std::string> known;
  for (const Input& one : inputs_) known.push_back(one.name);
  fail(begin, "template_undeclared_input",
       fmt::format("'{}' is not a declared input", name),
       known.empty() ? "declare it under inputs" : suggest(name, known));
}

void TemplateReferences::refuse(std::size_t at, std::string_view inside) const {
  const std::string shown = printable(inside, 60);
  if (const auto bar = inside.find('|'); bar != std::string_view::npos) {
    fail(at, "template_filter",
         fmt::format("the filter '{}' is not supported",
                     printable(trim(inside.substr(bar + 1)), 40)),
         "give the input its final value, or write the function in SQL");
  }
  fail(at, "template_reference",
       fmt::format("'{{{{ {} }}}}' does not name an input", shown),
       contains(inside, ",")
           ? "write {{ .inputs.NAME }}; an array's literal is written ARRAY[[1, 2]]"
           : "write {{ .inputs.NAME }}");
}

// The references inside a token, as [begin, end).
std::vector<std::pair<std::size_t, std::size_t>> TemplateReferences::within(
    std::size_t begin, std::size_t end) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t open = sql_.find("{{", begin); open < end;
       open = sql_.find("{{", open)) {
    const std::size_t close = sql_.find("}}", open + 2);
    if (close == std::string::npos || close + 2 > end) {
      fail(open, "template_reference", "'{{' without '}}' in the same text",
           "write {{ .inputs.NAME }}; a literal {{ is given as an input");
    }
    at(open, close + 2);
    found.emplace_back(open, close + 2);
    open = close + 2;
  }
  return found;
}

void TemplateReferences::refuse_unused() const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (used_.contains(static_cast<int>(i))) continue;
    fail(0, "template_unused_input",
         fmt::format("input '{}' is not used by the query", inputs_[i].name),
         "remove it, or name it in a comment of the query");
  }
}

}  // namespace penstock
