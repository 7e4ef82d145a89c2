// What a query may do while it is prepared and run: read.
#pragma once

#include <string>

namespace penstock::sqlite {

/// The answer to sqlite3_set_authorizer's question
/// (https://www.sqlite.org/c3ref/set_authorizer.html). Allows SELECT, READ, FUNCTION but
/// for those that load code or reach for pointers, RECURSIVE, the PRAGMAs that only look,
/// and two writes that reading prepares and never runs: UPDATE of sqlite_master, which
/// declaring an eponymous virtual table such as json_each asks for, and those of the
/// shadow tables of an R*Tree, which opening one asks for. Denies everything else.
///
/// A statement that writes is refused after it was prepared, too, whatever its table is
/// called: sqlite3_stmt_readonly (SqliteConnection::prepare_read).
int authorize_read(int action, const char* first, const char* second) noexcept;

/// The same for a session that may write: besides, INSERT, UPDATE, DELETE and changes of
/// the schema. No ATTACH, no PRAGMA that sets, no virtual table that is made or dropped,
/// no transaction of the statement's own.
int authorize_write(int action, const char* first, const char* second) noexcept;

/// What was asked for, in SQL's words, for a message: "INSERT", "PRAGMA journal_mode",
/// "load_extension()".
std::string name_of_action(int action, const char* first, const char* second);

}  // namespace penstock::sqlite
