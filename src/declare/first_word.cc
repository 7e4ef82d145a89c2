#include "declare/first_word.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";

// The statement was scanned before: comments in it are closed.
std::size_t block_end(std::string_view text, std::size_t at, bool nested) {
  int depth = 0;
  while (at < text.size()) {
    const std::string_view two = text.substr(at, 2);
    if (two == "/*" && (nested || depth == 0)) {
      ++depth;
      at += 2;
    } else if (two == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

bool starts_line_comment(std::string_view text, const Lexicon& lexicon) {
  if (lexicon.hash_comments && text.starts_with('#')) return true;
  if (!text.starts_with("--")) return false;
  return !lexicon.dash_comment_needs_blank || text.size() == 2 ||
         kBlanks.find(text[2]) != std::string_view::npos;
}

std::size_t token_start(std::string_view text, const Lexicon& lexicon) {
  const std::string_view line_ends = lexicon.return_ends_line_comment ? "\n\r" : "\n";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (kBlanks.find(rest.front()) != std::string_view::npos) {
      ++at;
    } else if (rest.starts_with("/*")) {
      at = block_end(text, at, lexicon.nested_comments);
    } else if (starts_line_comment(rest, lexicon)) {
      at = std::min(text.find_first_of(line_ends, at), text.size());
    } else {
      break;
    }
  }
  return at;
}

bool is_word_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '_' || c == '$' || (c & 0x80) != 0;
}

// The word that `text` begins with, blanks and comments before it skipped; empty if there
// is none.
std::string_view word_at(std::string_view text, const Lexicon& lexicon) {
  const std::size_t start = token_start(text, lexicon);
  std::size_t end = start;
  while (end < text.size() && is_word_part(text[end])) ++end;
  return text.substr(start, end - start);
}

}  // namespace

std::string first_word(const Statement& statement, const Lexicon& lexicon) {
  const std::string text = statement.text([](int) { return std::string("?"); });
  const std::string_view word = word_at(std::string_view(text), lexicon);
  if (!word.empty()) return to_upper(word);
  return text.substr(token_start(text, lexicon), 1);
}

std::vector<std::string> first_words(const Statement& statement, const Lexicon& lexicon,
                                     std::size_t count) {
  const std::string text = statement.text([](int) { return std::string("?"); });
  std::string_view rest = text;
  std::vector<std::string> words;
  while (words.size() < count) {
    const std::string_view word = word_at(rest, lexicon);
    if (word.empty()) break;
    words.push_back(to_upper(word));
    rest.remove_prefix(static_cast<std::size_t>(word.data() + word.size() - rest.data()));
  }
  return words;
}

bool is_explained(const Statement& statement, const Lexicon& lexicon) {
  static constexpr std::array<std::string_view, 5> kChanges{"INSERT", "UPDATE", "DELETE",
                                                            "MERGE", "REPLACE"};
  const std::string word = first_word(statement, lexicon);
  return begins_as_query(statement, lexicon) ||
         std::find(kChanges.begin(), kChanges.end(), word) != kChanges.end();
}

bool begins_as_query(const Statement& statement, const Lexicon& lexicon) {
  static constexpr std::array<std::string_view, 5> kReads{"SELECT", "WITH", "VALUES",
                                                          "TABLE", "("};
  const std::string word = first_word(statement, lexicon);
  return std::find(kReads.begin(), kReads.end(), word) != kReads.end();
}

void refuse_unless_change(const Statement& statement, const Lexicon& lexicon) {
  static constexpr std::array<std::string_view, 14> kChanges{
      "INSERT", "UPDATE",   "DELETE", "MERGE",   "REPLACE", "CREATE",  "ALTER",
      "DROP",   "TRUNCATE", "RENAME", "COMMENT", "REFRESH", "REINDEX", "ANALYZE"};
  if (begins_as_query(statement, lexicon)) return;
  const std::string word = first_word(statement, lexicon);
  if (std::find(kChanges.begin(), kChanges.end(), word) != kChanges.end()) return;
  throw Error(
      Category::kRefused, "not_a_change",
      fmt::format("a statement begins with {}", printable(word, 40)),
      "a task runs queries, INSERT, UPDATE, DELETE, MERGE, REPLACE and changes of "
      "the schema; its transaction is begun and ended by penstock");
}

void refuse_unless_query(const Statement& statement, const Lexicon& lexicon) {
  if (begins_as_query(statement, lexicon)) return;
  const std::string word = first_word(statement, lexicon);
  throw Error(Category::kRefused, "not_a_read",
              fmt::format("the query begins with {}", printable(word, 40)),
              "a query is a single SELECT, VALUES, TABLE or WITH ... SELECT");
}

}  // namespace penstock
