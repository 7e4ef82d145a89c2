// A task's query template: compiled once, by a dialect's lexical rules, to statements
// whose inputs are bound parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "declare/scanner.h"
#include "declare/statement.h"
#include "penstock/task.h"

namespace penstock {

/// What stands in place of a stretch of the template; all between two of them is sent as
/// written.
struct TemplatePart {
  enum class Kind : std::uint8_t {
    kValue,     // a parameter
    kComposed,  // a text of literal pieces and inputs, bound as one parameter
    kList,      // [NOT] IN ( ... ), from its first word to its end
    kIs,        // IS [NOT] {{ }}, from IS to the reference's end
    kName,      // an identifier, quoted by the dialect
    kKeyword,   // a choice's own words
  };
  /// Literal text, or an input by its index.
  struct Segment {
    std::string text;
    int input = -1;
  };
  Kind kind;
  std::size_t begin;  // in the template
  std::size_t end;
  std::vector<Segment> segments;
  std::string cast;  // the parameter stands in CAST(... AS cast)
  bool negated = false;
  std::size_t reference_begin = 0;  // kList: the reference inside
  std::size_t reference_end = 0;
  std::string around;  // the tokens beside it: equal ones may share a parameter
};

/// Thread contract: immutable after construction.
class Template {
 public:
  /// Scans and checks the whole template. Throws Error{kTask} with its place: what
  /// tokens_of_template throws; a reference that is malformed, undeclared, has a filter,
  /// or stands where its input's type cannot; an input that the template never names; no
  /// statement.
  Template(std::string sql, SqlOrigin origin, const Lexicon& lexicon,
           std::vector<Input> inputs);

  std::size_t size() const { return statements_.size(); }

  /// The statements with their values. `values` has every declared input, of its type.
  /// Throws Error{kTask} for an identifier that is not one, and for more values than a
  /// statement may have.
  std::vector<Statement> bind(const Inputs& values) const;

 private:
  struct Range {
    std::size_t begin;
    std::size_t end;
    std::vector<TemplatePart> parts;  // in order, none overlaps another
  };
  friend class TemplateCompiler;
  friend class TemplateBinder;

  std::string sql_;
  SqlOrigin origin_;
  const Lexicon& lexicon_;
  std::vector<Input> inputs_;
  std::vector<Range> statements_;
};

}  // namespace penstock
