// The one place where a SQLite file is opened for writing by what only reads.
#pragma once

#include <string>

#include "dialect/dialect.h"

namespace penstock::sqlite {

/// journal_mode=WAL, which stays with the file, and synchronous=NORMAL (SQL-QUERY-063),
/// by a connection of its own that is closed again: readers and one writer then do not
/// wait for each other. What cannot be changed (no right to write, a lock that lasts
/// longer than the connect timeout, a journal whose transaction has not ended, no
/// database at all) stays as it is, for the read-only connection to judge; returns why,
/// or nothing, also where the file cannot be opened at all. The file is never created.
/// Throws Error{kInterrupted}.
std::string set_write_ahead_log(const Target& target, const Session& session,
                                const Wait& wait);

}  // namespace penstock::sqlite
