// What a broken network makes of a read: an error, or all of it, never a part.
#include <chrono>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/proxy.h"
#include "unit/dialect/mysql/server.h"

namespace penstock::testing {
namespace {

using Clock = std::chrono::steady_clock;

class MysqlFaults : public OnServers {
 protected:
  static constexpr int kRows = 300;
  int server_port() const { return Proxy::port_of(dsn()); }
  /// The rows that came to an end that looks like one, or the failure.
  Failure read_through(const Proxy& proxy, std::size_t* rows,
                       std::chrono::milliseconds limit = std::chrono::seconds(30)) const {
    return failure_of([&] {
      Query query = query_of(fmt::format(
          "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {}) "
          "SELECT i, repeat('x', 20) AS x FROM s",
          kRows));
      query.limits.statement = query.limits.connect = limit;
      *rows = read_all(engine_for(proxy.through(dsn())).open(query, {})).rows.size();
    });
  }
};
PENSTOCK_ON_BOTH_SERVERS(MysqlFaults);

// RS-013
TEST_P(MysqlFaults, AConnectionThatIsCutAnywhereIsAnErrorAndNeverAShortResult) {
  std::size_t whole = 0;
  std::size_t rows = 0;
  {
    const Proxy proxy(server_port(), Fault::kNone, 0);
    ASSERT_EQ(read_through(proxy, &rows), Failure{});
    ASSERT_EQ(rows, kRows);
    whole = proxy.answered();
  }
  std::vector<std::size_t> points;
  for (std::size_t i = 1; i < 24; ++i) points.push_back(whole * i / 24);
  for (std::size_t i = 1; i <= 16; ++i) points.push_back(whole - i);
  for (const Fault fault : {Fault::kClose, Fault::kReset}) {
    for (const std::size_t point : points) {
      const Proxy proxy(server_port(), fault, point);
      rows = 0;
      const Failure failure = read_through(proxy, &rows);
      EXPECT_NE(failure, Failure{}) << point << " of " << whole;
      EXPECT_EQ(failure.category, Category::kUnavailable) << point << "\n" << failure;
      EXPECT_EQ(rows, 0U);
    }
  }
}

// RS-014
TEST_P(MysqlFaults, AConnectionThatStallsEndsWithTheTimeLimit) {
  for (const std::size_t point : {100U, 2000U, 5000U, 9000U}) {
    const Proxy proxy(server_port(), Fault::kStall, point);
    std::size_t rows = 0;
    const auto start = Clock::now();
    const Failure failure = read_through(proxy, &rows, std::chrono::milliseconds(1000));
    EXPECT_EQ(failure.category, Category::kTimeout) << failure;
    EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(4000)) << point;
    EXPECT_EQ(rows, 0U);
  }
}

}  // namespace
}  // namespace penstock::testing
