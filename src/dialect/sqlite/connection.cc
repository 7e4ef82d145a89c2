#include "dialect/sqlite/connection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/moments.h"
#include "base/text.h"
#include "columns/arrow_types.h"
#include "declare/first_word.h"
#include "dialect/sqlite/authorizer.h"
#include "dialect/sqlite/cursor.h"
#include "dialect/sqlite/errors.h"
#include "dialect/sqlite/format.h"

namespace penstock::sqlite {
namespace {

// A value longer than this is an error, whatever the file claims; a batch holds at least
// one row.
constexpr int kMaxValueBytes = 256 * 1024 * 1024;
// All that SQLite may hold in memory; one row of values that long, and what making them
// takes, fits.
constexpr std::int64_t kMaxHeapBytes = 1024LL * 1024 * 1024;
// Looking at the clock this often costs nothing that can be measured and ends a loop
// within milliseconds.
constexpr int kOpcodesPerLook = 4000;

// SQLite has this limit for the process alone. One that the host has set stays.
void limit_heap() {
  if (sqlite3_hard_heap_limit64(-1) == 0) sqlite3_hard_heap_limit64(kMaxHeapBytes);
}

// SQLite has no type for these: text that its date functions read. A moment is written
// without its zone, UTC, as SQLite's own functions do; a length of time is a modifier of
// theirs.
std::optional<std::string> moment_text(const Value& value) {
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* time = std::get_if<DateTime>(&value))
    return text_of(DateTime{time->micros, false});
  if (const auto* delta = std::get_if<TimeDelta>(&value)) {
    const std::string seconds = seconds_text(*delta);
    return fmt::format("{}{} seconds", seconds.starts_with('-') ? "" : "+", seconds);
  }
  return std::nullopt;
}

void bind_values(sqlite3* db, sqlite3_stmt* prepared, const Statement& statement) {
  int index = 0;
  for (const Value& value : statement.values) {
    const std::string& name = statement.names[static_cast<std::size_t>(index++)];
    int code = SQLITE_OK;
    if (const auto* text = std::get_if<std::string>(&value)) {
      code = sqlite3_bind_text64(prepared, index, text->data(), text->size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(prepared, index, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (std::isnan(*real)) {  // SQLite would make NULL of it
        throw Error(Category::kRecipe, "parameter_nan",
                    fmt::format("query parameter ':{}' is NaN, which SQLite has no "
                                "value for",
                                name),
                    "give it a number, or write the condition without it");
      }
      code = sqlite3_bind_double(prepared, index, *real);
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
      code = sqlite3_bind_int(prepared, index, *boolean ? 1 : 0);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      // A null pointer would bind NULL.
      const char* data = bytes->data.empty() ? "" : bytes->data.data();
      code = sqlite3_bind_blob64(prepared, index, data, bytes->data.size(),
                                 SQLITE_TRANSIENT);
    } else if (const auto moment = moment_text(value)) {
      code = sqlite3_bind_text64(prepared, index, moment->data(), moment->size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(prepared, index);
    }
    if (code != SQLITE_OK)
      throw error_of(db, fmt::format("query parameter ':{}' cannot be bound", name));
  }
}

}  // namespace

std::string placeholder(int index) { return fmt::format("?{}", index + 1); }

SqliteConnection::SqliteConnection(const Target& target, const Session& session,
                                   const Wait& wait,
                                   std::shared_ptr<const StoppedClock> clock)
    : path_(target.path()),
      writes_(session.access == Access::kReadWrite),
      plan_only_(session.plan_only),
      clock_(std::move(clock)),
      busy_timeout_(session.limits.connect) {
  limit_heap();
  open(path_);
  set_wait(wait);
  harden();
}

void SqliteConnection::open(const std::string& path) {
  // No SQLITE_OPEN_URI: an absolute path is never taken as file:. NOMUTEX: one thread at
  // a time is the contract, and makes protected and unprotected values the same thing
  // (https://www.sqlite.org/c3ref/value.html).
  const int flags =
      path.empty()
          ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
          : (writes_ && !plan_only_ ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &raw,
                                   flags | SQLITE_OPEN_EXRESCODE,
                                   clock_ ? clock_->file_system() : nullptr);
  db_.reset(raw);
  if (code != SQLITE_OK)
    throw error_of(raw, fmt::format("cannot open database file '{}'", printable(path)));
  sqlite3_progress_handler(raw, kOpcodesPerLook, &SqliteConnection::on_progress, this);
  sqlite3_busy_handler(raw, &SqliteConnection::on_busy, this);
}

// https://www.sqlite.org/security.html, "untrusted SQLite database files" and "untrusted
// SQL".
void SqliteConnection::harden() {
  sqlite3* db = db_.get();
  const std::pair<int, int> switches[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, writes_ ? 1 : 0},
      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
      {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0}};
  for (const auto& [option, wanted] : switches) {
    int now = -1;
    if (sqlite3_db_config(db, option, wanted, &now) != SQLITE_OK || now != wanted) {
      throw Error(
          Category::kDataSource, "session_not_read_only",
          fmt::format("this SQLite library refused a safety setting ({})", option));
    }
  }
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
  replace_formatters(db);
  run("PRAGMA mmap_size=0");  // a mapped file that is cut by another program kills the
                              // process
  run("PRAGMA cell_size_check=ON");
  if (writes_ && !plan_only_) {
    allow_writing();
  } else {
    run("PRAGMA query_only=ON");
    if (read_int("PRAGMA query_only") != 1) {
      throw Error(Category::kDataSource, "session_not_read_only",
                  "PRAGMA query_only could not be set");
    }
  }
  read_int("PRAGMA schema_version");  // the first look at the file: not a database,
                                      // corrupt, locked
  authorize();
}

// What the schema declares holds here, too: its triggers and its foreign keys, which
// SQLite leaves aside unless asked.
void SqliteConnection::allow_writing() {
  // SQLite opens a file that it may not write read-only, and says nothing.
  if (sqlite3_db_readonly(db_.get(), "main") == 1) {
    throw Error(Category::kUnavailable, "database_cannot_be_opened",
                fmt::format("the database file '{}' cannot be written", printable(path_)),
                "check the permissions of the file and its folder");
  }
  run("PRAGMA foreign_keys=ON");
  run("BEGIN IMMEDIATE");
}

void SqliteConnection::set_wait(const Wait& wait) {
  wait_ = wait;
  interrupt_on_stop_.reset();
  interrupt_on_stop_.emplace(wait.stop, Interrupt{db_.get()});
}

void SqliteConnection::authorize() {
  sqlite3_set_authorizer(db_.get(), &SqliteConnection::on_authorize, this);
}

void SqliteConnection::run(const char* pragma) {
  if (sqlite3_exec(db_.get(), pragma, nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("cannot open the database");
}

std::int64_t SqliteConnection::read_int(const char* pragma) {
  const Prepared prepared = prepare(pragma, nullptr);
  if (sqlite3_step(prepared.get()) != SQLITE_ROW) fail("cannot open the database");
  return sqlite3_column_int64(prepared.get(), 0);
}

bool SqliteConnection::wait_is_over() {
  if (wait_.stop.stop_requested()) {
    ended_ = Ended::kStopped;
  } else if (wait_.deadline.passed()) {
    ended_ = Ended::kDeadline;
  }
  return ended_ != Ended::kNo;
}

int SqliteConnection::on_progress(void* self) noexcept {
  return static_cast<SqliteConnection*>(self)->wait_is_over() ? 1 : 0;
}

// Views that select from views can make one short query take for ever to prepare, with
// no opcode run.
int SqliteConnection::on_authorize(void* self, int action, const char* first,
                                   const char* second, const char* /*database*/,
                                   const char* /*trigger*/) noexcept {
  auto* connection = static_cast<SqliteConnection*>(self);
  if (connection->own_statement_) return SQLITE_OK;
  if (connection->wait_is_over()) return SQLITE_DENY;
  const int answer = connection->writes_ ? authorize_write(action, first, second)
                                         : authorize_read(action, first, second);
  if (answer != SQLITE_OK) {
    connection->denied_ = name_of_action(action, first, second);
  }
  return answer;
}

// Waits for a writer, a little longer each time, up to the connect timeout (RS-009). That
// it is locked says more than that the time is over, so ended_ is left alone.
int SqliteConnection::on_busy(void* self, int calls) noexcept {
  auto* connection = static_cast<SqliteConnection*>(self);
  const Wait& wait = connection->wait_;
  if (calls == 0) connection->busy_until_ = Deadline::after(connection->busy_timeout_);
  if (wait.stop.stop_requested() || connection->busy_until_.passed() ||
      wait.deadline.passed()) {
    return 0;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + calls, 25)));
  return 1;
}

void SqliteConnection::throw_if_ended() const {
  if (ended_ == Ended::kStopped) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted; the query was stopped");
  }
  if (ended_ == Ended::kNo) return;
  if (!executing_) {
    throw Error(Category::kTimeout, "connect_timeout",
                "the database could not be opened within its time limit",
                "raise connect_timeout_seconds or limits.seconds");
  }
  throw Error(Category::kTimeout, "statement_timeout",
              "the query ran past its time limit and was stopped",
              "narrow the query, or raise statement_timeout_seconds or limits.seconds");
}

void SqliteConnection::throw_if_interrupted() {
  if (wait_.stop.stop_requested()) ended_ = Ended::kStopped;
  if ((sqlite3_extended_errcode(db_.get()) & 0xFF) == SQLITE_INTERRUPT) wait_is_over();
  throw_if_ended();
}

void SqliteConnection::check_wait() {
  wait_is_over();
  throw_if_ended();
}

void SqliteConnection::fail(std::string_view what, std::string_view where) {
  throw_if_interrupted();
  throw error_of(db_.get(), what, where);
}

void SqliteConnection::throw_if_denied() const {
  throw_if_ended();
  if (denied_.empty()) return;
  throw Error(Category::kRefused, "not_a_read",
              fmt::format("the query may not use {}", denied_),
              writes_ ? "a task may change rows and the schema of its own database"
                      : "a query may only read");
}

void SqliteConnection::fail_step() {
  // A virtual table may prepare statements while it runs: pragma_integrity_check.
  const int code = sqlite3_extended_errcode(db_.get()) & 0xFF;
  if (code == SQLITE_AUTH) throw_if_denied();
  // Names columns and constraints, never values.
  if (code == SQLITE_CONSTRAINT) fail("the statement failed");
  if (!text_bound_) fail("the query failed");
  throw_if_interrupted();
  throw error_without_values(db_.get(), "the query failed");
}

Prepared SqliteConnection::prepare(const std::string& text, const Statement* statement) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  denied_.clear();
  const int code = sqlite3_prepare_v3(db_.get(), text.c_str(),
                                      static_cast<int>(text.size()) + 1, 0, &raw, &tail);
  Prepared prepared(raw);
  if (code != SQLITE_OK) {
    const int offset = sqlite3_error_offset(db_.get());
    const std::string where =
        statement != nullptr && offset >= 0
            ? statement->position(placeholder, static_cast<std::size_t>(offset))
            : "";
    throw_if_denied();
    fail(statement != nullptr ? "the query cannot be prepared"
                              : "cannot open the database",
         where);
  }
  if (statement != nullptr && !trim(tail).empty()) {
    throw Error(Category::kRefused, "not_one_statement",
                "the query is more than one statement", "a query is a single SELECT");
  }
  return prepared;
}

