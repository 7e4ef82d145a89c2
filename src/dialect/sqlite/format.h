// printf() and format() that say when they fail.
#pragma once

#include <sqlite3.h>

namespace penstock::sqlite {

/// SQLite's own two give NULL for a text that is longer than the connection's limit.
/// Replaces them by ones that are an error then (SQLITE_TOOBIG), and else give what
/// SQLite's give. `db` has its limits set. Throws Error if SQLite cannot.
void replace_formatters(sqlite3* db);

}  // namespace penstock::sqlite
