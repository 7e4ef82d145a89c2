#include "dialect/postgres/errors.h"

#include <fmt/format.h>

#include "base/text.h"

namespace penstock::postgres {

Classified classify(std::string_view sqlstate) noexcept {
  using enum Category;
  const auto in = [sqlstate](std::string_view prefix) {
    return sqlstate.starts_with(prefix);
  };
  if (sqlstate == "57014") {
    return {kTimeout, "statement_timeout",
            "narrow the query, or raise statement_timeout_seconds or limits.seconds"};
  }
  if (sqlstate == "25006") return {kRefused, "not_a_read", "a query may only read"};
  if (in("28")) {
    return {kUnavailable, "authentication_failed",
            "check the user and the password in the DSN, and the server's pg_hba.conf"};
  }
  if (sqlstate == "3D000") {
    return {kUnavailable, "no_such_database", "check the database's name in the DSN"};
  }
  if (in("08") || in("57P") || sqlstate == "53300") {
    return {kUnavailable, "server_unavailable", ""};
  }
  if (in("53")) return {kLimit, "server_out_of_resources", ""};
  if (sqlstate == "42501") {
    return {kDataSource, "permission_denied",
            "grant what the statement needs: SELECT on what it reads"};
  }
  if (sqlstate == "42P18") {
    return {kDataSource, "query_failed", "say its type: CAST(... AS text)"};
  }
  return {kDataSource, "query_failed", ""};
}

Error server_error(std::string_view sqlstate, std::string_view message,
                   std::string_view server_hint, std::string_view where) {
  const Classified found = classify(sqlstate);
  const std::string place = where.empty() ? "" : fmt::format("{}: ", where);
  const std::string hint =
      found.hint.empty() ? printable(server_hint, 400) : std::string(found.hint);
  // A broken network's packets may say nothing.
  const std::string which =
      sqlstate.empty() ? "an error" : fmt::format("error {}", printable(sqlstate, 5));
  const std::string text =
      trim(message).empty() ? fmt::format("the server gave {} without a message", which)
                            : printable(trim(message), 400);
  return Error(found.category, std::string(found.code), place + text, hint,
               std::string(sqlstate));
}

}  // namespace penstock::postgres
