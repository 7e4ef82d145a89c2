// The three lexicons. Sources: PostgreSQL's scan.l, MySQL's and MariaDB's sql_lex.cc,
// SQLite's tokenize.c.
#include "declare/scanner.h"

namespace penstock {

const Lexicon& Lexicon::postgres() {
  static constexpr Lexicon kLexicon{.dialect = "postgresql",
                                    .title = "PostgreSQL",
                                    .dollar_quotes = true,
                                    .escape_strings = true,
                                    .nested_comments = true,
                                    .return_ends_line_comment = true,
                                    .own_placeholders = "$"};
  return kLexicon;
}

const Lexicon& Lexicon::mysql() {
  static constexpr Lexicon kLexicon{.dialect = "mysql",
                                    .title = "MySQL",
                                    .backslash_escapes = true,
                                    .double_quoted_strings = true,
                                    .backtick_identifiers = true,
                                    .executable_comments = true,
                                    .hash_comments = true,
                                    .dash_comment_needs_blank = true,
                                    .own_placeholders = "?"};
  return kLexicon;
}

const Lexicon& Lexicon::sqlite() {
  // '#' and ':1' are parameters to SQLite's tokenizer too, though its documentation does
  // not say so: left alone they would be bound to NULL without a word.
  static constexpr Lexicon kLexicon{.dialect = "sqlite",
                                    .title = "SQLite",
                                    .backtick_identifiers = true,
                                    .bracket_identifiers = true,
                                    .own_placeholders = "?@$#:"};
  return kLexicon;
}

}  // namespace penstock
