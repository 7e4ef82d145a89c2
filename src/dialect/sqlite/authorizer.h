// What a query may do while it is prepared and run: read.
#pragma once

namespace penstock::sqlite {

/// For sqlite3_set_authorizer (https://www.sqlite.org/c3ref/set_authorizer.html). Allows
/// SELECT, READ, FUNCTION but for those that load code or reach for pointers, RECURSIVE,
/// the PRAGMAs that only look, and UPDATE of sqlite_master, which declaring an eponymous
/// virtual table such as json_each asks for. Denies everything else.
int authorize_read(void* context, int action, const char* first, const char* second,
                   const char* database, const char* trigger) noexcept;

}  // namespace penstock::sqlite
