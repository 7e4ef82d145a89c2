// What a query may not do, tried on both real servers with an account that may write; the
// database is looked at afterwards.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/dialect/mysql/server.h"

namespace penstock::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MysqlReadOnly : public OnServers {
 protected:
  void SetUp() override {
    admin().run("DROP TABLE IF EXISTS ro_target, ro_engine");
    admin().run("CREATE TABLE ro_target (n INT) ENGINE=InnoDB");
    admin().run("CREATE TABLE ro_engine (n INT) ENGINE=MyISAM");
    admin().run("INSERT INTO ro_target VALUES (1)");
    admin().run("INSERT INTO ro_engine VALUES (1)");
    admin().run("DROP FUNCTION IF EXISTS ro_write");
    admin().run("DROP FUNCTION IF EXISTS ro_write_engine");
    admin().run("SET GLOBAL log_bin_trust_function_creators = 1");
    admin().run(
        "CREATE FUNCTION ro_write() RETURNS INT DETERMINISTIC MODIFIES SQL DATA "
        "BEGIN INSERT INTO ro_target VALUES (2); RETURN 1; END");
    admin().run(
        "CREATE FUNCTION ro_write_engine() RETURNS INT DETERMINISTIC MODIFIES SQL "
        "DATA BEGIN INSERT INTO ro_engine VALUES (2); RETURN 1; END");
  }

  Failure run(const std::string& sql, const Params& params = {}) {
    return failure_of([&] {
      Query query = query_of(sql);
      read_all(engine_for(dsn("_WRITER")).open(query, params));
    });
  }
  void expect_untouched() {
    EXPECT_THAT(admin().run("SELECT n FROM ro_target"), ElementsAre("1"));
    EXPECT_THAT(admin().run("SELECT n FROM ro_engine"), ElementsAre("1"));
  }
};
PENSTOCK_ON_BOTH_SERVERS(MysqlReadOnly);

// RS-013
TEST_P(MysqlReadOnly, WhatDoesNotBeginAsAQueryIsRefusedBeforeItIsSent) {
  for (const std::string sql :
       {"INSERT INTO ro_target VALUES (2)", "DELETE FROM ro_target",
        "SET STATEMENT max_statement_time=0 FOR SELECT 1", "CALL p()", "COMMIT",
        "SET SESSION TRANSACTION READ WRITE", "BEGIN NOT ATOMIC SELECT 1; END",
        "INSERT INTO ro_target VALUES (2) RETURNING n", "SHOW TABLES", "DO SLEEP(9)",
        "HANDLER ro_target OPEN", "LOCK TABLES ro_target WRITE", "XA START 'x'"}) {
    const Failure failure = run(sql);
    EXPECT_TRUE(failure.category == Category::kRefused ||
                failure.category == Category::kRecipe)
        << sql << "\n"
        << failure;
  }
  expect_untouched();
}

// RS-013
TEST_P(MysqlReadOnly, AFunctionThatWritesIsRefusedByTheTransaction) {
  for (const std::string function : {"ro_write()", "ro_write_engine()"}) {
    const Failure failure = run("SELECT " + function);
    EXPECT_EQ(failure.code, "not_a_read") << failure;
    EXPECT_EQ(failure.category, Category::kRefused);
    EXPECT_THAT(failure.message, HasSubstr("READ ONLY transaction"));
  }
  expect_untouched();
}

// RS-013
TEST_P(MysqlReadOnly, AStatementThatReturnsNoColumnsIsRefused) {
  EXPECT_EQ(run("SELECT 1 INTO @x").code, "not_a_read");
  EXPECT_EQ(run("WITH a AS (SELECT 2 AS n) SELECT n FROM a INTO @x").code, "not_a_read");
  for (const std::string sql : {"WITH a AS (SELECT 2 AS n) DELETE FROM ro_target",
                                "WITH a AS (SELECT 2 AS n) UPDATE ro_target SET n = 2"}) {
    EXPECT_NE(run(sql), Failure{}) << sql;
  }
  expect_untouched();
}

