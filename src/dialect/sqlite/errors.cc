#include "dialect/sqlite/errors.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/text.h"

namespace penstock::sqlite {

Classified classify(int extended_code) noexcept {
  using enum Category;
  switch (extended_code) {
    case SQLITE_READONLY_ROLLBACK:
    case SQLITE_READONLY_RECOVERY:
      return {kUnavailable, "database_needs_recovery",
              "a writer crashed; open the database once with its own program, which "
              "recovers it"};
    case SQLITE_READONLY_CANTINIT:
    case SQLITE_READONLY_CANTLOCK:
    case SQLITE_READONLY_DIRECTORY:
    case SQLITE_CANTOPEN:
      return {kUnavailable, "database_cannot_be_opened",
              "check the file's permissions; a WAL database also needs its -wal and -shm "
              "files, or a writable folder"};
    default:
      break;
  }
  switch (extended_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {
          kUnavailable, "database_locked",
          "another program holds a lock; raise connect_timeout_seconds, or try again"};
    case SQLITE_NOTADB:
      return {kDataSource, "not_a_database",
              "the file is not a SQLite database, or is encrypted"};
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      return {kDataSource, "database_corrupt",
              "check the file with: sqlite3 FILE 'PRAGMA integrity_check'"};
    case SQLITE_AUTH:
      return {kRefused, "not_a_read", "a query may only read"};
    case SQLITE_READONLY:
      return {kRefused, "not_a_read", "a query may only read"};
    case SQLITE_NOMEM:
      return {kLimit, "out_of_memory", "the query needs more memory than it may have"};
    case SQLITE_TOOBIG:
      return {kLimit, "value_too_big", "a text or blob may have 256 MiB"};
    case SQLITE_FULL:
      return {kDataSource, "temporary_space_full",
              "free space for SQLite's temporary files"};
    case SQLITE_IOERR:
      return {kDataSource, "database_io_error",
              "reading the file failed; check its disk"};
    case SQLITE_CANTOPEN:
      return {kUnavailable, "database_cannot_be_opened", ""};
    case SQLITE_PERM:
      return {kUnavailable, "database_cannot_be_opened", "check the file's permissions"};
    default:
      return {kDataSource, "query_failed", ""};
  }
}

namespace {

Error make_error(sqlite3* db, std::string_view what, std::string_view where,
                 std::string_view message) {
  const Classified found = classify(sqlite3_extended_errcode(db));
  const std::string place = where.empty() ? "" : fmt::format("{}: ", where);
  return Error(found.category, std::string(found.code),
               fmt::format("{}{}: {}", place, what, printable(message, 400)),
               std::string(found.hint));
}

}  // namespace

Error error_of(sqlite3* db, std::string_view what, std::string_view where) {
  return make_error(db, what, where, sqlite3_errmsg(db));
}

Error error_without_values(sqlite3* db, std::string_view what) {
  const std::string_view message = sqlite3_errmsg(db);
  constexpr std::string_view kModule = "fts5: ";
  const std::size_t start = message.starts_with(kModule) ? kModule.size() : 0;
  const auto cut =
      std::min(message.find_first_of("'\"[", start), message.find(": ", start));
  if (cut >= message.size()) return error_of(db, what);
  return make_error(db, what, {}, fmt::format("{} …", trim(message.substr(0, cut))));
}

}  // namespace penstock::sqlite
