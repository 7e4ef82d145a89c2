// The only SQL scanner: finds parameters in a query by its dialect's lexical rules, and nothing else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/query.h"

namespace penstock {

/// The lexical rules that differ between dialects (contract: "SQL text").
struct Lexicon {
  std::string_view dialect;
  bool dollar_quotes = false;           // $tag$ ... $tag$
  bool escape_strings = false;          // E'..', U&'' prefixes
  bool backslash_escapes = false;       // in every string (MySQL without NO_BACKSLASH_ESCAPES)
  bool nested_comments = false;         // /* /* */ */
  bool hash_comments = false;           // # to the end of the line
  bool dash_comment_needs_blank = false;  // MySQL: "--" starts a comment only before a blank or control character
  bool backtick_identifiers = false;
  bool bracket_identifiers = false;     // [x]
  bool double_quoted_strings = false;   // "x" is a string (MySQL without ANSI_QUOTES)
  bool executable_comments = false;     // /*! */ and /*M! */ are refused
  bool array_slices = false;            // [1:n] and casts: ':' directly after a word character or ':' is text
  std::string_view own_placeholders;    // what the driver would take as its own: '$' PostgreSQL, '?' MySQL, "?@$" SQLite

  static const Lexicon& postgres();
  static const Lexicon& mysql();
  static const Lexicon& sqlite();
};

/// A stretch of the query, in order: text to be sent unchanged, or a parameter.
struct SqlPiece {
  std::string text;          // empty for a parameter
  int parameter = -1;        // index into ScannedSql::parameters, or -1
  std::size_t offset = 0;    // of its first byte in the query as written
};

struct ScannedSql {
  std::vector<SqlPiece> pieces;         // no two texts in a row; at least one piece
  std::vector<std::string> parameters;  // names in order of first use, each once
};

/// Scans `sql` once. One trailing ';' (with blanks and comments after it) is dropped.
/// Throws Error{kRecipe} with the position in the user's file (by `origin`): an unterminated string, identifier,
/// comment or dollar quote; a driver's own placeholder; an executable comment; a NUL or other control byte; an empty
/// query; a second statement after ';'.
ScannedSql scan_sql(std::string_view sql, const Lexicon& lexicon, const SqlOrigin& origin);

/// "FILE:LINE:COL" of byte `offset` of the query, or "query line L, column C" where the file's position cannot be
/// known (folded or quoted YAML, or no file).
std::string position_of(std::string_view sql, const SqlOrigin& origin, std::size_t offset);

}  // namespace penstock
