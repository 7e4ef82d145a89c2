#include "dialect/mysql/session.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

constexpr std::chrono::milliseconds kServerMargin{1000};
constexpr const char* kNoLimit = "18446744073709551615";
// Of the warnings the server keeps for us to look at.
constexpr const char* kMostWarnings = "65535";
// How long the server waits for a reader that is busy elsewhere, beyond the statement's
// time.
constexpr std::int64_t kWriteMarginSeconds = 60;

std::vector<std::string_view> privileges_of(std::string_view grant) {
  std::vector<std::string_view> found;
  int depth = 0;  // "SELECT (a, b), INSERT"
  std::size_t start = 0;
  for (std::size_t i = 0; i <= grant.size(); ++i) {
    if (i == grant.size() || (grant[i] == ',' && depth == 0)) {
      found.push_back(trim(grant.substr(start, i - start)));
      start = i + 1;
    } else {
      depth += grant[i] == '(' ? 1 : grant[i] == ')' ? -1 : 0;
    }
  }
  return found;
}

// By which a SELECT may do what no read-only transaction stops: change what is not kept
// in tables, stop sessions or the server, or read beyond what its SELECT grants give. The
// server has functions that do so, and a function with its caller's rights may hold SET
// GLOBAL, KILL, PURGE BINARY LOGS, BINLOG and SHUTDOWN (but nothing that commits, such as
// FLUSH or CREATE USER). REPLICATION SLAVE reads every change of every database. Let be:
// what is needed for a statement that is no SELECT, and what only shows more of the
// server's state, such as PROCESS and REPLICATION CLIENT.
constexpr auto kDangerous = std::to_array<std::string_view>(
    {"ALL", "ALL PRIVILEGES", "FILE", "REPLICATION SLAVE", "SHUTDOWN", "SUPER",
     // MySQL
     // (https://dev.mysql.com/doc/refman/9.0/en/privileges-provided.html)
     "AUDIT_ADMIN", "BINLOG_ADMIN", "CONNECTION_ADMIN", "FIREWALL_ADMIN",
     "GROUP_REPLICATION_ADMIN", "INNODB_REDO_LOG_ARCHIVE", "MASKING_DICTIONARIES_ADMIN",
     "REPLICATION_APPLIER", "REPLICATION_SLAVE_ADMIN", "SYSTEM_VARIABLES_ADMIN",
     "VERSION_TOKEN_ADMIN",
     // MariaDB
     // (https://mariadb.com/kb/en/grant/#global-privileges)
     "BINLOG ADMIN", "BINLOG REPLAY", "CONNECTION ADMIN", "READ_ONLY ADMIN",
     "REPLICATION MASTER ADMIN", "REPLICATION SLAVE ADMIN"});

struct Grant {
  std::string_view privileges;
  std::string_view object;  // "*.*"
};

// "GRANT a, b ON x TO y ..."; nothing for a role or a proxy. An identifier is quoted, so
// " ON " and " TO " inside it stand between backticks, after the first ones.
std::optional<Grant> grant_of(std::string_view line) {
  if (!line.starts_with("GRANT ")) return std::nullopt;
  line.remove_prefix(6);
  const auto on = line.find(" ON ");
  if (on == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(on + 4);
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '`') quoted = !quoted;
    if (!quoted && rest.substr(i).starts_with(" TO ")) {
      return Grant{line.substr(0, on), rest.substr(0, i)};
    }
  }
  return std::nullopt;
}

void require(bool holds, std::string_view what) {
  if (holds) return;
  throw Error(Category::kDataSource, "session_not_set_up",
              fmt::format("the session could not be set up: {}", what));
}

}  // namespace

