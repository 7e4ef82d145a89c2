#include "dialect/mysql/errors.h"

#include <fmt/format.h>

#include "base/text.h"

namespace penstock::mysql {

Classified classify(unsigned number, std::string_view sqlstate) noexcept {
  using enum Category;
  switch (number) {
    case 1969:  // MariaDB: max_statement_time
    case 3024:  // MySQL: max_execution_time
      return {kTimeout, "statement_timeout",
              "narrow the query, or raise statement_timeout_seconds or limits.seconds"};
    case 1317:  // interrupted, KILL QUERY
      return {kDataSource, "query_killed", "somebody stopped the query on the server"};
    case 1792:  // READ ONLY transaction
    case 1290:  // --read-only, --secure-file-priv
    case 1836:  // read-only mode
      return {kRefused, "not_a_read", "a query may only read"};
    case 1045:
    case 1698:
    case 1251:
    case 2059:
      return {kUnavailable, "authentication_failed",
              "check the user and the password in the DSN, and the account's host"};
    case 1049:
      return {kUnavailable, "no_such_database", "check the database's name in the DSN"};
    case 1044:  // database
    case 1142:  // table
    case 1143:  // column
    case 1227:  // needs a privilege
    case 1370:  // routine
      return {kDataSource, "permission_denied",
              "grant what the statement needs: SELECT on what it reads"};
    case 1040:  // too many connections
    case 1129:  // host blocked
    case 1130:  // host not allowed
    case 1203:  // user's connections
    case 1226:
    case 1053:  // shutdown
    case 1927:  // MariaDB: connection killed
    case 2002:
    case 2003:
      return {kUnavailable, "server_unavailable",
              "check that the server runs and can be reached"};
    case 2006:
    case 2013:
      return {kUnavailable, "connection_lost",
              "the result was not complete, so nothing was published"};
    case 2026:
      return {kUnavailable, "tls_failed",
              "check the ssl options in the DSN, and the server's certificate"};
    case 1037:  // out of memory
    case 1038:  // out of sort memory
    case 1041:
    case 1114:  // table is full
    case 3636:
      return {kLimit, "server_out_of_resources", ""};
    default:
      break;
  }
  if (sqlstate.starts_with("28")) return classify(1045, "");
  if (sqlstate.starts_with("08")) return classify(1053, "");
  return {kDataSource, "query_failed", ""};
}

Error server_error(unsigned number, std::string_view sqlstate, std::string_view message,
                   std::string_view where) {
  const Classified found = classify(number, sqlstate);
  const std::string place = where.empty() ? "" : fmt::format("{}: ", where);
  const bool own = number >= 2000 && number < 3000;
  // A broken network's packets may say nothing, and the client library then repeats it.
  const std::string text =
      trim(message).empty()
          ? fmt::format("the server gave error {} without a message", number)
          : printable(trim(message), 400);
  return Error(found.category, std::string(found.code), place + text,
               std::string(found.hint), own ? "" : std::string(sqlstate));
}

Error error_of(MYSQL* connection, std::string_view where) {
  return server_error(mysql_errno(connection), mysql_sqlstate(connection),
                      mysql_error(connection), where);
}

Error error_of(MYSQL_STMT* statement, std::string_view where) {
  return server_error(mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement),
                      mysql_stmt_error(statement), where);
}

}  // namespace penstock::mysql
