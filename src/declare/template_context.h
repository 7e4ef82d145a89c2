// What kind of thing may stand at a place in SQL, as far as the tokens before it say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "declare/scanner.h"

namespace penstock {

/// Walks over the significant tokens of one template, no blanks and no comments, and
/// answers questions about the next one. It does not parse SQL: where it cannot know, it
/// takes a place for a value's, which the server then judges.
class TemplateContext {
 public:
  TemplateContext(std::string_view sql, std::vector<SqlToken> significant);

  const std::vector<SqlToken>& tokens() const { return tokens_; }
  /// The token in upper case, if it is a word; else its text; "" outside.
  const std::string& word(std::size_t index) const;

  /// Takes token `index` in. In order, each once.
  void advance(std::size_t index);

  // Of the place of token `index`, everything before which is taken in.
  /// A value has ended just before: only a keyword or an alias may follow.
  bool after_operand(std::size_t index) const;
  /// A table's, column's or other object's name stands here.
  bool wants_name(std::size_t index) const;
  /// A whole condition stands here: nothing after it makes a comparison of it.
  bool is_whole_predicate(std::size_t index) const;
  /// Token `index` goes on with the expression before it.
  bool continues_expression(std::size_t index) const;
  /// The brackets of IN hold nothing else.
  bool alone_in_list(std::size_t index) const;
  /// Inside the body of a trigger or a routine, where ';' ends no statement of ours.
  bool in_body() const { return body_depth_ > 0; }
  /// The first token of this statement.
  std::size_t statement_start() const { return start_; }
  void end_statement(std::size_t next);

 private:
  struct Level {
    std::string opener;  // the word before the bracket
    std::string clause;  // the last clause's word
    bool predicate = false;
    bool columns = false;  // a list of columns' names
    int betweens = 0;
    std::vector<bool> searched;  // of each CASE that is open: it has no operand
  };

  bool starts_predicate(std::size_t index) const;
  bool is_value_from(std::size_t index) const;
  void take_word(std::size_t index);

  std::string_view sql_;
  std::vector<SqlToken> tokens_;
  std::vector<std::string> words_;
  std::vector<Level> levels_{1};
  std::size_t start_ = 0;
  bool between_and_ = false;  // the AND that was taken last belongs to a BETWEEN
  int body_depth_ = 0;
};

}  // namespace penstock
