#include "dialect/postgres/errors.h"

#include <gtest/gtest.h>

namespace penstock::postgres {
namespace {

// RS-024
TEST(PostgresErrors, ASqlstateIsClassifiedByWhatTheUserCanDo) {
  struct Case {
    const char* sqlstate;
    Category category;
    const char* code;
  };
  const Case cases[] = {
      {"57014", Category::kTimeout, "statement_timeout"},
      {"25006", Category::kRefused, "not_a_read"},
      {"28000", Category::kUnavailable, "authentication_failed"},
      {"28P01", Category::kUnavailable, "authentication_failed"},
      {"3D000", Category::kUnavailable, "no_such_database"},
      {"08000", Category::kUnavailable, "server_unavailable"},
      {"08006", Category::kUnavailable, "server_unavailable"},
      {"57P01", Category::kUnavailable, "server_unavailable"},
      {"57P02", Category::kUnavailable, "server_unavailable"},
      {"57P03", Category::kUnavailable, "server_unavailable"},
      {"53300", Category::kUnavailable, "server_unavailable"},
      {"53100", Category::kLimit, "server_out_of_resources"},
      {"53200", Category::kLimit, "server_out_of_resources"},
      {"53400", Category::kLimit, "server_out_of_resources"},
      {"42501", Category::kDataSource, "permission_denied"},
      {"42601", Category::kDataSource, "query_failed"},
      {"42P18", Category::kDataSource, "query_failed"},
      {"42P01", Category::kDataSource, "query_failed"},
      {"22012", Category::kDataSource, "query_failed"},
      {"40001", Category::kDataSource, "query_failed"},
      {"XX000", Category::kDataSource, "query_failed"},
      {"", Category::kDataSource, "query_failed"},
      {"5", Category::kDataSource, "query_failed"},
  };
  for (const Case& one : cases) {
    const Classified found = classify(one.sqlstate);
    EXPECT_EQ(found.category, one.category) << one.sqlstate;
    EXPECT_EQ(found.code, one.code) << one.sqlstate;
    EXPECT_EQ(traits(found.category).exit_code, 3) << one.sqlstate;
  }
}

TEST(PostgresErrors, TheServersWordsStandBehindThePlaceAndCannotControlATerminal) {
  const Error error = server_error("42703", "column \"x\x1b[31m\" does\nnot exist",
                                   "Perhaps\x07 y.", "r.yaml:7:3");
  EXPECT_EQ(error.sqlstate(), "42703");
  EXPECT_TRUE(error.message().starts_with("r.yaml:7:3: column "));
  for (const std::string& text : {error.message(), error.hint()}) {
    EXPECT_EQ(text.find_first_of("\x1b\x07\n"), std::string::npos) << text;
  }
  EXPECT_EQ(server_error("42703", "no", "", "").message(), "no");
  EXPECT_EQ(server_error("42703", " \n", "", "r.yaml:7:3").message(),
            "r.yaml:7:3: the server gave error 42703 without a message");
  EXPECT_EQ(server_error("", "", "", "").message(),
            "the server gave an error without a message");
}

}  // namespace
}  // namespace penstock::postgres
