#include "faces/store/readers.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "unit/faces/store/shop.h"

namespace penstock {
namespace {

using testing::Database;
using testing::failure_of;
using testing::shop;
using testing::store_of;

TEST(Readers, NoMoreThanSoManyAtOnce) {
  Readers readers(3);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        for (int turn = 0; turn < 50; ++turn) {
          const auto permit = readers.take({});
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          std::this_thread::yield();
          --inside;
        }
      });
    }
  }
  EXPECT_LE(most, 3);
  EXPECT_EQ(inside, 0);
}

TEST(Readers, AStopEndsTheWait) {
  Readers readers(1);
  const auto permit = readers.take({});
  std::stop_source stop;
  std::string code;
  std::jthread waiting(
      [&] { code = failure_of([&] { readers.take(stop.get_token()); }).code; });
  stop.request_stop();
  waiting.join();
  EXPECT_EQ(code, "interrupted");
}

TEST(Readers, ManyThreadsReadOneStoreAtOnce) {
  const Database database = shop();
  const Store store = store_of(
      database,
      "  all.csv: SELECT id, name FROM items ORDER BY id\n"
      "  '{id}.csv': {query: 'SELECT name FROM items WHERE id = :id', parameters: {id: "
      "int}}\n",
      "strict: false\ndiscover: views\nconnections: 3\n");
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int turn = 0; turn < 5; ++turn) {
          const bool whole = store.read_bytes("all.csv") ==
                             "\"id\",\"name\"\n1,\"one\"\n2,\"two\"\n3,\"three\"\n";
          const bool one = store.read_bytes(std::to_string(i % 2 + 1) + ".csv") ==
                           (i % 2 == 0 ? "\"name\"\n\"one\"\n" : "\"name\"\n\"two\"\n");
          const bool listed = store.list_files("views/main").size() == 3;
          right += whole && one && listed && store.is_folder("views") ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 40);
}

// A close that comes in the middle: each read is whole, or refused.
TEST(Readers, AStoreMayBeClosedWhileItIsRead) {
  const Database database = shop();
  Store store = store_of(database, "  all.csv: SELECT id FROM items ORDER BY id\n");
  std::atomic<int> odd = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int turn = 0; turn < 10; ++turn) {
          std::string bytes;
          const auto failure = failure_of([&] { bytes = store.read_bytes("all.csv"); });
          const bool fits = failure.code.empty() ? bytes == "\"id\"\n1\n2\n3\n"
                                                 : failure.code == "store_closed";
          odd += fits ? 0 : 1;
        }
      });
    }
    store.close();
  }
  EXPECT_EQ(odd, 0);
}

}  // namespace
}  // namespace penstock
