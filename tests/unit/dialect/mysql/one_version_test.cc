// Which tables a text may read, and what in it is not the same in every session.
#include "dialect/mysql/one_version.h"

#include <gtest/gtest.h>

namespace penstock::mysql {
namespace {

TEST(MysqlNames, ANameIsFoundAsAWordInAnyCase) {
  for (const char* sql :
       {"SELECT * FROM orders", "SELECT * FROM `Orders`", "select*from(orders)o",
        "SELECT * FROM shop.orders", "SELECT * FROM \"ORDERS\"", "TABLE orders",
        "SELECT 1 /*!50000 FROM orders */", "SELECT a.b,orders.c FROM t"}) {
    EXPECT_TRUE(may_name(sql, "orders")) << sql;
  }
  for (const char* sql :
       {"SELECT * FROM orders_2", "SELECT * FROM my_orders", "SELECT * FROM order",
        "SELECT * FROM orders2", "SELECT * FROM $orders", "SELECT * FROM \u00F6orders"}) {
    EXPECT_FALSE(may_name(sql, "orders")) << sql;
  }
}

TEST(MysqlNames, ANameOfOtherCharactersIsFoundAsItIsWrittenBetweenQuotes) {
  EXPECT_TRUE(may_name("SELECT * FROM `a b`", "a b"));
  EXPECT_TRUE(may_name("SELECT * FROM `a``b`", "a`b"));
  EXPECT_TRUE(may_name("SELECT * FROM \"a\"\"b\"", "a\"b"));
  EXPECT_TRUE(may_name("SELECT * FROM `-x-`", "-x-"));
  EXPECT_FALSE(may_name("SELECT * FROM `a bc`", "a b"));
}

TEST(MysqlNames, BeyondAsciiTheServerDecidesWhatIsOneLetterInAnotherCase) {
  EXPECT_TRUE(may_name("SELECT * FROM `\u00C9T\u00C9`", "\u00E9t\u00E9"));
}

TEST(MysqlNames, WhatGivesEachSessionRowsOfItsOwnIsFound) {
  EXPECT_EQ(unstable_word("SELECT * FROM t LIMIT 5"), "LIMIT");
  EXPECT_EQ(unstable_word("SELECT * FROM t FETCH FIRST 5 ROWS ONLY"), "FETCH");
  EXPECT_EQ(unstable_word("SELECT rand(), a FROM t"), "RAND");
  EXPECT_EQ(unstable_word("SELECT * FROM t WHERE rownum() < 5"), "ROWNUM");
  EXPECT_EQ(unstable_word("SELECT * FROM t FOR /* */ UPDATE"), "FOR UPDATE");
  EXPECT_EQ(unstable_word("SELECT * FROM t LOCK IN SHARE MODE"), "SHARE");
  EXPECT_EQ(unstable_word("SELECT * FROM t FOR SHARE"), "SHARE");
  EXPECT_EQ(unstable_word("SELECT @n := @n + 1 FROM t"), ":=");
  EXPECT_EQ(unstable_word("SELECT connection_id() FROM t"), "CONNECTION_ID");
  EXPECT_EQ(unstable_word("SELECT SYSDATE (6) FROM t"), "SYSDATE");
  EXPECT_EQ(unstable_word("SELECT @@timestamp FROM t"), "@@");
  EXPECT_EQ(unstable_word("SELECT NOW() FROM t WHERE mail LIKE '%@example.com'"), "");
  EXPECT_EQ(unstable_word("SELECT a, random, updated, limits FROM t ORDER BY a"), "");
}

}  // namespace
}  // namespace penstock::mysql
