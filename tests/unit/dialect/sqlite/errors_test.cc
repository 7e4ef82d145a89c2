#include "dialect/sqlite/errors.h"

#include <string>

#include <gtest/gtest.h>

namespace penstock::sqlite {
namespace {

using enum Category;

TEST(SqliteErrors, EachResultCodeHasItsCategoryAndWord) {
  const struct {
    int code;
    Category category;
    const char* word;
  } cases[] = {{SQLITE_ERROR, kDataSource, "query_failed"},
               {SQLITE_BUSY, kUnavailable, "database_locked"},
               {SQLITE_BUSY_SNAPSHOT, kUnavailable, "database_locked"},
               {SQLITE_BUSY_RECOVERY, kUnavailable, "database_locked"},
               {SQLITE_LOCKED, kUnavailable, "database_locked"},
               {SQLITE_NOTADB, kDataSource, "not_a_database"},
               {SQLITE_CORRUPT, kDataSource, "database_corrupt"},
               {SQLITE_CORRUPT_INDEX, kDataSource, "database_corrupt"},
               {SQLITE_CORRUPT_VTAB, kDataSource, "database_corrupt"},
               {SQLITE_AUTH, kRefused, "not_a_read"},
               {SQLITE_READONLY, kRefused, "not_a_read"},
               {SQLITE_READONLY_DBMOVED, kRefused, "not_a_read"},
               {SQLITE_READONLY_ROLLBACK, kUnavailable, "database_needs_recovery"},
               {SQLITE_READONLY_RECOVERY, kUnavailable, "database_needs_recovery"},
               {SQLITE_READONLY_CANTINIT, kUnavailable, "database_cannot_be_opened"},
               {SQLITE_READONLY_DIRECTORY, kUnavailable, "database_cannot_be_opened"},
               {SQLITE_CANTOPEN, kUnavailable, "database_cannot_be_opened"},
               {SQLITE_CANTOPEN_SYMLINK, kUnavailable, "database_cannot_be_opened"},
               {SQLITE_PERM, kUnavailable, "database_cannot_be_opened"},
               {SQLITE_NOMEM, kLimit, "out_of_memory"},
               {SQLITE_TOOBIG, kLimit, "value_too_big"},
               {SQLITE_FULL, kDataSource, "temporary_space_full"},
               {SQLITE_IOERR_READ, kDataSource, "database_io_error"},
               {SQLITE_IOERR_SHORT_READ, kDataSource, "database_io_error"},
               {SQLITE_MISMATCH, kDataSource, "query_failed"},
               {12345 << 8, kDataSource, "query_failed"}};
  for (const auto& one : cases) {
    EXPECT_EQ(classify(one.code).category, one.category) << one.code;
    EXPECT_EQ(classify(one.code).code, one.word) << one.code;
  }
}

// Every step of a query that SQLite itself refuses is DataSourceError.
// RS-024
TEST(SqliteErrors, EveryCodeExitsWithThree) {
  for (int code = 1; code < 1 << 13; ++code) {
    EXPECT_EQ(traits(classify(code).category).exit_code, 3) << code;
  }
}

class Failing : public ::testing::Test {
 protected:
  Failing() {
    sqlite3* raw = nullptr;
    sqlite3_open(":memory:", &raw);
    db_.reset(raw);
  }
  void fail(const std::string& sql) {
    sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  }
  Database db_;
};
using SqliteMessages = Failing;

TEST_F(SqliteMessages, StandBehindTheirPlaceAndShowNoControlCharacters) {
  fail("SELECT \"a\x1b[2J\xFF\" FROM nowhere.x");
  const Error error = error_of(db_.get(), "the query failed", "f.yaml:1:2");
  EXPECT_EQ(error.message(), "f.yaml:1:2: the query failed: no such table: nowhere.x");
  fail("SELECT 'x");
  EXPECT_EQ(error_of(db_.get(), "w").message(), "w: unrecognized token: \"'x\"");
  fail("SELECT * FROM \"a\x1b[2J\xFF\"");
  EXPECT_EQ(error_of(db_.get(), "w").message(), "w: no such table: a\\x1b[2J\\xff");
}

// RS-026
TEST_F(SqliteMessages, WithoutValuesEndWhereAQuotationBegins) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT json_extract('{}', '$[MARKER')", "w: JSON path error near …"},
      {"SELECT nosuch(1)", "w: no such function …"},
      {"SELECT abs(-9223372036854775808)", "w: integer overflow"}};
  for (const auto& [sql, message] : cases) {
    fail(sql);
    EXPECT_EQ(error_without_values(db_.get(), "w").message(), message);
  }
}

}  // namespace
}  // namespace penstock::sqlite
