#include "dialect/mysql/errors.h"

#include <gtest/gtest.h>

namespace penstock::mysql {
namespace {

using enum Category;

struct Row {
  unsigned number;
  const char* sqlstate;
  Category category;
  const char* code;
};

// RS-024
TEST(MysqlErrors, ANumberIsClassifiedByTheTable) {
  const Row rows[] = {
      {1969, "70100", kTimeout, "statement_timeout"},
      {3024, "HY000", kTimeout, "statement_timeout"},
      {1317, "70100", kDataSource, "query_killed"},
      {1792, "25006", kRefused, "not_a_read"},
      {1290, "HY000", kRefused, "not_a_read"},
      {1045, "28000", kUnavailable, "authentication_failed"},
      {1698, "28000", kUnavailable, "authentication_failed"},
      {9999, "28000", kUnavailable, "authentication_failed"},
      {1049, "42000", kUnavailable, "no_such_database"},
      {1142, "42000", kDataSource, "permission_denied"},
      {1143, "42000", kDataSource, "permission_denied"},
      {1227, "42000", kDataSource, "permission_denied"},
      {1370, "42000", kDataSource, "permission_denied"},
      {1040, "08004", kUnavailable, "server_unavailable"},
      {9999, "08S01", kUnavailable, "server_unavailable"},
      {1927, "70100", kUnavailable, "server_unavailable"},
      {2006, "HY000", kUnavailable, "connection_lost"},
      {2013, "HY000", kUnavailable, "connection_lost"},
      {2026, "HY000", kUnavailable, "tls_failed"},
      {1038, "HY001", kLimit, "server_out_of_resources"},
      {1114, "HY000", kLimit, "server_out_of_resources"},
      {1146, "42S02", kDataSource, "query_failed"},
      {1064, "42000", kDataSource, "query_failed"},
      {0, "", kDataSource, "query_failed"},
  };
  for (const Row& row : rows) {
    const Classified found = classify(row.number, row.sqlstate);
    EXPECT_EQ(found.category, row.category) << row.number;
    EXPECT_EQ(found.code, row.code) << row.number;
  }
}

// RS-026
TEST(MysqlErrors, AMessageIsPrintableAndHasItsState) {
  const Error error = server_error(1146, "42S02", " Table 'a.b\x1B[2J' doesn't exist\n",
                                   "orders.yaml:3:5");
  EXPECT_EQ(error.message(), "orders.yaml:3:5: Table 'a.b\\x1b[2J' doesn't exist");
  EXPECT_EQ(error.sqlstate(), "42S02");
  EXPECT_EQ(server_error(2013, "HY000", "Lost connection").sqlstate(), "");
}

// RS-026
TEST(MysqlErrors, AServerThatSaysNothingIsGivenWords) {
  EXPECT_EQ(server_error(1146, "42S02", " ").message(),
            "the server gave error 1146 without a message");
}

}  // namespace
}  // namespace penstock::mysql
