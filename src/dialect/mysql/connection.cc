#include "dialect/mysql/connection.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/conversions.h"
#include "declare/first_word.h"
#include "dialect/mysql/errors.h"
#include "dialect/without_values.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// Whether the text that is sent means the same by both lexical rules.
bool scans_alike(const Statement& statement, const Lexicon& a, const Lexicon& b) {
  const std::string text =
      statement.text([](int index) { return fmt::format(":p{}", index); });
  const ScannedSql by_a = scan_sql(text, a, {});
  const ScannedSql by_b = scan_sql(text, b, {});
  if (by_a.parameters != by_b.parameters || by_a.pieces.size() != by_b.pieces.size())
    return false;
  for (std::size_t i = 0; i < by_a.pieces.size(); ++i) {
    if (by_a.pieces[i].parameter != by_b.pieces[i].parameter ||
        by_a.pieces[i].offset != by_b.pieces[i].offset) {
      return false;
    }
  }
  return true;
}

constexpr std::int64_t kDayMicros = 86'400'000'000;
// https://dev.mysql.com/doc/refman/9.0/en/time.html
constexpr std::int64_t kMostTimeMicros = 839 * 3'600'000'000LL;

void set_clock(std::int64_t micros, MYSQL_TIME& time) {
  time.hour = static_cast<unsigned>(micros / 3'600'000'000);
  time.minute = static_cast<unsigned>(micros / 60'000'000 % 60);
  time.second = static_cast<unsigned>(micros / 1'000'000 % 60);
  time.second_part = static_cast<unsigned long>(micros % 1'000'000);
}

void set_day(std::int64_t days, MYSQL_TIME& time) {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
  time.year = static_cast<unsigned>(static_cast<int>(day.year()));
  time.month = static_cast<unsigned>(day.month());
  time.day = static_cast<unsigned>(day.day());
}

// A moment is given in UTC, which is the session's time zone.
std::optional<MYSQL_TIME> moment_of(const std::string& name, const Value& value) {
  MYSQL_TIME time{};
  if (const auto* date = std::get_if<Date>(&value)) {
    time.time_type = MYSQL_TIMESTAMP_DATE;
    set_day(date->days, time);
    return time;
  }
  if (const auto* at = std::get_if<DateTime>(&value)) {
    time.time_type = MYSQL_TIMESTAMP_DATETIME;
    const std::int64_t days =
        (at->micros - (at->micros < 0 ? kDayMicros - 1 : 0)) / kDayMicros;
    set_day(days, time);
    set_clock(at->micros - days * kDayMicros, time);
    return time;
  }
  if (const auto* delta = std::get_if<TimeDelta>(&value)) {
    if (delta->micros <= -kMostTimeMicros || delta->micros >= kMostTimeMicros) {
      throw Error(Category::kTask, "parameter_not_a_time",
                  fmt::format("query parameter ':{}' is beyond 838:59:59, the longest "
                              "time MySQL has",
                              name),
                  "give it as a number of seconds");
    }
    time.time_type = MYSQL_TIMESTAMP_TIME;
    time.neg = delta->micros < 0;
    set_clock(delta->micros < 0 ? -delta->micros : delta->micros, time);
    return time;
  }
  return std::nullopt;
}

// What MYSQL_BIND points at. A parameter that stands twice in the text is bound twice.
class Binds {
 public:
  explicit Binds(const Statement& statement) {
    for (const SqlPiece& piece : statement.pieces) {
      if (piece.parameter < 0) continue;
      const auto index = static_cast<std::size_t>(piece.parameter);
      add(statement.names[index], statement.values[index]);
    }
  }
  MYSQL_BIND* data() { return binds_.data(); }
  std::size_t size() const { return binds_.size(); }

 private:
  void add(const std::string& name, const Value& value) {
    MYSQL_BIND bind{};
    // libmariadb only reads what these point at.
    if (const auto* text = std::get_if<std::string>(&value)) {
      bind.buffer_type = MYSQL_TYPE_STRING;
      bind.buffer = const_cast<char*>(text->data());
      bind.buffer_length = text->size();
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = const_cast<std::int64_t*>(integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (!std::isfinite(*real)) {
        throw Error(Category::kRecipe, "parameter_not_finite",
                    fmt::format("query parameter ':{}' is {}, which MySQL has no value "
                                "for",
                                name, text_from_double(*real)),
                    "give it a number, or write the condition without it");
      }
      bind.buffer_type = MYSQL_TYPE_DOUBLE;
      bind.buffer = const_cast<double*>(real);
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
      bind.buffer_type = MYSQL_TYPE_TINY;
      bind.buffer = const_cast<bool*>(boolean);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      bind.buffer_type = MYSQL_TYPE_BLOB;
      bind.buffer = const_cast<char*>(bytes->data.data());
      bind.buffer_length = bytes->data.size();
    } else if (auto moment = moment_of(name, value)) {
      bind.buffer_type = moment->time_type == MYSQL_TIMESTAMP_DATE ? MYSQL_TYPE_DATE
                         : moment->time_type == MYSQL_TIMESTAMP_TIME
                             ? MYSQL_TYPE_TIME
                             : MYSQL_TYPE_DATETIME;
      bind.buffer = &moments_.emplace_back(*moment);
    } else {
      bind.buffer_type = MYSQL_TYPE_NULL;
    }
    binds_.push_back(bind);
  }

  std::vector<MYSQL_BIND> binds_;
  std::deque<MYSQL_TIME> moments_;
};

// Results that the server cut and called a success.
bool is_cut(std::string_view number) {
  return number == "1260"      // GROUP_CONCAT
         || number == "1301"   // a function's value beyond max_allowed_packet
         || number == "1931";  // MariaDB: LIMIT ROWS EXAMINED
}

}  // namespace

std::string placeholder(int) { return "?"; }

MysqlConnection::MysqlConnection(Dsn dsn, Target target, const Session& session,
                                 const Wait& wait)
    : dsn_(std::move(dsn)),
      target_(std::move(target)),
      wait_(wait),
      connected_(connect(dsn_, target_, wait)) {
  const auto waiting = wait_of(wait);
  SocketWait& socket_wait = *waiting;
  MYSQL* raw = connected_.handle.get();
  facts_ = set_up_session([&](const std::string& sql) { return run(sql, socket_wait); },
                          session, mariadb_connection(raw) != 0);
  if (session.access == Access::kReadOnly) {
    require_read_only();
  } else if ((raw->server_status & SERVER_STATUS_IN_TRANS) == 0) {
    throw Error(Category::kDataSource, "session_not_read_only",
                "the session's transaction could not be begun");
  }
  if (!session.allow_privileged) refuse_privileged(session.access, socket_wait);
}

MysqlConnection::~MysqlConnection() = default;

std::unique_ptr<SocketWait> MysqlConnection::wait_of(const Wait& wait) const {
  return std::make_unique<SocketWait>(wait.deadline, wait.stop,
                                      Silence{dsn_.read_timeout, dsn_.write_timeout});
}

void MysqlConnection::require_read_only() const {
  if ((connected_.handle->server_status & SERVER_STATUS_IN_TRANS_READONLY) != 0) return;
  throw Error(Category::kDataSource, "session_not_read_only",
              "the session could not be made read-only");
}

Rows MysqlConnection::run(const std::string& sql, SocketWait& wait) {
  MYSQL* raw = connected_.handle.get();
  connected_.link->use(&wait);
  if (mysql_real_query(raw, sql.data(), sql.size()) != 0) fail(wait);
  Rows rows;
  if (mysql_field_count(raw) > 0) {
    const Result result(mysql_store_result(raw));
    if (!result) fail(wait);
    while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
      const unsigned long* sizes = mysql_fetch_lengths(result.get());
      auto& values = rows.emplace_back();
      for (unsigned i = 0; i < mysql_num_fields(result.get()); ++i) {
        values.push_back(row[i] == nullptr ? std::optional<std::string>()
                                           : std::string(row[i], sizes[i]));
      }
    }
  }
  connected_.link->use(nullptr);
  return rows;
}

