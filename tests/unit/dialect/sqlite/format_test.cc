// printf() and format(), which SQLite gives as NULL where they are too long.
#include "dialect/sqlite/format.h"

#include <string>

#include <gtest/gtest.h>

namespace penstock::sqlite {
namespace {

class InMemory {
 public:
  InMemory() { sqlite3_open(":memory:", &db_); }
  InMemory(const InMemory&) = delete;
  InMemory& operator=(const InMemory&) = delete;
  ~InMemory() { sqlite3_close(db_); }
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

std::string value_of(const InMemory& database, const std::string& expression) {
  const std::string sql = "SELECT quote(" + expression + ")";
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &statement, nullptr),
            SQLITE_OK)
      << expression;
  const int code = sqlite3_step(statement);
  const std::string value =
      code == SQLITE_ROW
          ? reinterpret_cast<const char*>(sqlite3_column_text(statement, 0))
          : "error " + std::to_string(code);
  sqlite3_finalize(statement);
  return value;
}

TEST(SqliteFormat, GivesWhatSqlitesOwnGives) {
  const InMemory own;
  const InMemory ours;
  replace_formatters(ours.handle());
  for (const char* arguments : {"",
                                "NULL",
                                "NULL, 1",
                                "''",
                                "'%s', ''",
                                "'%s', NULL",
                                "'a'",
                                "7",
                                "1.5",
                                "x'2573'",
                                "'%d|%i|%u|%x|%X|%o', 42, -42, 42, 255, 255, 8",
                                "'%5.2f|%e|%g|%!.15g', 2.5, 1e9, 0.1, 1e100",
                                "'%,d', 1234567",
                                "'%q|%Q|%w', 'it''s', NULL, 'a\"b'",
                                "'%c%c', 'xyz', 65",
                                "'%.3s|%-6s|%06d', 'abcdef', 'ab', 7",
                                "'%s %s'",
                                "'%d', 'abc'",
                                "'%s', x'c3a9'",
                                "'%z %b %', 1",
                                "'%*d|%.*f', 5, 42, 3, 1.5",
                                "'\xE2\x82\xAC%s', '\xC3\xA9'",
                                "'%d', 9223372036854775807",
                                "'%s', zeroblob(3)",
                                "'%n', 1",
                                "'%p', 255"}) {
    for (const std::string name : {"printf", "format", "PRINTF"}) {
      const std::string call = name + "(" + arguments + ")";
      EXPECT_EQ(value_of(ours, call), value_of(own, call)) << call;
      EXPECT_EQ(value_of(ours, "typeof(" + call + ")"),
                value_of(own, "typeof(" + call + ")"))
          << call;
    }
  }
  // As many as a function may have, and again with other values.
  std::string many = "printf('%d'";
  for (int i = 0; i < 100; ++i) many += ", 1";
  EXPECT_EQ(value_of(ours, many + ")"), "'1'");
  for (const char* value : {"7", "'x'", "NULL", "7"}) {
    const std::string call = std::string("printf('%05d', ") + value + ")";
    EXPECT_EQ(value_of(ours, call), value_of(own, call)) << call;
  }
}

}  // namespace
}  // namespace penstock::sqlite
