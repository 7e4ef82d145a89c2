// The only SQL scanner: finds parameters in a query by its dialect's lexical rules, and
// nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/query.h"

namespace penstock {

/// The lexical rules that differ between dialects (docs/reference/recipe.md, "SQL text").
struct Lexicon {
  std::string_view dialect;        // as Dsn::dialect: "postgresql", "mysql", "sqlite"
  std::string_view title;          // for messages: "PostgreSQL", "MySQL", "SQLite"
  bool dollar_quotes = false;      // $tag$ ... $tag$
  bool escape_strings = false;     // E'..' has backslash escapes; '..' has none
  bool backslash_escapes = false;  // in every string (MySQL without NO_BACKSLASH_ESCAPES)
  bool double_quoted_strings = false;  // "x" is a string (MySQL without ANSI_QUOTES)
  bool backtick_identifiers = false;   // `x`, a doubled ` stands for itself
  bool bracket_identifiers = false;    // [x], without doubling
  bool nested_comments = false;        // /* /* */ */
  bool executable_comments = false;    // /*! */ and /*M! */, which are refused
  bool hash_comments = false;          // # to the end of the line
  bool dash_comment_needs_blank =
      false;  // "--" starts a comment only before a blank or the end
  bool return_ends_line_comment = false;  // a lone carriage return ends it too
  /// What the driver would take as a parameter of its own, and is refused outside quotes:
  /// '?' wherever it stands, any other character where a letter, digit, '_' or '$'
  /// follows.
  std::string_view own_placeholders;

  static const Lexicon& postgres();
  static const Lexicon& mysql();
  static const Lexicon& sqlite();
};

/// A stretch of the query, in order: a parameter, or a slice of the query to be sent
/// unchanged.
struct SqlPiece {
  std::string text;        // empty for a parameter
  int parameter = -1;      // index into ScannedSql::parameters, or -1
  std::size_t offset = 0;  // of its first byte in the query as written
};

/// Invariants: every text is query.substr(offset, text.size()) and not empty; offsets
/// rise; two texts stand in a row only where the backslash of `\:` was dropped between
/// them; there is at least one piece.
struct ScannedSql {
  std::vector<SqlPiece> pieces;
  std::vector<std::string> parameters;  // names in order of first use, each once
};

/// Scans `sql` once. One trailing ';' (with blanks and comments after it) and a leading
/// byte-order mark are dropped. Throws Error{kRecipe} with the position in the user's
/// file (by `origin`): an unterminated string, identifier, comment or dollar quote; a
/// driver's own placeholder; an executable comment, or an optimizer hint that sets a
/// variable (MySQL); a NUL or other control byte; invalid
/// UTF-8; an empty query; a second statement after ';'.
ScannedSql scan_sql(std::string_view sql, const Lexicon& lexicon,
                    const SqlOrigin& origin);

/// What the scanner recognises, one after the other, with nothing between them.
struct SqlToken {
  enum class Kind : std::uint8_t {
    kBlank,
    kComment,
    kWord,        // a keyword or a bare identifier
    kNumber,      // with the letters that may be in it: 1e5, 0xFF
    kString,      // '...', and "..." where that is a string; without a prefix before it
    kEscapeText,  // E'...'
    kName,        // a quoted identifier
    kDollarQuote,
    kReference,  // {{ ... }} outside the others; inside them it is a part of their text
    kSemicolon,
    kSymbol,  // one byte of anything else, or ::
  };
  Kind kind;
  std::size_t begin;
  std::size_t end;
};

/// Scans a task's template: several statements are let through, and `{{ ... }}` is a
/// token of its own. What scan_sql refuses as a driver's own placeholder is refused, and
/// so is `:name`. Throws as scan_sql, but Error{kTask}.
std::vector<SqlToken> tokens_of_template(std::string_view sql, const Lexicon& lexicon,
                                         const SqlOrigin& origin);

/// Where byte `offset` of the query stands, columns counted in characters:
/// "FILE:LINE:COL"; "FILE:LINE:COL (query line L, column C)", the file's position being
/// the query's start, where YAML folding or escapes hide the rest; "query line L, column
/// C" without a file.
std::string position_of(std::string_view sql, const SqlOrigin& origin,
                        std::size_t offset);

}  // namespace penstock