std::vector<std::string> MysqlConnection::grants(SocketWait& wait) {
  std::vector<std::string> lines;
  for (const auto& row : run("SHOW GRANTS", wait)) {
    if (!row.empty()) lines.push_back(row[0].value_or(""));
  }
  return lines;
}

void MysqlConnection::refuse_privileged(Access access, SocketWait& wait) {
  const auto dangerous = dangerous_privileges(grants(wait));
  if (dangerous.empty()) return;
  const bool writes = access == Access::kReadWrite;
  throw Error(Category::kRefused, "privileged_account",
              fmt::format("refusing to {} with an account that has {}: {}",
                          writes ? "write" : "read", fmt::join(dangerous, ", "),
                          writes ? "it may do more than change rows"
                                 : "read-only transactions do not bind it"),
              writes ? "use an account that may only do what the task needs, or set "
                       "allow_privileged: true in the task"
                     : "use an account that may only SELECT, or set allow_privileged: "
                       "true in the recipe");
}

// The query was scanned before the server's sql_mode was known.
void MysqlConnection::check_text(const Statement& statement, Access access) const {
  const Lexicon lexicon = lexicon_of(facts_.sql_mode);
  access == Access::kReadWrite ? refuse_unless_change(statement, lexicon)
                               : refuse_unless_query(statement, lexicon);
  if (!scans_alike(statement, Lexicon::mysql(), lexicon)) {
    throw Error(Category::kRefused, "query_sql_mode",
                "the query has other parameters under this server's sql_mode "
                "(ANSI_QUOTES or NO_BACKSLASH_ESCAPES)",
                "double a quote inside a string in place of a backslash, and write "
                "strings in single quotes");
  }
}

