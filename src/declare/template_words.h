// Small questions that the template's compiler asks about words and literals.
#pragma once

#include <string>
#include <string_view>

#include "declare/scanner.h"

namespace penstock {

/// Whether `word`, in upper case, makes a typed literal of the text behind it: DATE
/// '...'.
bool is_typed_literal(std::string_view word, const Lexicon& lexicon);

/// Whether `word`, in upper case, ends INTERVAL ... in MySQL's way: DAY, YEAR_MONTH.
bool is_interval_unit(std::string_view word);

/// Words of letters, digits, '_' and '.', a blank between them.
bool is_plain_words(std::string_view text);

/// What stands between quotes, as a value: doubled quotes are one, and backslash escapes
/// are what they stand for. `quote` 0: neither is.
std::string unquoted(std::string_view text, char quote, bool backslashes);

}  // namespace penstock
