#include "dialect/sqlite/authorizer.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace penstock::sqlite {
namespace {

bool allowed(int action, const char* first = nullptr, const char* second = nullptr) {
  return authorize_read(action, first, second) == SQLITE_OK;
}

// RS-013
TEST(Authorizer, AllowsWhatReads) {
  EXPECT_TRUE(allowed(SQLITE_SELECT));
  EXPECT_TRUE(allowed(SQLITE_READ, "t", "a"));
  EXPECT_TRUE(allowed(SQLITE_RECURSIVE));
  EXPECT_TRUE(allowed(SQLITE_FUNCTION, nullptr, "substr"));
}

// RS-013
TEST(Authorizer, DeniesEveryActionThatItDoesNotKnow) {
  // All codes of https://www.sqlite.org/c3ref/c_alter_table.html and a few to come.
  for (int action = 0; action < 60; ++action) {
    const bool reads = action == SQLITE_SELECT || action == SQLITE_READ ||
                       action == SQLITE_RECURSIVE || action == SQLITE_FUNCTION;
    EXPECT_EQ(allowed(action, "t", "x"), reads) << action;
  }
}

// RS-013
TEST(Authorizer, DeniesFunctionsThatLoadCodeOrShowPointers) {
  for (const char* name :
       {"load_extension", "LOAD_EXTENSION", "fts3_tokenizer", "edit"}) {
    EXPECT_FALSE(allowed(SQLITE_FUNCTION, nullptr, name)) << name;
  }
}

// RS-013
TEST(Authorizer, AllowsPragmasThatLookAndNoneThatSets) {
  EXPECT_TRUE(allowed(SQLITE_PRAGMA, "table_info", "t"));
  EXPECT_TRUE(allowed(SQLITE_PRAGMA, "TABLE_INFO"));
  EXPECT_TRUE(allowed(SQLITE_PRAGMA, "user_version"));
  EXPECT_FALSE(allowed(SQLITE_PRAGMA, "user_version", "5"));
  EXPECT_FALSE(allowed(SQLITE_PRAGMA, "journal_mode", "wal"));
  EXPECT_FALSE(allowed(SQLITE_PRAGMA, "query_only", "0"));
  EXPECT_FALSE(allowed(SQLITE_PRAGMA, "no_such_pragma"));
  EXPECT_FALSE(allowed(SQLITE_PRAGMA));
}

// RS-013
TEST(Authorizer, AllowsTheTwoWritesThatReadingPrepares) {
  EXPECT_TRUE(allowed(SQLITE_UPDATE, "sqlite_master", "sql"));
  EXPECT_FALSE(allowed(SQLITE_INSERT, "sqlite_master"));
  EXPECT_FALSE(allowed(SQLITE_DELETE, "sqlite_master"));
  for (const char* shadow : {"places_node", "places_rowid", "places_parent"}) {
    EXPECT_TRUE(allowed(SQLITE_INSERT, shadow)) << shadow;
    EXPECT_TRUE(allowed(SQLITE_UPDATE, shadow)) << shadow;
    EXPECT_TRUE(allowed(SQLITE_DELETE, shadow)) << shadow;
  }
  EXPECT_FALSE(allowed(SQLITE_INSERT, "places"));
  EXPECT_FALSE(allowed(SQLITE_DELETE, "node"));
}

TEST(Authorizer, NamesInSqlsWordsWhatItRefused) {
  EXPECT_EQ(name_of_action(SQLITE_INSERT, "t", nullptr), "INSERT");
  EXPECT_EQ(name_of_action(SQLITE_ATTACH, "/x.db", nullptr), "ATTACH");
  EXPECT_EQ(name_of_action(SQLITE_PRAGMA, "journal_mode", "wal"), "PRAGMA journal_mode");
  EXPECT_EQ(name_of_action(SQLITE_FUNCTION, nullptr, "load_extension"),
            "load_extension()");
  EXPECT_EQ(name_of_action(SQLITE_INSERT, "sqlite_master", nullptr),
            "a change of the schema");
  EXPECT_EQ(name_of_action(SQLITE_CREATE_TABLE, "t", nullptr), "a change of the schema");
  EXPECT_EQ(name_of_action(SQLITE_TRANSACTION, "BEGIN", nullptr),
            "a transaction of its own");
}

}  // namespace
}  // namespace penstock::sqlite
