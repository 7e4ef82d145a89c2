// libmariadb's C handles, owned.
#pragma once

#include <memory>
#include <mysql.h>

namespace penstock::mysql {

struct Close {
  void operator()(MYSQL* connection) const noexcept { mysql_close(connection); }
};
struct CloseStatement {
  void operator()(MYSQL_STMT* statement) const noexcept { mysql_stmt_close(statement); }
};
struct FreeResult {
  void operator()(MYSQL_RES* result) const noexcept { mysql_free_result(result); }
};
using Handle = std::unique_ptr<MYSQL, Close>;
using Prepared = std::unique_ptr<MYSQL_STMT, CloseStatement>;
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

}  // namespace penstock::mysql