Prepared SqliteConnection::prepare_read(const Statement& statement) {
  Prepared prepared = prepare(statement.text(placeholder), &statement);
  sqlite3_stmt* raw = prepared.get();
  if (raw == nullptr || sqlite3_column_count(raw) == 0 ||
      sqlite3_stmt_readonly(raw) == 0 || sqlite3_stmt_isexplain(raw) != 0) {
    throw Error(Category::kRefused, "not_a_read",
                "the query does not return rows by reading only",
                "a query is a single SELECT, VALUES or WITH ... SELECT");
  }
  bind(raw, statement);
  return prepared;
}

void SqliteConnection::bind(sqlite3_stmt* prepared, const Statement& statement) {
  bind_values(db_.get(), prepared, statement);
  text_bound_ = std::any_of(
      statement.values.begin(), statement.values.end(),
      [](const Value& value) { return std::holds_alternative<std::string>(value); });
}

Prepared SqliteConnection::prepare_change(const Statement& statement) {
  refuse_unless_change(statement, Lexicon::sqlite());
  Prepared prepared = prepare(statement.text(placeholder), &statement);
  sqlite3_stmt* raw = prepared.get();
  if (raw == nullptr || sqlite3_stmt_isexplain(raw) != 0) {
    throw Error(Category::kRefused, "not_a_change", "the statement does nothing");
  }
  bind(raw, statement);
  return prepared;
}

