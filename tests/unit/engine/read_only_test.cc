// A query may only read: the threats to SQLite, tried on a real file.
#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

constexpr const char* kSetup =
    "CREATE TABLE t(a INTEGER, s TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two');"
    "CREATE TABLE tree_node(a); CREATE VIEW v AS SELECT a FROM t;"
    "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (7, 2, 3);"
    "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('hello world');"
    "CREATE VIRTUAL TABLE g USING fts4(body); INSERT INTO g VALUES ('hello world')";

// The file and its folder, before and after.
class Untouched : public ::testing::Test {
 protected:
  Untouched() : bytes_(db_.bytes()), names_(db_.folder().names()) {}
  void TearDown() override {
    EXPECT_TRUE(db_.bytes() == bytes_) << "the database file was changed";
    EXPECT_EQ(db_.folder().names(), names_);
  }

  Failure refused(const std::string& sql) { return failure_of_reading(db_, sql); }
  std::string beside(const std::string& name) { return db_.folder().file(name); }

  const Database db_{kSetup};

 private:
  const std::string bytes_;
  const std::vector<std::string> names_;
};
using ReadOnly = Untouched;

Failure may_not_use(const std::string& what) {
  return {Category::kRefused, "not_a_read", "the query may not use " + what,
          "a query may only read"};
}

const Failure kNotARead{Category::kRefused, "not_a_read",
                        "the query does not return rows by reading only",
                        "a query is a single SELECT, VALUES or WITH ... SELECT"};

// RS-013
TEST_F(ReadOnly, AnotherFileIsNotAttached) {
  EXPECT_EQ(refused("ATTACH '" + beside("x.db") + "' AS x"), may_not_use("ATTACH"));
  EXPECT_EQ(refused("DETACH main"), may_not_use("DETACH"));
  EXPECT_EQ(refused("VACUUM INTO '" + beside("x.db") + "'"), kNotARead);
  EXPECT_EQ(refused("VACUUM"), kNotARead);
}

// RS-013
TEST_F(ReadOnly, RowsAreNotWrittenNotEvenWhereTheyAreReturned) {
  EXPECT_EQ(refused("INSERT INTO t VALUES (3, 'x') RETURNING a"), may_not_use("INSERT"));
  EXPECT_EQ(refused("UPDATE t SET a = 5 RETURNING a"), may_not_use("UPDATE"));
  EXPECT_EQ(refused("DELETE FROM t RETURNING a"), may_not_use("DELETE"));
  EXPECT_EQ(refused("REPLACE INTO t VALUES (3, 'x')"), may_not_use("INSERT"));
  EXPECT_EQ(refused("WITH w AS (SELECT 1) INSERT INTO t SELECT 1, 2 FROM w RETURNING a"),
            may_not_use("INSERT"));
  EXPECT_EQ(refused("UPDATE sqlite_master SET sql = '' RETURNING name").category,
            Category::kDataSource)
      << "table sqlite_master may not be modified";
}

// RS-013
TEST_F(ReadOnly, ATableNamedAsAnRTreesShadowIsNotWrittenEither) {
  EXPECT_EQ(refused("INSERT INTO tree_node VALUES (1) RETURNING a"), kNotARead);
  EXPECT_EQ(refused("DELETE FROM tree_node RETURNING 1"), kNotARead);
  EXPECT_EQ(refused("UPDATE tree_node SET a = 1 RETURNING a"), kNotARead);
  EXPECT_EQ(refused("INSERT INTO r_node VALUES (9, x'') RETURNING 1").message,
            "the query cannot be prepared: table r_node may not be modified");
  EXPECT_EQ(refused("INSERT INTO r VALUES (1, 2, 3) RETURNING 1"), may_not_use("INSERT"));
  EXPECT_EQ(refused("INSERT INTO f(f) VALUES ('rebuild') RETURNING 1"),
            may_not_use("INSERT"));
}

