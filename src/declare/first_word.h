// What a statement begins with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "declare/scanner.h"
#include "declare/statement.h"

namespace penstock {

/// The statement's first word in upper case, or the one character that stands in place of
/// a word, blanks and comments before it skipped by `lexicon`'s rules.
std::string first_word(const Statement& statement, const Lexicon& lexicon);

/// The same of the first `count` words; fewer where the statement ends, or something else
/// than a word stands there.
std::vector<std::string> first_words(const Statement& statement, const Lexicon& lexicon,
                                     std::size_t count);

/// Whether the statement is a query, or an INSERT, UPDATE, DELETE, MERGE or REPLACE: what
/// a database can explain.
bool is_explained(const Statement& statement, const Lexicon& lexicon);

/// Throws Error{kRefused}, code "not_a_read", unless the statement begins with SELECT,
/// WITH, VALUES, TABLE or a bracket. That alone makes no read of it: WITH may lead to an
/// UPDATE, and any function may write. But everything that sets, calls, locks or explains
/// begins with another word, also where it would return rows.
void refuse_unless_query(const Statement& statement, const Lexicon& lexicon);

/// As above for a session that may write: a query, INSERT, UPDATE, DELETE, MERGE,
/// REPLACE, or a change of the schema (CREATE, ALTER, DROP, TRUNCATE, RENAME, COMMENT,
/// REFRESH, REINDEX, ANALYZE). What ends or begins a transaction, sets, copies, locks,
/// calls, grants or loads begins with another word and is refused.
void refuse_unless_change(const Statement& statement, const Lexicon& lexicon);

/// Whether the statement begins as a query does.
bool begins_as_query(const Statement& statement, const Lexicon& lexicon);

}  // namespace penstock
