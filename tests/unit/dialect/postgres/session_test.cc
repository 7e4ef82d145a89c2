#include "dialect/postgres/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "penstock/error.h"
#include "unit/support.h"

namespace penstock::postgres {
namespace {

using penstock::testing::Failure;
using penstock::testing::failure_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A result of one column, a row for each value.
Result rows(const std::vector<std::string>& values) {
  Result result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
  char name[] = "c";
  PGresAttDesc column{name, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(PQsetResultAttrs(result.get(), 1, &column), 1);
  for (std::size_t row = 0; row < values.size(); ++row) {
    std::string value = values[row];
    EXPECT_EQ(PQsetvalue(result.get(), static_cast<int>(row), 0, value.data(),
                         static_cast<int>(value.size())),
              1);
  }
  return result;
}

// A server that takes what it is told: what it was asked, in order, and what it says of
// `transaction_read_only` and of the account. It refuses the question of number
// `refused`.
struct Server {
  std::vector<std::string> read_only{"on"};
  std::vector<std::string> privileges{};
  std::size_t refused = std::string::npos;
  std::vector<std::string> asked{};

  Failure set_up(const Session& session = {}, const Version& version = {}) {
    return failure_of([&] {
      set_up_session(
          [this](const std::string& sql, const std::vector<std::string>&) {
            asked.push_back(sql);
            if (asked.size() - 1 == refused)
              throw Error(Category::kDataSource, "no", "no");
            if (sql.starts_with("SHOW")) return rows(read_only);
            return rows(sql.find("pg_roles") != std::string::npos
                            ? privileges
                            : std::vector<std::string>{});
          },
          session, version, {{"search_path", "shop"}});
    });
  }
};

// RS-013, RS-014
TEST(PostgresSession, IsOneReadOnlyTransactionWithATimeLimitInOneMessage) {
  Session session;
  session.limits.statement = std::chrono::milliseconds(7500);
  Server server;
  EXPECT_EQ(server.set_up(session), Failure{});
  EXPECT_THAT(server.asked,
              ElementsAre(AllOf(StartsWith("BEGIN TRANSACTION READ ONLY; "),
                                HasSubstr("; SET LOCAL statement_timeout = 7500; "),
                                HasSubstr("; SET LOCAL TimeZone = 'UTC'; ")),
                          "SHOW transaction_read_only", HasSubstr("rolsuper"),
                          "SELECT pg_catalog.set_config($1, $2, true)"));
  // Nothing of it outlives the transaction, which a pooler may hand on.
  for (std::size_t at = 0; (at = server.asked[0].find("SET ", at)) != std::string::npos;
       ++at) {
    EXPECT_EQ(server.asked[0].substr(at, 10), "SET LOCAL ");
  }
  Server partition;
  EXPECT_EQ(partition.set_up({}, {true, "00000003-1"}), Failure{});
  EXPECT_THAT(partition.asked[0],
              StartsWith("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
                         "SET TRANSACTION SNAPSHOT '00000003-1'; SET LOCAL "));
}

// RS-013
TEST(PostgresSession, IsReadBackAndOneThatIsNotReadOnlyAborts) {
  using Values = std::vector<std::string>;
  const Failure writable{Category::kDataSource, "session_not_read_only",
                         "the session could not be made read-only", ""};
  for (const Values& said :
       {Values{"off"}, Values{""}, Values{"ON"}, Values{}, Values{"on", "on"}}) {
    Server server{.read_only = said};
    EXPECT_EQ(server.set_up(), writable) << ::testing::PrintToString(said);
    EXPECT_EQ(server.asked.size(), 2U);  // nothing else is asked
  }
  // A plan of what writes is read-only as well.
  Session plan;
  plan.access = Access::kReadWrite;
  plan.plan_only = true;
  EXPECT_EQ(Server{.read_only = {"off"}}.set_up(plan), writable);
  EXPECT_EQ(Server{}.set_up(plan), Failure{});
  // FT-006: the other way round for a task.
  Session task;
  task.access = Access::kReadWrite;
  EXPECT_EQ(Server{.read_only = {"off"}}.set_up(task), Failure{});
  EXPECT_EQ(Server{}.set_up(task).message, "the session could not be made writable");
}

// RS-013
TEST(PostgresSession, OfAnAccountThatReadOnlyDoesNotBindAborts) {
  Server server{.privileges = {"superuser"}};
  const Failure failure = server.set_up();
  EXPECT_EQ(failure.category, Category::kRefused);
  EXPECT_EQ(failure.code, "privileged_account");
  Session allowed;
  allowed.allow_privileged = true;
  EXPECT_EQ(Server{.privileges = {"superuser"}}.set_up(allowed), Failure{});
}

// RS-013, RS-014
TEST(PostgresSession, AnErrorOfAnyPartAbortsAndNothingMoreIsAsked) {
  Server willing;
  willing.set_up();
  for (std::size_t part = 0; part < willing.asked.size(); ++part) {
    Server server{.refused = part};
    EXPECT_EQ(server.set_up().code, "no");
    EXPECT_EQ(server.asked.size(), part + 1);
  }
}

}  // namespace
}  // namespace penstock::postgres
