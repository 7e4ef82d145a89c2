// What an error number of the server is to the user.
#pragma once

#include <mysql.h>
#include <string>
#include <string_view>

#include "penstock/error.h"

namespace penstock::mysql {

struct Classified {
  Category category;
  std::string_view code;
  std::string_view hint;
};

/// Pure; by number, else by SQLSTATE class
/// (https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html,
/// https://mariadb.com/kb/en/mariadb-error-code-reference/). Numbers from 2000 to 2999
/// are libmariadb's own.
Classified classify(unsigned number, std::string_view sqlstate) noexcept;

/// An error the server or libmariadb reported: "[where: ]message". Text that is not
/// printable is escaped.
Error server_error(unsigned number, std::string_view sqlstate, std::string_view message,
                   std::string_view where = {});
/// The last error of `connection`, or of `statement`.
Error error_of(MYSQL* connection, std::string_view where = {});
Error error_of(MYSQL_STMT* statement, std::string_view where = {});

}  // namespace penstock::mysql
