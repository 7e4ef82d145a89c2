// SQLite's C handles, owned.
#pragma once

#include <memory>

#include <sqlite3.h>

namespace penstock::sqlite {

struct Close {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

}  // namespace penstock::sqlite
