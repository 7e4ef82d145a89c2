// One Engine, many threads: each call has its own connection, and none sees another's.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

constexpr int kThreads = 8;
constexpr int kRows = 5000;

const Database& rows() {
  static const Database db(
      "CREATE TABLE t(a INTEGER PRIMARY KEY, s TEXT);"
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000)"
      "INSERT INTO t SELECT i, 'row' || i FROM c");
  return db;
}

template <class Work>
void on_every_thread(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedEngine, GivesEachThreadAllItsRowsAlsoInParts) {
  const Engine engine = engine_for(rows().path());
  std::atomic<std::size_t> total = 0;
  on_every_thread([&](int number) {
    for (int turn = 0; turn < 4; ++turn) {
      Query query = query_of("SELECT a, s FROM t");
      query.batch.rows = 300;
      if (number % 2 == 1) query.partition = {"a", 3, {}};
      total += read_all(engine.open(query, {})).rows.size();
    }
  });
  EXPECT_EQ(total, std::size_t{kThreads} * 4 * kRows);
}

// RS-014
TEST(SharedEngine, AStopEndsTheStreamItIsForAndNoOther) {
  const Engine engine = engine_for(rows().path());
  std::atomic<int> interrupted = 0;
  std::atomic<int> whole = 0;
  on_every_thread([&](int number) {
    std::stop_source stop;
    Query query = query_of(number % 2 == 0 ? "SELECT count(*) FROM t a, t b, t c"
                                           : "SELECT a, s FROM t");
    query.batch.rows = 100;
    std::thread stopper([&] {
      std::this_thread::sleep_for(50ms);
      if (number % 2 == 0) stop.request_stop();
    });
    const Failure failure =
        failure_of([&] { read_all(engine.open(query, {}, stop.get_token())); });
    stopper.join();
    ++(failure.category == Category::kInterrupted && failure.code == "interrupted"
           ? interrupted
           : whole);
  });
  EXPECT_EQ(interrupted, kThreads / 2);
  EXPECT_EQ(whole, kThreads / 2);
}

TEST(SharedEngine, StreamsAreAbandonedOnOneThreadAndReadOnAnother) {
  const Engine engine = engine_for(rows().path());
  on_every_thread([&](int number) {
    for (int turn = 0; turn < 8; ++turn) {
      Query query = query_of("SELECT a, s FROM t");
      query.batch.rows = 100;
      BatchStream stream = engine.open(query, {});
      for (int i = 0; i < number; ++i) EXPECT_NE(stream.next(), nullptr);
    }
  });
}

}  // namespace
}  // namespace penstock
