#include "dialect/mysql/one_version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/mysql/connection.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// The lock is held no longer, whatever becomes of the snapshots.
constexpr std::chrono::milliseconds kSnapshotLimit{2000};

std::string with_doubled(std::string_view name, char quote) {
  const std::string quoted = quote_identifier(name, quote);
  return quoted.substr(1, quoted.size() - 2);
}

// Snapshots under the lock: asked for from all sessions before the first answer is read,
// so that it is held for one round trip and not for one a session.
void take_snapshots(MysqlConnection& locker, const std::vector<std::string>& tables,
                    const std::vector<MysqlConnection*>& sessions, const Wait& wait) {
  SocketWait locking(wait.deadline, wait.stop);
  locker.lock(tables, locking);
  SocketWait snapshots(wait.deadline.sooner(Deadline::after(kSnapshotLimit)), wait.stop);
  for (MysqlConnection* session : sessions) session->ask_for_snapshot(snapshots);
  for (MysqlConnection* session : sessions) session->await_snapshot(snapshots);
  locker.unlock(snapshots);
}

std::string why_no_lock(const Error& error, const std::vector<std::string>& tables) {
  const std::string names = fmt::format("{}", fmt::join(tables, ", "));
  if (error.code() == "permission_denied") {
    return fmt::format(
        "the account may not LOCK TABLES {} for the moment in which several connections "
        "take one snapshot",
        printable(names, 300));
  }
  return fmt::format("no snapshot could be taken under a brief lock on {}: {}",
                     printable(names, 300), error.what());
}

}  // namespace

bool may_name(std::string_view sql, std::string_view name) {
  if (name.empty()) return false;
  const auto beyond_ascii = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  // Which letters are one in another case, the server knows.
  if (std::any_of(name.begin(), name.end(), beyond_ascii)) return true;
  return has_word(sql, name) || has_word(sql, with_doubled(name, '`')) ||
         has_word(sql, with_doubled(name, '"'));
}

std::string_view unstable_word(std::string_view sql) {
  static constexpr std::array<std::string_view, 9> kWords{
      "LIMIT", "FETCH", "ROWNUM",     "RAND",      "RANDOM_BYTES",
      "UUID",  "SHARE", "FOR UPDATE", "UUID_SHORT"};
  for (const std::string_view word : kWords) {
    // FOR UPDATE may have anything between its words.
    if (may_name(sql, word == "FOR UPDATE" ? "UPDATE" : word)) return word;
  }
  return sql.find(":=") == std::string_view::npos ? "" : ":=";
}

std::vector<std::unique_ptr<Connection>> connect_to_one_version(
    const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
    const Statement& statement, const Partition& partition, std::string* why) {
  std::vector<std::unique_ptr<Connection>> group;
  const auto connect = [&] {
    return std::make_unique<MysqlConnection>(dsn, target, session, wait);
  };
  auto first = connect();
  const auto tables = first->tables_to_lock(statement, partition, why);
  group.push_back(std::move(first));
  if (tables.empty()) return group;
  // The last of them is the one that locks.
  connect_others(group, static_cast<std::size_t>(partition.count), connect, why);
  if (group.size() == 1) return group;
  try {
    const std::unique_ptr<Connection> locker = std::move(group.back());
    group.pop_back();
    std::vector<MysqlConnection*> sessions;
    for (const auto& one : group) {
      sessions.push_back(static_cast<MysqlConnection*>(one.get()));
    }
    take_snapshots(static_cast<MysqlConnection&>(*locker), tables, sessions, wait);
  } catch (const Error& error) {
    if (error.category() == Category::kInterrupted) throw;
    *why = why_no_lock(error, tables);
    group.clear();
    group.push_back(connect());
  }
  return group;
}

}  // namespace penstock::mysql
