// What a SQLite result code is to the user.
#pragma once

#include <string_view>

#include "dialect/sqlite/handles.h"
#include "penstock/error.h"

namespace penstock::sqlite {

struct Classified {
  Category category;
  std::string_view code;
  std::string_view hint;
};

/// Pure; by the extended result code, https://www.sqlite.org/rescode.html.
Classified classify(int extended_code) noexcept;

/// The error of the last call on `db`: "<what>: <SQLite's message>". `where`, if not
/// empty, stands first.
Error error_of(sqlite3* db, std::string_view what, std::string_view where = {});

/// As error_of, for a statement that runs with text bound to it: SQLite quotes what it
/// could not read ("JSON path error near 'x'"), which may be a parameter's value, so the
/// message ends where a quotation begins.
Error error_without_values(sqlite3* db, std::string_view what);

}  // namespace penstock::sqlite
