#include "dialect/mysql/one_version.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "dialect/mysql/connection.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// LIMIT and the like take any rows, the locking reads are of no snapshot, and the rest
// are functions of chance, of the session or of a time of their own; DEFAULT(a) may be
// any of them. NOW() and its kin are not here: their time is set. A variable, @x, is NULL
// in every session unless := sets it.
constexpr std::array<std::string_view, 25> kUnstableWords{
    "LIMIT",          "FETCH",        "ROWNUM",        "RAND",
    "RANDOM_BYTES",   "UUID",         "UUID_SHORT",    "UUID_V4",
    "UUID_V7",        "SYS_GUID",     "ENCRYPT",       "SHARE",
    "FOR UPDATE",     "SYSDATE",      "CONNECTION_ID", "PS_CURRENT_THREAD_ID",
    "LAST_INSERT_ID", "ROW_COUNT",    "FOUND_ROWS",    "GET_LOCK",
    "IS_FREE_LOCK",   "IS_USED_LOCK", "RELEASE_LOCK",  "RELEASE_ALL_LOCKS",
    "DEFAULT"};

// The locks are held no longer, whatever becomes of the snapshots.
constexpr std::chrono::milliseconds kSnapshotLimit{2000};
// Writers may wait for the tables that are locked already.
constexpr std::chrono::milliseconds kFurtherLimit{250};
constexpr int kAttempts = 4;

std::string with_doubled(std::string_view name, char quote) {
  const std::string quoted = quote_identifier(name, quote);
  return quoted.substr(1, quoted.size() - 2);
}

using Connect = std::function<std::unique_ptr<MysqlConnection>()>;

// A brief READ lock on each of some tables, by a session each. One session that waited
// for a table while it holds another would be part of a deadlock with whoever writes to
// both, and the server ends the writer.
class Locks {
 public:
  Locks(std::vector<std::string> tables, Connect connect, const Wait& wait)
      : tables_(std::move(tables)), connect_(std::move(connect)), wait_(wait) {}

  /// Throws Error if they cannot be had soon.
  void take() {
    while (sessions_.size() < tables_.size()) sessions_.push_back(connect_());
    for (int attempt = 1;; ++attempt) {
      const std::size_t had = take_in_order();
      if (had == tables_.size()) return;
      // Whoever has this table waits for one of ours: they are let go, and next time this
      // one comes first, which is waited for with nothing in hand.
      SocketWait releasing(wait_.deadline, wait_.stop);
      for (std::size_t i = 0; i < had; ++i) sessions_[i]->unlock(releasing);
      if (attempt == kAttempts) {
        throw Error(Category::kUnavailable, "lock_not_had",
                    fmt::format("{} is being written to", printable(tables_[had], 300)));
      }
      sessions_[had] = connect_();
      std::rotate(tables_.begin(), tables_.begin() + static_cast<std::ptrdiff_t>(had),
                  tables_.begin() + static_cast<std::ptrdiff_t>(had) + 1);
    }
  }

  void release(SocketWait& wait) {
    for (const auto& session : sessions_) session->unlock(wait);
  }

 private:
  // How many were had.
  std::size_t take_in_order() {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const Deadline soon =
          i == 0 ? wait_.deadline : wait_.deadline.sooner(Deadline::after(kFurtherLimit));
      SocketWait locking(soon, wait_.stop);
      try {
        sessions_[i]->lock(tables_[i], locking);
      } catch (const Error& error) {
        if (i == 0 || error.category() != Category::kTimeout || wait_.deadline.passed())
          throw;
        return i;
      }
    }
    return tables_.size();
  }

  std::vector<std::string> tables_;
  Connect connect_;
  Wait wait_;
  std::vector<std::unique_ptr<MysqlConnection>> sessions_;
};

void set_one_time(const std::vector<MysqlConnection*>& sessions, const Wait& wait) {
  SocketWait setting(wait.deadline, wait.stop);
  const std::string time = sessions.front()->time(setting);
  for (MysqlConnection* session : sessions) session->set_time(time, setting);
}

// Snapshots under the locks: asked for from all sessions before the first answer is read,
// so that they are held for one round trip and not for one a session.
void take_snapshots(Locks& locks, const std::vector<MysqlConnection*>& sessions,
                    const Wait& wait) {
  locks.take();
  SocketWait snapshots(wait.deadline.sooner(Deadline::after(kSnapshotLimit)), wait.stop);
  for (MysqlConnection* session : sessions) session->ask_for_snapshot(snapshots);
  for (MysqlConnection* session : sessions) session->await_snapshot(snapshots);
  locks.release(snapshots);
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
  for (const std::string_view word : kUnstableWords) {
    // FOR UPDATE may have anything between its words.
    if (may_name(sql, word == "FOR UPDATE" ? "UPDATE" : word)) return word;
  }
  for (const std::string_view sign : {":=", "@@"}) {
    if (sql.find(sign) != std::string_view::npos) return sign;
  }
  return "";
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
  connect_others(group, static_cast<std::size_t>(partition.count - 1), connect, why);
  if (group.size() == 1) return group;
  try {
    std::vector<MysqlConnection*> sessions;
    for (const auto& one : group) {
      sessions.push_back(static_cast<MysqlConnection*>(one.get()));
    }
    set_one_time(sessions, wait);
    Locks locks(tables, connect, wait);
    take_snapshots(locks, sessions, wait);
  } catch (const Error& error) {
    if (error.category() == Category::kInterrupted) throw;
    *why = why_no_lock(error, tables);
    group.clear();
    group.push_back(connect());
  }
  return group;
}

}  // namespace penstock::mysql