void MysqlConnection::fail(SocketWait& wait) {
  MYSQL* raw = connected_.handle.get();
  const Error error = prepared_ && mysql_stmt_errno(prepared_.get()) != 0
                          ? error_of(prepared_.get())
                          : error_of(raw);
  try {
    connected_.link->rethrow();
    wait.check();  // what we ended ourselves is told in our words
  } catch (const Error&) {
    give_up(wait);
    throw;
  }
  connected_.link->use(nullptr);
  throw error;
}

void MysqlConnection::give_up(const SocketWait& wait) noexcept {
  if (connected_.handle) {
    kill_query(dsn_, target_, connected_.route, mysql_thread_id(connected_.handle.get()),
               stop_limits(wait.deadline()));
  }
  connected_.link->use(nullptr);
  connected_.link->cut();
}

void MysqlConnection::prepare(const std::string& text, SocketWait& wait) {
  connected_.link->use(&wait);
  prepared_.reset(mysql_stmt_init(connected_.handle.get()));
  if (!prepared_)
    throw Error(Category::kLimit, "out_of_memory", "not enough memory for a statement");
  if (mysql_stmt_prepare(prepared_.get(), text.data(), text.size()) != 0) fail(wait);
}

void MysqlConnection::prepare_read(const Statement& statement, SocketWait& wait) {
  check_text(statement, Access::kReadOnly);
  prepare(statement.text(placeholder), wait);
  if (mysql_stmt_field_count(prepared_.get()) > 0) return;
  throw Error(Category::kRefused, "not_a_read", "the query does not return rows",
              "a query is a single SELECT, VALUES, TABLE or WITH ... SELECT");
}

void MysqlConnection::bind_and_execute(const Statement& statement, SocketWait& wait) {
  Binds binds(statement);
  if (mysql_stmt_param_count(prepared_.get()) != binds.size()) {
    throw Error(Category::kRefused, "query_parameters",
                "the server sees other parameters in the query than penstock does");
  }
  if (binds.size() > 0 && mysql_stmt_bind_param(prepared_.get(), binds.data()) != 0)
    fail(wait);
  if (mysql_stmt_execute(prepared_.get()) == 0) return;
  try {
    fail(wait);
  } catch (const Error& error) {
    throw without_values(error, statement.values);
  }
}

std::vector<ResultColumn> MysqlConnection::result_columns() const {
  const Result metadata(mysql_stmt_result_metadata(prepared_.get()));
  if (!metadata) throw error_of(prepared_.get());
  return columns_of(metadata.get());
}

std::unique_ptr<Cursor> MysqlConnection::start(const Statement& statement,
                                               const ReadOptions& options,
                                               std::unique_ptr<SocketWait> socket_wait) {
  bind_and_execute(statement, *socket_wait);
  return open_cursor(statement, options, std::move(socket_wait));
}

