#include "declare/template_context.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace penstock {
namespace {

using Kind = SqlToken::Kind;

template <std::size_t N>
bool has(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// An expression may follow these.
constexpr std::array<std::string_view, 56> kBeforeExpression{
    "SELECT",  "DISTINCT",  "ALL",        "WHERE",  "AND",       "OR",     "XOR",
    "NOT",     "HAVING",    "ON",         "WHEN",   "THEN",      "ELSE",   "CASE",
    "BETWEEN", "SYMMETRIC", "ASYMMETRIC", "LIKE",   "ILIKE",     "RLIKE",  "REGEXP",
    "GLOB",    "MATCH",     "IN",         "IS",     "LIMIT",     "OFFSET", "FETCH",
    "FIRST",   "NEXT",      "VALUES",     "VALUE",  "RETURNING", "BY",     "ANY",
    "SOME",    "ESCAPE",    "DIV",        "MOD",    "BINARY",    "FROM",   "FOR",
    "SET",     "INTERVAL",  "ZONE",       "TO",     "USING",     "ROWS",   "RANGE",
    "GROUPS",  "AGAINST",   "DEFAULT",    "SOUNDS", "RETURN",    "TOP",    "ARRAY"};
// A name follows these.
constexpr std::array<std::string_view, 29> kBeforeName{
    "FROM",       "JOIN",       "INTO",   "UPDATE",  "TABLE",    "AS",
    "INDEX",      "VIEW",       "COLUMN", "SCHEMA",  "DATABASE", "COLLATE",
    "BY",         "SET",        "ONLY",   "EXISTS",  "TO",       "TRUNCATE",
    "REFERENCES", "CONSTRAINT", "ADD",    "DROP",    "RENAME",   "ALTER",
    "SEQUENCE",   "OVER",       "WINDOW", "TRIGGER", "TEMPORARY"};
constexpr std::array<std::string_view, 20> kClauses{
    "SELECT", "FROM",   "WHERE",     "BY",     "HAVING", "LIMIT", "OFFSET",
    "VALUES", "SET",    "RETURNING", "ON",     "INTO",   "JOIN",  "USING",
    "UNION",  "EXCEPT", "INTERSECT", "WINDOW", "FETCH",  "DO"};
// What stands before these goes on as an expression.
constexpr std::array<std::string_view, 20> kContinuing{
    "IS",    "IN",     "LIKE",    "ILIKE",    "BETWEEN", "NOT",   "SIMILAR",
    "RLIKE", "REGEXP", "GLOB",    "MATCH",    "DIV",     "MOD",   "COLLATE",
    "AT",    "ISNULL", "NOTNULL", "OVERLAPS", "MEMBER",  "SOUNDS"};
// FROM stands inside their brackets, with a value behind it.
constexpr std::array<std::string_view, 5> kFromFunctions{"EXTRACT", "TRIM", "SUBSTRING",
                                                         "SUBSTR", "OVERLAY"};

const std::string kNothing;

}  // namespace

TemplateContext::TemplateContext(std::string_view sql, std::vector<SqlToken> significant)
    : sql_(sql), tokens_(std::move(significant)) {
  for (const SqlToken& token : tokens_) {
    const std::string_view text = sql_.substr(token.begin, token.end - token.begin);
    words_.push_back(token.kind == Kind::kWord ? to_upper(text) : std::string(text));
  }
}

const std::string& TemplateContext::word(std::size_t index) const {
  return index < words_.size() ? words_[index] : kNothing;
}

bool TemplateContext::after_operand(std::size_t index) const {
  if (index == start_) return true;  // a whole statement is no value
  const SqlToken& last = tokens_[index - 1];
  switch (last.kind) {
    case Kind::kWord:
      return !has(kBeforeExpression, words_[index - 1]) &&
             !has(kBeforeName, words_[index - 1]);
    case Kind::kSymbol:
      return words_[index - 1] == ")" || words_[index - 1] == "]";
    default:
      return true;
  }
}

bool TemplateContext::continues_expression(std::size_t index) const {
  if (index >= tokens_.size()) return false;
  if (tokens_[index].kind == Kind::kWord) return has(kContinuing, words_[index]);
  if (tokens_[index].kind != Kind::kSymbol) return false;
  const std::string& symbol = words_[index];
  return symbol != ")" && symbol != "," && symbol != "]";
}

// IS DISTINCT FROM x, extract(year FROM x).
bool TemplateContext::is_value_from(std::size_t index) const {
  if (index > 0 && words_[index - 1] == "DISTINCT" && index > 1 &&
      (words_[index - 2] == "IS" || words_[index - 2] == "NOT")) {
    return true;
  }
  return levels_.back().clause.empty() && has(kFromFunctions, levels_.back().opener);
}

bool TemplateContext::wants_name(std::size_t index) const {
  if (index == start_) return false;
  const std::string& last = words_[index - 1];
  const Level& level = levels_.back();
  if (tokens_[index - 1].kind == Kind::kSymbol) {
    if (last == "(") return level.columns;
    if (last != ",") return false;
    if (level.columns) return true;
    if (level.clause == "BY") return !continues_expression(index + 1);
    return level.clause == "FROM" || level.clause == "SET";
  }
  if (tokens_[index - 1].kind != Kind::kWord) return false;
  if (last == "BY") return !continues_expression(index + 1);
  if (last == "FROM") return !is_value_from(index - 1);
  if (last == "TO") return index < 2 || words_[index - 2] != "SIMILAR";
  if (last == "ON") return words_[start_] == "CREATE";
  return has(kBeforeName, last);
}

// Whether what follows token `index` begins a condition.
bool TemplateContext::starts_predicate(std::size_t index) const {
  const std::string& last = words_[index];
  if (tokens_[index].kind == Kind::kSymbol)
    return last == "(" && levels_.back().predicate;
  if (tokens_[index].kind != Kind::kWord) return false;
  if (last == "AND") return !between_and_;
  if (last == "NOT") return index == 0 || words_[index - 1] != "IS";
  if (last == "WHEN") {
    const auto& searched = levels_.back().searched;
    return !searched.empty() && searched.back();
  }
  return last == "WHERE" || last == "HAVING" || last == "ON" || last == "OR" ||
         last == "XOR";
}

bool TemplateContext::is_whole_predicate(std::size_t index) const {
  return index > start_ && starts_predicate(index - 1) &&
         !continues_expression(index + 1);
}

bool TemplateContext::alone_in_list(std::size_t index) const {
  return index > 0 && words_[index - 1] == "(" && levels_.back().opener == "IN" &&
         word(index + 1) == ")";
}

void TemplateContext::take_word(std::size_t index) {
  Level& level = levels_.back();
  const std::string& last = words_[index];
  const bool after_case = index > start_ && words_[index - 1] == "CASE";
  if (after_case && !level.searched.empty()) level.searched.back() = last == "WHEN";
  if (last == "BETWEEN") ++level.betweens;
  if (last == "AND") {
    between_and_ = level.betweens > 0;
    if (between_and_) --level.betweens;
  }
  if (last == "CASE") level.searched.push_back(false);
  if (last == "END" && !level.searched.empty()) {
    level.searched.pop_back();
  } else if (last == "END" && body_depth_ > 0) {
    --body_depth_;
  }
  // Bodies of triggers and routines have statements of their own.
  if (last == "BEGIN" && index > start_ && words_[start_] == "CREATE") ++body_depth_;
  if (has(kClauses, last) && !(last == "FROM" && is_value_from(index)))
    level.clause = last;
}

void TemplateContext::advance(std::size_t index) {
  if (tokens_[index].kind == Kind::kWord) return take_word(index);
  if (tokens_[index].kind != Kind::kSymbol) return;
  if (words_[index] == "(") {
    Level inner;
    if (index > start_) {
      if (tokens_[index - 1].kind == Kind::kWord) inner.opener = words_[index - 1];
      inner.predicate = starts_predicate(index - 1);
      inner.columns = levels_.back().clause == "INTO" || inner.opener == "USING" ||
                      inner.opener == "CONFLICT";
    }
    levels_.push_back(std::move(inner));
  } else if (words_[index] == ")" && levels_.size() > 1) {
    levels_.pop_back();
  }
}

void TemplateContext::end_statement(std::size_t next) {
  levels_.assign(1, {});
  start_ = next;
  between_and_ = false;
  body_depth_ = 0;
}

}  // namespace penstock