SessionFacts set_up_session(const Run& run, const Session& session, bool is_mariadb) {
  const std::int64_t limit_ms = (session.limits.statement + kServerMargin).count();
  const std::int64_t limit_seconds = (limit_ms + 999) / 1000;
  const bool writes = session.access == Access::kReadWrite;
  run(writes ? "SET SESSION TRANSACTION READ WRITE"
             : "SET SESSION TRANSACTION READ ONLY");
  // Otherwise a value that does not fit its column is cut, and only warned of.
  if (writes) run("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')");
  run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  run(is_mariadb ? fmt::format("SET SESSION max_statement_time = {}", limit_seconds)
                 : fmt::format("SET SESSION max_execution_time = {}", limit_ms));
  run(
      fmt::format("SET SESSION time_zone = '+00:00', sql_select_limit = {}, "
                  "net_write_timeout = {}",
                  kNoLimit, limit_seconds + kWriteMarginSeconds));
  // MySQL lets only an administrator do this.
  if (is_mariadb) run(fmt::format("SET SESSION max_error_count = {}", kMostWarnings));
  run(writes ? kBeginWrite : "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");

  std::map<std::string, std::string> now;
  for (const auto& row :
       run("SHOW SESSION VARIABLES WHERE Variable_name IN ('transaction_read_only', "
           "'tx_read_only', 'time_zone', 'sql_select_limit', 'max_statement_time', "
           "'max_execution_time', 'character_set_results', 'character_set_client', "
           "'sql_mode')")) {
    if (row.size() == 2) now[to_lower(row[0].value_or(""))] = row[1].value_or("");
  }
  const char* const read_only = writes ? "OFF" : "ON";
  require(now["transaction_read_only"] == read_only || now["tx_read_only"] == read_only,
          writes ? "it is read-only" : "it is not read-only");
  require(now["time_zone"] == "+00:00", "its time zone is not UTC");
  require(now["sql_select_limit"] == kNoLimit, "sql_select_limit cuts results");
  require(now["character_set_results"] == "utf8mb4" &&
              now["character_set_client"] == "utf8mb4",
          "its character set is not utf8mb4");
  const std::string& limit =
      now[is_mariadb ? "max_statement_time" : "max_execution_time"];
  const std::string wanted = std::to_string(is_mariadb ? limit_seconds : limit_ms);
  require(limit.substr(0, limit.find('.')) == wanted, "its time limit does not hold");
  return {is_mariadb, now["sql_mode"]};
}

std::vector<std::string> dangerous_privileges(const std::vector<std::string>& grants) {
  std::vector<std::string> found;
  for (const std::string& line : grants) {
    const auto grant = grant_of(line);
    if (!grant || grant->object != "*.*") continue;
    for (const std::string_view privilege : privileges_of(grant->privileges)) {
      if (std::find(kDangerous.begin(), kDangerous.end(), privilege) != kDangerous.end())
        found.emplace_back(privilege);
    }
  }
  return found;
}

std::vector<std::string> readable_grants(const std::vector<std::string>& grants) {
  std::vector<std::string> lines;
  for (const std::string& line : grants) {
    const auto grant = grant_of(line);
    if (!grant || grant->privileges == "USAGE") continue;
    lines.push_back(
        printable(fmt::format("{} on {}", grant->privileges, grant->object), 400));
  }
  return lines;
}

bool commits_by_itself(const std::vector<std::string>& words) {
  static constexpr std::array<std::string_view, 6> kCommit{
      "ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "ANALYZE"};
  const auto word = [&](std::size_t i) {
    return i < words.size() ? std::string_view(words[i]) : std::string_view();
  };
  if (std::find(kCommit.begin(), kCommit.end(), word(0)) == kCommit.end()) return false;
  const bool replaces = word(0) == "CREATE" && word(1) == "OR" && word(2) == "REPLACE";
  const bool makes_or_drops = word(0) == "CREATE" || word(0) == "DROP";
  return !makes_or_drops || word(replaces ? 3 : 1) != "TEMPORARY";
}

Lexicon lexicon_of(std::string_view sql_mode) {
  Lexicon lexicon = Lexicon::mysql();
  for (const std::string_view mode : split(sql_mode, ',')) {
    if (mode == "ANSI_QUOTES") lexicon.double_quoted_strings = false;
    if (mode == "NO_BACKSLASH_ESCAPES") lexicon.backslash_escapes = false;
  }
  return lexicon;
}

}  // namespace penstock::mysql
