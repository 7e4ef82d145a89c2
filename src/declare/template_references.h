// Which inputs a task's template names, and where.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "declare/scanner.h"
#include "penstock/task.h"

namespace penstock {

/// Reads what stands between `{{` and `}}`, and keeps which inputs were named. Refers to
/// what it is made from. All offsets are in `sql`. Throws Error{kTask} with the place.
class TemplateReferences {
 public:
  TemplateReferences(const std::string& sql, const SqlOrigin& origin,
                     const std::vector<Input>& inputs)
      : sql_(sql), origin_(origin), inputs_(inputs) {}

  /// Throws for `{% %}` and `{# #}`, which a template does not have.
  void refuse_other_syntax() const;
  /// The index of the input that the reference from `begin` to `end` names:
  /// ".inputs.x", ".x" or "x" between the braces. Throws for a filter, an input that is
  /// not declared, anything else.
  int at(std::size_t begin, std::size_t end);
  /// The references between two places, as [begin, end). Throws for one that does not
  /// end there.
  std::vector<std::pair<std::size_t, std::size_t>> within(std::size_t begin,
                                                          std::size_t end);
  /// Throws for an input that nothing has named.
  void refuse_unused() const;

  [[noreturn]] void fail(std::size_t at, const char* code, const std::string& message,
                         std::string_view hint) const;

 private:
  [[noreturn]] void refuse(std::size_t at, std::string_view inside) const;

  const std::string& sql_;
  const SqlOrigin& origin_;
  const std::vector<Input>& inputs_;
  std::set<int> used_;
};

}  // namespace penstock
