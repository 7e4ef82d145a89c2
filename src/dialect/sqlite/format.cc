#include "dialect/sqlite/format.h"

#include <map>
#include <new>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "dialect/sqlite/errors.h"
#include "dialect/sqlite/handles.h"

namespace penstock::sqlite {
namespace {

// SQLite's own function, asked on a connection of its own, where it has not been
// replaced. NULL is also what it gives for an empty format, so that the same with a
// letter before it decides.
class Formatter {
 public:
  explicit Formatter(int max_bytes) : max_bytes_(max_bytes) {}

  static void call(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
    try {
      static_cast<Formatter*>(sqlite3_user_data(context))->format(context, count, values);
    } catch (const std::bad_alloc&) {
      sqlite3_result_error_nomem(context);
    }
  }
  static void destroy(void* formatter) noexcept {
    delete static_cast<Formatter*>(formatter);
  }

 private:
  void format(sqlite3_context* context, int count, sqlite3_value** values) {
    if (count == 0 || sqlite3_value_type(values[0]) == SQLITE_NULL) return;  // NULL
    const int type = ask(context, "?1", count, values, /*give=*/true);
    if (type == SQLITE_NULL &&
        ask(context, "'x' || ?1", count, values, /*give=*/false) == SQLITE_NULL) {
      sqlite3_result_error_toobig(context);
    }
  }

  // The result's type; of a failure, which `context` is told of, SQLITE_TEXT.
  int ask(sqlite3_context* context, const char* first, int count, sqlite3_value** values,
          bool give) {
    int code = open();
    sqlite3_stmt* statement = code == SQLITE_OK ? prepared(first, count) : nullptr;
    if (statement == nullptr) code = sqlite3_errcode(db_.get());
    for (int i = 0; i < count && code == SQLITE_OK; ++i) {
      code = sqlite3_bind_value(statement, i + 1, values[i]);
    }
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    int type = SQLITE_TEXT;
    if (code == SQLITE_ROW) {
      type = sqlite3_column_type(statement, 0);
      if (give) sqlite3_result_value(context, sqlite3_column_value(statement, 0));
    } else {
      sqlite3_result_error_code(context, code);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return type;
  }

  // When it is first needed.
  int open() {
    if (db_ != nullptr) return SQLITE_OK;
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        ":memory:", &raw,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(raw);
    sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, max_bytes_);
    return code;
  }

  sqlite3_stmt* prepared(const char* first, int count) {
    Prepared& kept = prepared_[{first, count}];
    if (kept == nullptr) {
      std::string sql = fmt::format("SELECT printf({}", first);
      for (int i = 2; i <= count; ++i) sql += fmt::format(", ?{}", i);
      sqlite3_stmt* made = nullptr;
      sqlite3_prepare_v2(db_.get(), (sql + ")").c_str(), -1, &made, nullptr);
      kept.reset(made);
    }
    return kept.get();
  }

  int max_bytes_;
  Database db_;
  std::map<std::pair<std::string, int>, Prepared> prepared_;
};

}  // namespace

void replace_formatters(sqlite3* db) {
  const int max_bytes = sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1);
  for (const char* name : {"printf", "format"}) {
    // Destroyed by SQLite, also if it fails.
    const int code = sqlite3_create_function_v2(
        db, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
        new Formatter(max_bytes), &Formatter::call, nullptr, nullptr,
        &Formatter::destroy);
    if (code != SQLITE_OK) throw error_of(db, "cannot open the database");
  }
}

}  // namespace penstock::sqlite