// RS-013
TEST_F(ReadOnly, TheSchemaIsNotChanged) {
  for (const char* sql :
       {"CREATE TABLE x(a)", "CREATE TEMP TABLE x(a)", "CREATE TABLE x AS SELECT 1",
        "CREATE INDEX i ON t(a)", "CREATE VIEW w AS SELECT 1",
        "CREATE TEMP VIEW w AS SELECT 1", "DROP TABLE t", "DROP VIEW v",
        "ALTER TABLE t RENAME TO u", "ALTER TABLE t ADD COLUMN b", "REINDEX", "ANALYZE",
        "CREATE VIRTUAL TABLE x USING fts5(a)"}) {
    const Failure failure = refused(sql);
    EXPECT_EQ(failure.category, Category::kRefused) << sql << ": " << failure;
    EXPECT_EQ(failure.code, "not_a_read") << sql << ": " << failure;
  }
}

// RS-013
TEST_F(ReadOnly, NoPragmaChangesAnything) {
  for (const char* sql : {"PRAGMA journal_mode=WAL",
                          "PRAGMA journal_mode=OFF",
                          "PRAGMA query_only=0",
                          "PRAGMA writable_schema=1",
                          "PRAGMA trusted_schema=1",
                          "PRAGMA user_version=5",
                          "PRAGMA application_id=5",
                          "PRAGMA encoding='UTF-16'",
                          "PRAGMA page_size=512",
                          "PRAGMA auto_vacuum=1",
                          "PRAGMA temp_store_directory='/tmp'",
                          "PRAGMA temp_store=2",
                          "PRAGMA cache_size=-99999999",
                          "PRAGMA mmap_size=99999999",
                          "PRAGMA wal_checkpoint",
                          "PRAGMA incremental_vacuum",
                          "PRAGMA optimize",
                          "PRAGMA locking_mode=EXCLUSIVE",
                          "PRAGMA busy_timeout=999999999",
                          "PRAGMA hard_heap_limit=1",
                          "PRAGMA integrity_check",
                          "PRAGMA schema_version=7",
                          "PRAGMA case_sensitive_like=1",
                          "PRAGMA shrink_memory",
                          "SELECT * FROM pragma_integrity_check"}) {
    const Failure failure = refused(sql);
    EXPECT_EQ(failure.category, Category::kRefused) << sql << ": " << failure;
    EXPECT_TRUE(failure.message.starts_with("the query may not use PRAGMA ")) << failure;
  }
}

// RS-013
TEST_F(ReadOnly, APragmaThatOnlyLooksIsAllowed) {
  EXPECT_EQ(read(db_, "PRAGMA table_info(v)").rows, Rows{"0|'a'|'INTEGER'|0|NULL|0"});
  EXPECT_EQ(read(db_, "PRAGMA user_version").rows, Rows{"1"});
  EXPECT_EQ(read(db_, "SELECT name FROM pragma_table_info('t')").rows,
            (Rows{"'a'", "'s'"}));
  EXPECT_EQ(read(db_, "SELECT * FROM pragma_journal_mode").rows, Rows{"'delete'"});
}

// RS-013
TEST_F(ReadOnly, NoCodeIsLoadedAndNoPointerIsShown) {
  EXPECT_EQ(refused("SELECT load_extension('" + beside("x.so") + "')"),
            may_not_use("load_extension()"));
  EXPECT_EQ(refused("SELECT fts3_tokenizer('simple')"), may_not_use("fts3_tokenizer()"));
  EXPECT_EQ(refused("SELECT LOAD_EXTENSION('x')"), may_not_use("load_extension()"));
}

// RS-013
TEST_F(ReadOnly, OnlyOneStatementThatGivesRowsIsRun) {
  EXPECT_EQ(refused("SELECT 1; DROP TABLE t").category, Category::kRecipe);
  EXPECT_EQ(refused("EXPLAIN SELECT 1"), kNotARead);
  EXPECT_EQ(refused("EXPLAIN QUERY PLAN SELECT 1"), kNotARead);
  EXPECT_EQ(refused("BEGIN"), may_not_use("a transaction of its own"));
  EXPECT_EQ(refused("BEGIN IMMEDIATE"), may_not_use("a transaction of its own"));
  EXPECT_EQ(refused("SAVEPOINT x"), may_not_use("a transaction of its own"));
  EXPECT_EQ(read(db_, "SELECT 1 AS a; -- and a comment").rows, Rows{"1"});
}

