#include "declare/scanner.h"

#include <cstdint>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "declare/position.h"
#include "penstock/error.h"

namespace penstock {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_high(char c) { return static_cast<std::uint8_t>(c) >= 0x80; }
bool is_name_start(char c) { return is_letter(c) || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
// All three databases count every byte from 0x80 up, and '$' after the first place, as
// part of an identifier.
bool is_word_start(char c) { return is_name_start(c) || is_high(c); }
bool is_word_part(char c) { return is_name_part(c) || is_high(c) || c == '$'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Invariants:
//  1. Every byte before pos_ belongs to exactly one token that was recognised whole.
//  2. [text_start_, pos_) is text that no piece holds yet.
//  3. Once ended_, only blanks and comments follow, and no text is kept.
class Scanner {
 public:
  Scanner(std::string_view sql, const Lexicon& lexicon, const SqlOrigin& origin)
      : sql_(sql), lexicon_(lexicon), origin_(origin) {}

  std::vector<SqlToken> run_template() {
    templated_ = true;
    if (sql_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
    check_bytes();
    pos_ = begin_;
    std::vector<SqlToken> tokens;
    while (pos_ < sql_.size()) {
      const std::size_t start = pos_;
      using enum SqlToken::Kind;
      const SqlToken::Kind kind = skip_blank()     ? kBlank
                                  : skip_comment() ? kComment
                                                   : take_token();
      tokens.push_back({kind, start, pos_});
    }
    return tokens;
  }

  ScannedSql run() {
    if (sql_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
    check_bytes();
    pos_ = text_start_ = begin_;
    bool empty = true;
    while (pos_ < sql_.size()) {
      if (skip_blank() || skip_comment()) continue;
      if (ended_) {
        fail(pos_, "query_second_statement",
             "a second statement; a query is one statement",
             "remove the ';' and what follows it");
      }
      if (sql_[pos_] == ';') {
        flush();
        ended_ = true;
        ++pos_;
        continue;
      }
      empty = false;
      take_token();
    }
    if (!ended_) flush();
    if (empty) {
      fail(begin_, "query_empty", "the query is empty", "write a SELECT statement");
    }
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail(std::size_t offset, const char* code, const std::string& message,
                         std::string hint = {}) const {
    throw Error(templated_ ? Category::kTask : Category::kRecipe, code,
                fmt::format("{}: {}", position_of(sql_, origin_, offset), message),
                std::move(hint));
  }

  // A NUL is safe to ask for past the end: check_bytes() leaves none in the text.
  char at(std::size_t i) const { return i < sql_.size() ? sql_[i] : '\0'; }
  char before() const { return pos_ > begin_ ? sql_[pos_ - 1] : '\0'; }
  bool starts(std::string_view text) const { return sql_.substr(pos_).starts_with(text); }

  void check_bytes() const {
    for (std::size_t i = begin_; i < sql_.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(sql_[i]);
      if ((byte < 0x20 && !is_blank(sql_[i])) || byte == 0x7F) {
        fail(i, "query_control_byte",
             fmt::format("control byte \\x{:02x} in the query", byte),
             "remove it; a blank, a tab or a line end may stand there");
      }
    }
    if (const auto bad = invalid_utf8_at(sql_); bad != std::string_view::npos) {
      fail(bad, "query_encoding", "the query is not valid UTF-8",
           "save the text as UTF-8");
    }
  }

  void flush() {
    if (pos_ > text_start_) {
      result_.pieces.push_back(
          {std::string(sql_.substr(text_start_, pos_ - text_start_)), -1, text_start_});
    }
    text_start_ = pos_;
  }

  bool skip_blank() {
    const std::size_t start = pos_;
    while (is_blank(at(pos_))) ++pos_;
    return pos_ > start;
  }

  bool skip_comment() {
    if (starts("--")) {
      const char next = at(pos_ + 2);
      if (lexicon_.dash_comment_needs_blank && next != '\0' && !is_blank(next))
        return false;
      skip_line();
      return true;
    }
    if (lexicon_.hash_comments && at(pos_) == '#') {
      skip_line();
      return true;
    }
    if (!starts("/*")) return false;
    if (lexicon_.executable_comments && (starts("/*!") || starts("/*M!"))) {
      fail(
          pos_, "query_executable_comment",
          "an executable comment (/*! */ or /*M! */); the server would run what it hides",
          "write its text into the query, or remove it");
    }
    const std::size_t open = pos_;
    skip_block_comment();
    if (lexicon_.executable_comments) refuse_setting_hint(open);
    return true;
  }

  // A hint that sets what the session was given: another time zone would move every
  // timestamp, a select limit cut the result, a shorter time end SLEEP() as a success.
  void refuse_setting_hint(std::size_t open) const {
    const std::string hint = to_upper(sql_.substr(open, pos_ - open));
    if (!hint.starts_with("/*+")) return;
    for (const char* name : {"SET_VAR", "MAX_EXECUTION_TIME"}) {
      if (hint.find(name) == std::string::npos) continue;
      fail(open, "query_setting_hint",
           fmt::format("an optimizer hint with {}, which would change the session's own "
                       "settings",
                       name),
           "remove it; limits are set in the recipe");
    }
  }

  void skip_line() {
    while (pos_ < sql_.size() && sql_[pos_] != '\n' &&
           !(lexicon_.return_ends_line_comment && sql_[pos_] == '\r')) {
      ++pos_;
    }
  }

  void skip_block_comment() {
    const std::size_t open = pos_;
    pos_ += 2;
    for (int depth = 1; depth > 0;) {
      if (pos_ >= sql_.size())
        fail(open, "query_unterminated", "unterminated comment", "close it with */");
      if (starts("*/")) {
        --depth;
        pos_ += 2;
      } else if (lexicon_.nested_comments && starts("/*")) {
        ++depth;
        pos_ += 2;
      } else {
        ++pos_;
      }
    }
  }

  SqlToken::Kind take_token() {
    using enum SqlToken::Kind;
    const char c = sql_[pos_];
    if (c == '\'') return skip_quoted('\'', lexicon_.backslash_escapes, kString);
    if (c == '"') {
      return lexicon_.double_quoted_strings
                 ? skip_quoted('"', lexicon_.backslash_escapes, kString)
                 : skip_quoted('"', false, kName);
    }
    if (c == '`' && lexicon_.backtick_identifiers) return skip_quoted('`', false, kName);
    if (c == '[' && lexicon_.bracket_identifiers) return skip_brackets();
    if (c == '$' && lexicon_.dollar_quotes && skip_dollar_quote()) return kDollarQuote;
    if (templated_ && starts("{{")) return skip_reference();
    if (templated_ && c == ';') {
      ++pos_;
      return kSemicolon;
    }
    if (c == '\\' && at(pos_ + 1) == ':' && !templated_) return take_escaped_colon();
    if (c == ':') return take_colon();
    if (is_word_start(c)) return skip_word();
    if (is_digit(c)) return skip_number();
    refuse_own_placeholder();
    ++pos_;
    return kSymbol;
  }

  SqlToken::Kind skip_reference() {
    const auto close = sql_.find("}}", pos_ + 2);
    if (close == std::string_view::npos) {
      fail(pos_, "template_reference", "'{{' without '}}'", "write {{ .inputs.NAME }}");
    }
    pos_ = close + 2;
    return SqlToken::Kind::kReference;
  }

  SqlToken::Kind skip_quoted(char quote, bool backslashes, SqlToken::Kind kind) {
    const std::size_t open = pos_;
    for (++pos_; pos_ < sql_.size(); ++pos_) {
      if (backslashes && sql_[pos_] == '\\') {
        ++pos_;
      } else if (sql_[pos_] == quote) {
        if (at(pos_ + 1) != quote) {
          ++pos_;
          return kind;
        }
        ++pos_;
      }
    }
    fail(open, "query_unterminated",
         kind == SqlToken::Kind::kName ? "unterminated quoted identifier"
                                       : "unterminated string",
         fmt::format("close it with {}", quote));
  }

  SqlToken::Kind skip_brackets() {
    const std::size_t close = sql_.find(']', pos_);
    if (close == std::string_view::npos) {
      fail(pos_, "query_unterminated", "unterminated quoted identifier",
           "close it with ]");
    }
    pos_ = close + 1;
    return SqlToken::Kind::kName;
  }

  bool skip_dollar_quote() {
    std::size_t end = pos_ + 1;
    if (is_word_start(at(end))) {
      while (is_name_part(at(end)) || is_high(at(end))) ++end;
    }
    if (at(end) != '$') return false;
    const std::string_view tag = sql_.substr(pos_, end + 1 - pos_);
    const std::size_t close = sql_.find(tag, end + 1);
    if (close == std::string_view::npos) {
      fail(pos_, "query_unterminated",
           fmt::format("unterminated dollar quote {}", printable(tag)),
           "close it with the same tag");
    }
    pos_ = close + tag.size();
    return true;
  }

  SqlToken::Kind skip_word() {
    const std::size_t start = pos_;
    while (is_word_part(at(pos_))) ++pos_;
    const std::string_view word = sql_.substr(start, pos_ - start);
    if (lexicon_.escape_strings && at(pos_) == '\'' && (word == "E" || word == "e")) {
      do {
        skip_quoted('\'', true, SqlToken::Kind::kEscapeText);
      } while (string_continues());
      return SqlToken::Kind::kEscapeText;
    }
    return SqlToken::Kind::kWord;
  }

  // A string constant goes on after a line end, in the same escape mode
  // (https://www.postgresql.org/docs/current/sql-syntax-lexical.html, 4.1.2.1). Moves to
  // its next opening quote.
  bool string_continues() {
    const std::size_t start = pos_;
    bool line_ended = false;
    while (pos_ < sql_.size()) {
      if (is_blank(sql_[pos_])) {
        line_ended = line_ended || sql_[pos_] == '\n' || sql_[pos_] == '\r';
        ++pos_;
      } else if (starts("--")) {
        skip_line();
      } else {
        break;
      }
    }
    if (line_ended && at(pos_) == '\'') return true;
    pos_ = start;
    return false;
  }

  // A '$' after digits is not part of the number: PostgreSQL reads 1$2 as a number and a
  // parameter.
  SqlToken::Kind skip_number() {
    while (is_name_part(at(pos_)) || is_high(at(pos_))) ++pos_;
    return SqlToken::Kind::kNumber;
  }

  SqlToken::Kind take_escaped_colon() {
    flush();
    ++pos_;
    text_start_ = pos_;
    refuse_own_placeholder();
    ++pos_;
    return SqlToken::Kind::kSymbol;
  }

  SqlToken::Kind take_colon() {
    if (at(pos_ + 1) == ':') {
      pos_ += 2;
      return SqlToken::Kind::kSymbol;
    }
    const char last = before();
    const bool is_text = last == ':' || is_name_part(last) || is_high(last);
    if (!is_text && is_name_start(at(pos_ + 1))) {
      take_parameter();
      return SqlToken::Kind::kSymbol;
    }
    refuse_own_placeholder();
    ++pos_;
    return SqlToken::Kind::kSymbol;
  }

  void take_parameter() {
    if (templated_) {
      fail(pos_, "template_colon", "':' and a name is no reference in a task",
           "write {{ .inputs.NAME }}; in an array's bounds put a blank after the colon");
    }
    flush();
    const std::size_t start = pos_++;
    while (is_name_part(at(pos_))) ++pos_;
    if (is_high(at(pos_))) {
      fail(start, "query_parameter_name",
           "a parameter's name has a character beyond A-Z a-z 0-9 _",
           "rename the parameter, or put a blank after its name");
    }
    std::string name(sql_.substr(start + 1, pos_ - start - 1));
    const auto [known, is_new] =
        indexes_.try_emplace(name, static_cast<int>(result_.parameters.size()));
    if (is_new) result_.parameters.push_back(std::move(name));
    result_.pieces.push_back({{}, known->second, start});
    text_start_ = pos_;
  }

  // SQLite's variables have `::` in them too, even first: @::x is one (tokenize.c,
  // CC_VARALPHA).
  void refuse_own_placeholder() const {
    const char c = sql_[pos_];
    if (lexicon_.own_placeholders.find(c) == std::string_view::npos) return;
    std::size_t end = pos_ + 1;
    while (true) {
      if (is_word_part(at(end))) {
        ++end;
      } else if (at(end) == ':' && at(end + 1) == ':') {
        end += 2;
      } else {
        break;
      }
    }
    if (c != '?' && end == pos_ + 1) return;
    fail(pos_, "query_placeholder",
         fmt::format("'{}' is {}'s own placeholder",
                     printable(sql_.substr(pos_, end - pos_), 40), lexicon_.title),
         templated_ ? "write {{ .inputs.NAME }}" : "write a parameter as :name");
  }

  std::string_view sql_;
  const Lexicon& lexicon_;
  const SqlOrigin& origin_;
  std::size_t begin_ = 0;
  std::size_t pos_ = 0;
  std::size_t text_start_ = 0;
  bool ended_ = false;
  bool templated_ = false;
  std::map<std::string, int, std::less<>> indexes_;
  ScannedSql result_;
};

}  // namespace

ScannedSql scan_sql(std::string_view sql, const Lexicon& lexicon,
                    const SqlOrigin& origin) {
  return Scanner(sql, lexicon, origin).run();
}

std::vector<SqlToken> tokens_of_template(std::string_view sql, const Lexicon& lexicon,
                                         const SqlOrigin& origin) {
  return Scanner(sql, lexicon, origin).run_template();
}

std::string position_of(std::string_view sql, const SqlOrigin& origin,
                        std::size_t offset) {
  const LineColumn at = line_column(sql, offset);
  if (origin.file.empty())
    return fmt::format("query line {}, column {}", at.line, at.column);
  if (origin.indent < 0) {
    return fmt::format("{}:{}:{} (query line {}, column {})", origin.file, origin.line,
                       origin.column, at.line, at.column);
  }
  const std::int64_t column =
      at.column + (at.line == 1 ? origin.column - 1 : origin.indent);
  return fmt::format("{}:{}:{}", origin.file, origin.line + at.line - 1, column);
}

}  // namespace penstock