Execution SqliteConnection::execute_write(const Statement& statement,
                                          const ReadOptions& options, const Wait& wait) {
  set_wait(wait);
  executing_ = true;
  Prepared prepared = prepare_change(statement);
  sqlite3_stmt* raw = prepared.get();
  Execution execution;
  if (sqlite3_column_count(raw) > 0) {
    execution.cursor =
        std::make_unique<SqliteCursor>(*this, std::move(prepared), options, -1);
    return execution;
  }
  // Of a statement that changes no row, such as CREATE, SQLite keeps the count of the one
  // before.
  const std::int64_t before = sqlite3_total_changes64(db_.get());
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(raw);
  if (code != SQLITE_DONE) fail_step();
  execution.affected =
      sqlite3_total_changes64(db_.get()) == before ? 0 : sqlite3_changes64(db_.get());
  return execution;
}

void SqliteConnection::commit(const Wait& wait) {
  set_wait(wait);
  own_statement_ = true;
  const int code = sqlite3_exec(db_.get(), "COMMIT", nullptr, nullptr, nullptr);
  own_statement_ = false;
  if (code != SQLITE_OK) fail("the transaction cannot be committed");
}

std::unique_ptr<Cursor> SqliteConnection::execute(const Statement& statement,
                                                  const ReadOptions& options,
                                                  const Wait& wait) {
  set_wait(wait);
  executing_ = true;
  Prepared prepared = prepare_read(statement);
  std::int64_t expected = -1;
  if (const auto scan = plain_scan(statement)) {
    // Rowids may be the two ends of 64 bits; an empty table's high is below its low.
    const std::uint64_t apart =
        static_cast<std::uint64_t>(scan->high) - static_cast<std::uint64_t>(scan->low);
    if (scan->high < scan->low) {
      expected = 0;
    } else if (apart < std::uint64_t{1} << 62) {
      expected = static_cast<std::int64_t>(apart) + 1;
    }
  }
  return std::make_unique<SqliteCursor>(*this, std::move(prepared), options, expected);
}

}  // namespace penstock::sqlite