// RS-013
TEST_F(ReadOnly, VirtualTablesThatOnlyReadAreRead) {
  EXPECT_EQ(read(db_, "SELECT * FROM r WHERE x0 > 1").rows, Rows{"7|2|3"});
  EXPECT_EQ(read(db_, "SELECT body FROM f WHERE f MATCH 'hello'").rows,
            Rows{"'hello world'"});
  EXPECT_EQ(
      read(db_, "SELECT highlight(f, 0, '<', '>') AS h FROM f WHERE f MATCH 'world'")
          .rows,
      Rows{"'hello <world>'"});
  EXPECT_EQ(read(db_, "SELECT body FROM g WHERE g MATCH 'hello'").rows,
            Rows{"'hello world'"});
  EXPECT_EQ(read(db_, "SELECT value FROM json_each('[1,2]')").rows, (Rows{"1", "2"}));
  EXPECT_EQ(read(db_, "SELECT key FROM json_tree('{\"a\":{\"b\":1}}') WHERE atom").rows,
            Rows{"'b'"});
  EXPECT_EQ(read(db_,
                 "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE "
                 "i < 3) SELECT i FROM c")
                .rows,
            (Rows{"1", "2", "3"}));
  EXPECT_EQ(read(db_, "VALUES (1, 2)").rows, Rows{"1|2"});
}

// RS-013
TEST_F(ReadOnly, AFileThatTheSchemaWouldRunAgainstUsIsNotTrusted) {
  Database hostile(
      "CREATE TABLE t(a);"
      "CREATE VIEW steal AS SELECT load_extension('x') AS a;"
      "CREATE VIEW look AS SELECT * FROM pragma_database_list;"
      "CREATE VIEW find AS SELECT * FROM dbstat");
  EXPECT_EQ(failure_of_reading(hostile, "SELECT * FROM steal").message,
            "the query cannot be prepared: unsafe use of load_extension()");
  EXPECT_EQ(failure_of_reading(hostile, "SELECT * FROM look").message,
            "the query cannot be prepared: unsafe use of virtual table "
            "\"pragma_database_list\"");
  EXPECT_EQ(failure_of_reading(hostile, "SELECT * FROM find").message,
            "the query cannot be prepared: unsafe use of virtual table \"dbstat\"");
}

// RS-013
TEST_F(ReadOnly, ADatabaseInMemoryIsNotWrittenEither) {
  const auto in_memory = [](const std::string& sql) {
    return failure_of_reading("", query_of(sql));
  };
  EXPECT_EQ(in_memory("CREATE TABLE x(a)"), may_not_use("a change of the schema"));
  EXPECT_EQ(in_memory("ATTACH '" + beside("x.db") + "' AS x"), may_not_use("ATTACH"));
  EXPECT_EQ(in_memory("VACUUM INTO '" + beside("x.db") + "'"), kNotARead);
  EXPECT_EQ(read("", query_of("SELECT 1 + 1 AS two")).rows, Rows{"2"});
}

TEST_F(ReadOnly, AnErrorInTheQueryPointsIntoTheUsersFile) {
  Query query = query_of("SELECT a,\n  nosuch\nFROM t");
  query.origin = {"shop.yaml", 4, 12, 4};
  EXPECT_EQ(
      failure_of_reading(db_.path(), query),
      (Failure{Category::kDataSource, "query_failed",
               "shop.yaml:5:7: the query cannot be prepared: no such column: nosuch",
               ""}));
  EXPECT_EQ(failure_of_reading(db_.path(), query_of("SELECT :long_name, 'é', x FROM t"),
                               {{"long_name", std::int64_t{1}}})
                .message,
            "query line 1, column 25: the query cannot be prepared: no such column: x")
      << "the placeholder's length is not the name's";
  EXPECT_EQ(
      refused("SELEC 1").message,
      "query line 1, column 1: the query cannot be prepared: near \"SELEC\": syntax "
      "error");
}

}  // namespace
}  // namespace penstock