// RS-013
TEST_P(MysqlReadOnly, TwoStatementsAreNotSent) {
  EXPECT_EQ(run("SELECT 1; COMMIT").code, "query_second_statement");
  EXPECT_EQ(run("SELECT 1; INSERT INTO ro_target VALUES (2)").code,
            "query_second_statement");
  EXPECT_EQ(run("SELECT /*! 1 */ 2").code, "query_executable_comment");
  EXPECT_EQ(run("SELECT /*M! 1 */ 2").code, "query_executable_comment");
  expect_untouched();
}

// RS-013
TEST_P(MysqlReadOnly, AFileIsNotWrittenEvenByAnAccountThatMay) {
  const std::string folder = variable("PENSTOCK_TEST_" + server() + "_FOLDER");
  const std::string file =
      (std::filesystem::path(folder).parent_path() / "data" / "out.txt").string();
  Query query = query_of("SELECT 1 INTO OUTFILE '" + file + "'");
  query.allow_privileged = true;
  EXPECT_EQ(failure_of([&] { read_all(engine_for(dsn("_FILE")).open(query, {})); }).code,
            "not_a_read");
  EXPECT_FALSE(std::filesystem::exists(file));
}

// RS-013
TEST_P(MysqlReadOnly, AnAccountThatMayDoTooMuchIsRefusedUnlessAllowed) {
  const auto open = [&](const std::string& kind, bool allowed) {
    return failure_of([&] {
      Query query = query_of("SELECT 1");
      query.allow_privileged = allowed;
      read_all(engine_for(dsn(kind)).open(query, {}));
    });
  };
  const auto refused = [](const std::string& what) {
    return Failure{
        Category::kRefused, "privileged_account",
        "refusing to read with an account that has " + what +
            ": read-only transactions do not bind it",
        "use an account that may only SELECT, or set allow_privileged: true in "
        "the recipe"};
  };
  EXPECT_EQ(open("_FILE", false), refused("FILE"));
  EXPECT_EQ(open("_SUPER", false), refused("SUPER"));
  // By a role that is active from the start.
  EXPECT_EQ(open("_ROLE", false), refused("FILE"));
  EXPECT_EQ(open("_FILE", true), Failure{});
  EXPECT_EQ(open("_SUPER", true), Failure{});
  EXPECT_EQ(open("", false), Failure{});
}

// RS-013
TEST_P(MysqlReadOnly, ARightThatASelectCouldUseIsRefusedAsTheServerNamesIt) {
  const std::vector<std::string> rights =
      is_mariadb() ? std::vector<std::string>{"REPLICATION SLAVE",
                                              "REPLICATION SLAVE ADMIN",
                                              "REPLICATION MASTER ADMIN",
                                              "BINLOG ADMIN",
                                              "BINLOG REPLAY",
                                              "CONNECTION ADMIN",
                                              "READ_ONLY ADMIN",
                                              "SHUTDOWN"}
                   : std::vector<std::string>{"REPLICATION SLAVE",
                                              "REPLICATION_SLAVE_ADMIN",
                                              "GROUP_REPLICATION_ADMIN",
                                              "REPLICATION_APPLIER",
                                              "BINLOG_ADMIN",
                                              "CONNECTION_ADMIN",
                                              "SYSTEM_VARIABLES_ADMIN",
                                              "AUDIT_ADMIN",
                                              "INNODB_REDO_LOG_ARCHIVE",
                                              "SHUTDOWN"};
  const std::string own = dsn();
  const std::string granted = "mysql://granted" + own.substr(own.find('@'));
  admin().run("DROP USER IF EXISTS granted@'%'");
  const auto open = [&] {
    return failure_of(
        [&] { read_all(engine_for(granted).open(query_of("SELECT 1"), {})); });
  };
  for (const std::string& right : rights) {
    admin().run("CREATE USER granted@'%' IDENTIFIED BY ''");
    admin().run("GRANT SELECT ON penstock.* TO granted@'%'");
    admin().run("GRANT PROCESS, REPLICATION CLIENT ON *.* TO granted@'%'");
    EXPECT_EQ(open(), Failure{}) << "before " << right;
    admin().run("GRANT " + right + " ON *.* TO granted@'%'");
    EXPECT_EQ(open().message, "refusing to read with an account that has " + right +
                                  ": read-only transactions do not bind it");
    admin().run("DROP USER granted@'%'");
  }
}

