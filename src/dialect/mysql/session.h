// What a session is set to before the first query, and the proof that it is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "declare/scanner.h"
#include "dialect/dialect.h"

namespace penstock::mysql {

/// A result of text: a row's values in order, NULL as nothing.
using Rows = std::vector<std::vector<std::optional<std::string>>>;
/// Runs one statement of ours; throws what the server reports.
using Run = std::function<Rows(const std::string& sql)>;

struct SessionFacts {
  bool is_mariadb = false;
  std::string sql_mode;
};

/// Begins the transaction of a session that may write.
inline constexpr const char* kBeginWrite = "START TRANSACTION READ WRITE";

/// Makes the session read-only, or such that it may write, with its time limits, in UTC,
/// and reads every setting back; throws Error{kDataSource} if one does not hold (RS-013,
/// RS-014). The server's own limit is a second beyond ours, so that ours is what ends a
/// query: an interrupted SLEEP is a row like any other.
SessionFacts set_up_session(const Run& run, const Session& session, bool is_mariadb);

/// The privileges on everything in `SHOW GRANTS` lines by which a SELECT may do what a
/// read-only transaction does not stop: FILE, SUPER, those of replication and of the
/// server's settings. Pure.
std::vector<std::string> dangerous_privileges(const std::vector<std::string>& grants);

/// `SHOW GRANTS` lines for a person: "SELECT on `shop`.*"; no password hash, and nothing
/// for an account that may only connect. Pure.
std::vector<std::string> readable_grants(const std::vector<std::string>& grants);

/// Whether a statement with these first words, in upper case, commits the transaction it
/// is in: a change of the schema, but for one of temporary tables
/// (https://dev.mysql.com/doc/refman/9.0/en/implicit-commit.html). Pure.
bool commits_by_itself(const std::vector<std::string>& words);

/// The lexical rules under a server's sql_mode. Pure.
Lexicon lexicon_of(std::string_view sql_mode);

}  // namespace penstock::mysql
