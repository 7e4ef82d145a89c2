// One byte of a server's stream changed on the way, wherever it stands: rows or an error,
// never a crash, never a hang. Meant for a sanitizer build.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <gtest/gtest.h>

#include "faults/figures.h"
#include "faults/proxy.h"
#include "penstock/engine.h"
#include "unit/support.h"

namespace penstock::testing {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Server {
  const char* name;
  const char* variable;
  const char* query;
};

// Every kind of value that goes over the wire, and NULLs.
constexpr Server kPostgres{
    "PostgreSQL", "PENSTOCK_TEST_POSTGRES_DSN",
    "SELECT i, i::int2 AS s, repeat('x', i) AS t, i / 3.0 AS n, "
    "(i || '.25')::numeric(12,2) AS d, date '2026-01-01' + i AS day, "
    "timestamptz '2026-01-01 00:00:00Z' + i * interval '1 hour' AS at, "
    "ARRAY[i, NULL, 3] AS a, i % 2 = 0 AS b, nullif(i, 3)::float8 AS f, "
    "decode('00ff', 'hex') AS x, i * interval '1 day' AS v FROM generate_series(1, 20) "
    "i"};
constexpr const char* kMysqlQuery =
    "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20) "
    "SELECT i, repeat('x', i) AS t, CAST(i AS DECIMAL(12,2)) AS d, i / 3 AS n, "
    "i * 1e0 AS f, DATE '2026-01-01' + INTERVAL i DAY AS day, "
    "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL i HOUR AS at, TIME '10:11:12' AS c, "
    "NULLIF(i, 3) AS z, CAST(i AS UNSIGNED) AS u, x'00ff' AS x FROM s";
constexpr Server kMariadb{"MariaDB", "PENSTOCK_TEST_MARIADB_DSN", kMysqlQuery};
constexpr Server kMysql{"MySQL", "PENSTOCK_TEST_MYSQL_DSN", kMysqlQuery};

constexpr milliseconds kLimit{1000};
constexpr milliseconds kHung{20'000};  // of a busy machine, under sanitizers
constexpr int kThreads = 8;

struct Tally {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> errors = 0;
  std::atomic<std::size_t> reads = 0;
  std::atomic<milliseconds::rep> longest = 0;

  void took(milliseconds time) {
    auto before = longest.load();
    while (before < time.count() &&
           !longest.compare_exchange_weak(before, time.count())) {
    }
  }
};

class FlippedBytes : public ::testing::TestWithParam<Server> {
 protected:
  static std::string dsn() {
    const char* value = std::getenv(GetParam().variable);
    if (value == nullptr)
      throw std::runtime_error(std::string(GetParam().variable) +
                               " is not set; run this through "
                               "tools/servers/with_servers.py");
    return value;
  }

  // All of it through the proxy; empty, or why not.
  static Failure read_through(const Proxy& proxy, milliseconds limit) {
    return failure_of([&] {
      Query query;
      query.name = "flip";
      query.sql = GetParam().query;
      query.connection.dsn_env = "PENSTOCK_TEST_DSN";
      query.limits.total = query.limits.connect = query.limits.statement = limit;
      query.types.on_lossy = OnLossy::kText;
      BatchStream stream =
          Engine(Environment({{"PENSTOCK_TEST_DSN", proxy.through(dsn())},
                              {"PENSTOCK_SQL_ALLOW_PRIVATE", "1"}}))
              .open(query, {});
      while (const auto batch = stream.next()) {
        if (!batch->ValidateFull().ok()) throw std::runtime_error("a batch is not valid");
      }
    });
  }

  // Spread over the stream by a number that has no factor in common with most lengths.
  static void flip(std::size_t turn, std::size_t whole, Tally& tally) {
    const std::size_t at = turn * 7919 % whole;
    const auto mask = static_cast<std::uint8_t>(turn % 3 == 0   ? 0xFF
                                                : turn % 3 == 1 ? 0x80 >> turn % 8
                                                                : 1 + turn % 255);
    const Proxy proxy(Proxy::port_of(dsn()), Fault::kFlip, at, mask);
    const auto start = Clock::now();
    const Failure failure = read_through(proxy, kLimit);
    const auto time = std::chrono::ceil<milliseconds>(Clock::now() - start);
    EXPECT_LT(time, kHung) << "byte " << at << " mask " << int{mask};
    tally.took(time);
    ++(failure == Failure{} ? tally.reads : tally.errors);
    if (failure != Failure{}) {
      EXPECT_EQ(traits(failure.category).exit_code, 3)
          << "byte " << at << " mask " << int{mask} << ": " << failure;
      EXPECT_FALSE(failure.message.empty() || failure.code.empty())
          << "byte " << at << " mask " << int{mask} << ": " << failure;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Postgres, FlippedBytes, ::testing::Values(kPostgres),
                         [](const auto& tested) { return tested.param.name; });
INSTANTIATE_TEST_SUITE_P(MysqlFamily, FlippedBytes, ::testing::Values(kMariadb, kMysql),
                         [](const auto& tested) { return tested.param.name; });

// RS-024
TEST_P(FlippedBytes, GiveRowsOrAnErrorAndNeverACrashOrAHang) {
  std::size_t whole = 0;
  {
    const Proxy proxy(Proxy::port_of(dsn()), Fault::kNone, 0);
    const Failure failure = read_through(proxy, kHung);
    ASSERT_EQ(failure, Failure{}) << failure;
    whole = proxy.answered();
  }
  const std::size_t count = cases(200, 4000);
  Tally tally;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t turn = tally.next++; turn < count; turn = tally.next++) {
        flip(turn, whole, tally);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(tally.errors + tally.reads, count);
  EXPECT_GT(tally.errors, count / 20);  // the proxy does change something
  report(
      fmt::format("flip {}", GetParam().name),
      fmt::format("{} flips over {} bytes: {} errors, {} reads, longest {} ms", count,
                  whole, tally.errors.load(), tally.reads.load(), tally.longest.load()));
}

}  // namespace
}  // namespace penstock::testing