// RS-013, RS-014
TEST_P(MysqlReadOnly, TheSessionIsWhatItShouldBe) {
  Query query = query_of(
      is_mariadb()
          ? "SELECT @@tx_read_only, @@time_zone, @@max_statement_time, "
            "@@sql_select_limit, @@character_set_results, @@tx_isolation"
          : "SELECT @@transaction_read_only, @@time_zone, @@max_execution_time, "
            "@@sql_select_limit, @@character_set_results, @@transaction_isolation");
  query.limits.statement = std::chrono::seconds(42);
  query.types.duplicates = Duplicates::kRename;
  const Table table = read(query);
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_THAT(table.rows[0],
              HasSubstr(is_mariadb() ? "|'+00:00'|43" : "|'+00:00'|43000"));
  EXPECT_THAT(table.rows[0], HasSubstr("|18446744073709551615|'utf8mb4'|"));
  EXPECT_THAT(table.rows[0], HasSubstr("'REPEATABLE-READ'"));
  EXPECT_EQ(table.rows[0].substr(0, 2), "1|");
}

// RS-013
TEST_P(MysqlReadOnly, RowsOfOneReadAreOfOneMoment) {
  admin().run("DROP TABLE IF EXISTS ro_rows");
  admin().run("CREATE TABLE ro_rows (n INT)");
  admin().run("INSERT INTO ro_rows VALUES (1), (2)");
  Query query = query_of("SELECT n FROM ro_rows");
  query.batch.rows = 1;
  BatchStream stream = engine_for(dsn()).open(query, {});
  ASSERT_TRUE(stream.next());
  admin().run("INSERT INTO ro_rows VALUES (3)");
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
}

// RS-013
TEST_P(MysqlReadOnly, ASelectLimitOfTheServerDoesNotCutAResult) {
  admin().run("SET GLOBAL sql_select_limit = 1");
  const auto all = failure_of([&] {
    EXPECT_THAT(read("SELECT 1 AS n UNION ALL SELECT 2").rows, ElementsAre("1", "2"));
  });
  admin().run("SET GLOBAL sql_select_limit = DEFAULT");
  EXPECT_EQ(all, Failure{});
}

// RS-013
TEST_P(MysqlReadOnly, AResultThatTheServerCutIsAnError) {
  admin().run("SET GLOBAL group_concat_max_len = 10");
  const Failure failure = failure_of_reading(
      "SELECT group_concat(x SEPARATOR '') AS g FROM (SELECT 'aaaaaaaa' AS x UNION ALL "
      "SELECT 'bbbbbbbb') AS t");
  admin().run("SET GLOBAL group_concat_max_len = DEFAULT");
  EXPECT_EQ(failure.code, "result_cut") << failure;
  EXPECT_THAT(failure.message, HasSubstr("the server cut the result: Row 2 was cut by "));
  if (is_mariadb()) {
    EXPECT_EQ(failure_of_reading("SELECT a.Help_topic_id FROM mysql.help_topic AS a "
                                 "LIMIT ROWS EXAMINED 1")
                  .code,
              "result_cut");
  }
}

// RS-013
TEST_P(MysqlReadOnly, AHarmlessWarningIsNone) {
  EXPECT_THAT(read("SELECT CAST('12abc' AS SIGNED) AS n").rows, ElementsAre("12"));
}

}  // namespace
}  // namespace penstock::testing