std::unique_ptr<Cursor> MysqlConnection::open_cursor(
    const Statement& statement, const ReadOptions& options,
    std::unique_ptr<SocketWait> socket_wait) {
  SocketWait& waiting = *socket_wait;
  try {
    return std::make_unique<MysqlCursor>(
        connected_.handle.get(), plan_columns(result_columns(), options.types), options,
        std::move(socket_wait),
        MysqlCursor::Owner{
            [this, &waiting](const ResultEnd& end) { finished(end, waiting); },
            [this, &waiting] { give_up(waiting); }, statement.values});
  } catch (...) {
    give_up(waiting);  // it runs, and nobody reads it
    throw;
  }
}

std::unique_ptr<Cursor> MysqlConnection::execute(const Statement& statement,
                                                 const ReadOptions& options,
                                                 const Wait& wait) {
  wait_ = wait;
  auto socket_wait = wait_of(wait);
  prepare_read(statement, *socket_wait);
  return start(statement, options, std::move(socket_wait));
}

// A query without columns is one whose rows go to a file or a variable on the server.
void MysqlConnection::prepare_change(const Statement& statement, SocketWait& wait) {
  check_text(statement, Access::kReadWrite);
  prepare(statement.text(placeholder), wait);
  if (mysql_stmt_field_count(prepared_.get()) == 0 &&
      begins_as_query(statement, Lexicon::mysql())) {
    throw Error(Category::kRefused, "not_a_change",
                "a query's rows may not stay on the server (INTO)",
                "select them, and write them with -o FILE");
  }
}

Execution MysqlConnection::execute_write(const Statement& statement,
                                         const ReadOptions& options, const Wait& wait) {
  wait_ = wait;
  auto socket_wait = wait_of(wait);
  prepare_change(statement, *socket_wait);
  bind_and_execute(statement, *socket_wait);
  Execution execution;
  // MariaDB tells of the columns of INSERT ... RETURNING only now.
  if (mysql_stmt_field_count(prepared_.get()) > 0) {
    execution.cursor = open_cursor(statement, options, std::move(socket_wait));
    return execution;
  }
  execution.affected =
      static_cast<std::int64_t>(mysql_stmt_affected_rows(prepared_.get()));
  MYSQL* raw = connected_.handle.get();
  execution.committed = (raw->server_status & SERVER_STATUS_IN_TRANS) == 0;
  connected_.link->use(nullptr);
  // What comes next is a transaction again.
  if (execution.committed) run(kBeginWrite, *socket_wait);
  return execution;
}

void MysqlConnection::commit(const Wait& wait) {
  try {
    run("COMMIT", *wait_of(wait));
  } catch (const Error& error) {
    if (!error.sqlstate().empty()) throw;
    throw Error(error.category(), "commit_unknown",
                fmt::format("while committing: {}", error.message()),
                "the change may have been made or not: look before it is run again");
  }
}

// libmariadb has seen none of the rows: it is told that they are all read.
void MysqlConnection::finished(const ResultEnd& end, SocketWait& wait) {
  MYSQL* raw = connected_.handle.get();
  raw->status = MYSQL_STATUS_READY;
  raw->server_status = end.status;
  prepared_->state = MYSQL_STMT_FETCH_DONE;
  if ((end.status & SERVER_MORE_RESULTS_EXIST) != 0) {
    give_up(wait);
    throw Error(Category::kRefused, "not_a_read", "the query gives more than one result");
  }
  if (end.warnings > 0) refuse_cut_result(end.warnings, wait);
}

void MysqlConnection::refuse_cut_result(unsigned warnings, SocketWait& wait) {
  const Rows kept = run("SHOW WARNINGS", wait);
  for (const auto& row : kept) {
    if (row.size() < 3 || !is_cut(row[1].value_or(""))) continue;
    throw Error(
        Category::kDataSource, "result_cut",
        fmt::format("the server cut the result: {}", printable(row[2].value_or(""), 300)),
        "raise group_concat_max_len or max_allowed_packet on the server, or take "
        "the limit from the query");
  }
  // The count in the packet has 16 bits.
  if (kept.size() < warnings) {
    throw Error(Category::kDataSource, "result_warnings",
                fmt::format("the server kept {} of {} warnings, so that it may have cut "
                            "the result unseen",
                            kept.size(), warnings),
                "raise max_error_count on the server, or change what the query warns of");
  }
}

}  // namespace penstock::mysql
