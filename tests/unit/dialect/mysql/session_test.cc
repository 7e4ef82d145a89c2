#include "dialect/mysql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support.h"

namespace penstock::mysql {
namespace {

using penstock::testing::failure_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// RS-013
TEST(MysqlGrants, PrivilegesThatAReadOnlyTransactionDoesNotBindAreFound) {
  EXPECT_THAT(dangerous_privileges({"GRANT FILE ON *.* TO `a`@`%`"}),
              ElementsAre("FILE"));
  EXPECT_THAT(dangerous_privileges({"GRANT SELECT, SUPER, FILE ON *.* TO `a`@`%`"}),
              ElementsAre("SUPER", "FILE"));
  EXPECT_THAT(
      dangerous_privileges(
          {"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"}),
      ElementsAre("ALL PRIVILEGES"));
  EXPECT_THAT(dangerous_privileges({"GRANT `r`@`%` TO `a`@`%`", "GRANT USAGE ON *.* TO r",
                                    "GRANT FILE ON *.* TO `r`@`%`"}),
              ElementsAre("FILE"));
  EXPECT_THAT(dangerous_privileges(
                  {"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `a`@`%`",
                   "GRANT CLONE_ADMIN,REPLICATION_SLAVE_ADMIN ON *.* TO `a`@`%`"}),
              ElementsAre("REPLICATION SLAVE", "REPLICATION_SLAVE_ADMIN"));
}

// RS-013
TEST(MysqlGrants, WhatALesserAccountHasIsLetBe) {
  EXPECT_THAT(dangerous_privileges(
                  {"GRANT USAGE ON *.* TO `a`@`%`", "GRANT SELECT ON `s`.* TO `a`@`%`",
                   "GRANT ALL PRIVILEGES ON `s`.* TO `a`@`%`",
                   "GRANT SELECT (`FILE`, `SUPER`) ON `s`.`t` TO `a`@`%`",
                   "GRANT SELECT ON `x ON *.* TO `.* TO `FILE`@`%`",
                   "GRANT SHOW DATABASES, PROCESS ON *.* TO `a`@`%`",
                   "GRANT RELOAD, LOCK TABLES ON *.* TO `a`@`%`",
                   "GRANT REPLICATION CLIENT, CREATE USER ON *.* TO `a`@`%`",
                   "GRANT BINLOG MONITOR, SLAVE MONITOR ON *.* TO `a`@`%`",
                   "GRANT BACKUP_ADMIN,ROLE_ADMIN ON *.* TO `a`@`%`",
                   "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION"}),
              IsEmpty());
}

// RS-026
TEST(MysqlGrants, AreShownWithoutTheirPasswordHash) {
  EXPECT_THAT(
      readable_grants({"GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*ABCDEF'",
                       "GRANT PROCESS ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*ABCDEF'",
                       "GRANT SELECT (`a`, `b`), INSERT ON `s`.`t` TO `a`@`%`",
                       "SET DEFAULT ROLE `r` FOR `a`@`%`", "GRANT `r`@`%` TO `a`@`%`"}),
      ElementsAre("PROCESS on *.*", "SELECT (`a`, `b`), INSERT on `s`.`t`"));
}

// FT-006
TEST(MysqlSession, AChangeOfTheSchemaCommitsButNotOneOfTemporaryTables) {
  using Words = std::vector<std::string>;
  for (const Words& words :
       {Words{"CREATE", "TABLE", "T"}, Words{"ALTER", "TABLE", "T"},
        Words{"DROP", "TABLE"}, Words{"RENAME", "TABLE"}, Words{"TRUNCATE", "T"},
        Words{"ANALYZE", "TABLE"}, Words{"CREATE", "OR", "REPLACE", "VIEW"},
        Words{"ALTER", "TEMPORARY"}, Words{"CREATE"}}) {
    EXPECT_TRUE(commits_by_itself(words)) << ::testing::PrintToString(words);
  }
  for (const Words& words :
       {Words{"CREATE", "TEMPORARY", "TABLE"}, Words{"DROP", "TEMPORARY", "TABLE"},
        Words{"CREATE", "OR", "REPLACE", "TEMPORARY"}, Words{"INSERT", "INTO"},
        Words{"SELECT"}, Words{}}) {
    EXPECT_FALSE(commits_by_itself(words)) << ::testing::PrintToString(words);
  }
}

// RS-008
TEST(MysqlLexicon, FollowsTheServersMode) {
  const auto flags = [](std::string_view mode) {
    const Lexicon lexicon = lexicon_of(mode);
    return std::pair(lexicon.double_quoted_strings, lexicon.backslash_escapes);
  };
  EXPECT_EQ(flags(""), std::pair(true, true));
  EXPECT_EQ(flags("STRICT_TRANS_TABLES,NO_ZERO_DATE"), std::pair(true, true));
  EXPECT_EQ(flags("REAL_AS_FLOAT,ANSI_QUOTES,ANSI"), std::pair(false, true));
  EXPECT_EQ(flags("NO_BACKSLASH_ESCAPES"), std::pair(true, false));
  EXPECT_EQ(flags("ANSI_QUOTES,NO_BACKSLASH_ESCAPES"), std::pair(false, false));
}

// A server that takes what it is told, but for one setting.
Rows answer(const std::string& sql, const std::string& stubborn, bool mariadb) {
  if (!sql.starts_with("SHOW")) return {};
  std::map<std::string, std::string> values{{"tx_read_only", "ON"},
                                            {"time_zone", "+00:00"},
                                            {"sql_select_limit", "18446744073709551615"},
                                            {"character_set_results", "utf8mb4"},
                                            {"character_set_client", "utf8mb4"},
                                            {"sql_mode", "ANSI_QUOTES"}};
  values[mariadb ? "max_statement_time" : "max_execution_time"] =
      mariadb ? "301.000000" : "301000";
  if (!stubborn.empty()) values[stubborn] = "stubborn";
  Rows rows;
  for (const auto& [name, value] : values) rows.push_back({name, value});
  return rows;
}

// RS-013, RS-014
TEST(MysqlSession, IsReadBackAndASettingThatDoesNotHoldAborts) {
  for (const bool mariadb : {false, true}) {
    const auto set_up = [&](const std::string& stubborn) {
      return failure_of([&] {
        set_up_session(
            [&](const std::string& sql) { return answer(sql, stubborn, mariadb); },
            Session{}, mariadb);
      });
    };
    EXPECT_EQ(set_up(""), (penstock::testing::Failure{}));
    const std::string limit = mariadb ? "max_statement_time" : "max_execution_time";
    const std::map<std::string, std::string> whys{
        {"tx_read_only", "it is not read-only"},
        {"time_zone", "its time zone is not UTC"},
        {"sql_select_limit", "sql_select_limit cuts results"},
        {"character_set_results", "its character set is not utf8mb4"},
        {"character_set_client", "its character set is not utf8mb4"},
        {limit, "its time limit does not hold"}};
    for (const auto& [setting, why] : whys) {
      EXPECT_EQ(set_up(setting).code, "session_not_set_up");
      EXPECT_EQ(set_up(setting).message, "the session could not be set up: " + why);
    }
  }
}

// RS-013, RS-014
TEST(MysqlSession, AnErrorOfAnySettingAborts) {
  std::vector<std::string> sent;
  set_up_session(
      [&](const std::string& sql) {
        sent.push_back(sql);
        return answer(sql, "", true);
      },
      Session{}, true);
  EXPECT_THAT(sent, ::testing::Contains("SET SESSION TRANSACTION READ ONLY"));
  EXPECT_THAT(sent, ::testing::Contains("SET SESSION max_statement_time = 301"));
  for (const std::string& refused : sent) {
    EXPECT_EQ(failure_of([&] {
                set_up_session(
                    [&](const std::string& sql) {
                      if (sql == refused) throw Error(Category::kDataSource, "no", "no");
                      return answer(sql, "", true);
                    },
                    Session{}, true);
              }).code,
              "no");
  }
}

}  // namespace
}  // namespace penstock::mysql
