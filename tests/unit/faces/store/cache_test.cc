#include "faces/store/cache.h"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faces/store/address.h"
#include "unit/faces/store/shop.h"

namespace penstock {
namespace {

namespace fs = std::filesystem;
using testing::Database;
using testing::failure_of;
using testing::Folder;
using testing::shop;
using testing::store_of;

const std::string kQueries =
    "  count.csv: SELECT count(*) AS n FROM items\n"
    "  long.csv: SELECT printf('%.1000c', 'x') AS x\n"
    "  other.csv: SELECT printf('%.1000c', 'y') AS y\n"
    "  view/{id}.csv: {query: 'SELECT name FROM items WHERE id = :id', parameters: {id: "
    "int}}\n";

std::string cache_of(const Folder& folder, const std::string& ttl = "1h",
                     const std::string& size = "1MB") {
  return "cache: {path: " + folder.file("cache") + ", ttl: " + ttl + ", size: " + size +
         "}\n";
}

void add_item(const Database& database) {
  testing::Sqlite(database.path()).run("INSERT INTO items (name) VALUES ('more')");
}

// The results, without locks.
std::vector<fs::path> files_in(const Folder& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder.file("cache"))) {
    if (entry.is_regular_file() && entry.path().extension() != ".lock")
      found.push_back(entry.path());
  }
  return found;
}

void make_older(const fs::path& path, std::chrono::seconds by) {
  fs::last_write_time(path, fs::last_write_time(path) - by);
}

TEST(Cache, OffUnlessAManifestHasIt) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n3\n");
  add_item(database);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n4\n");
  EXPECT_FALSE(store.get_file_info("count.csv").materialized);
}

// SQL-QUERY-030, SQL-QUERY-040, SQL-QUERY-041
TEST(Cache, AResultIsServedAndKnownUntilItsTimeIsOver) {
  const Database database = shop();
  const Folder folder;
  const auto before = std::chrono::system_clock::now();
  const Store store = store_of(database, kQueries, cache_of(folder));
  EXPECT_FALSE(store.get_file_info("count.csv").materialized);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n3\n");
  add_item(database);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n3\n");
  // Another store, as another process has it.
  EXPECT_EQ(store_of(database, kQueries, cache_of(folder)).read_bytes("count.csv"),
            "\"n\"\n3\n");
  StoreReadTo to;
  to.path = folder.file("out.csv");
  const StoreReceipt receipt = store.read_to("count.csv", to);
  EXPECT_TRUE(receipt.cached);
  EXPECT_EQ(receipt.rows, -1);
  EXPECT_EQ(testing::bytes_of(to.path), "\"n\"\n3\n");

  const FileInfo info = store.get_file_info("count.csv");
  EXPECT_TRUE(info.materialized);
  EXPECT_EQ(info.size, 6);
  EXPECT_GE(info.modified_at, std::chrono::floor<std::chrono::microseconds>(before));
  EXPECT_LE(info.modified_at, std::chrono::system_clock::now());
  EXPECT_EQ(store.list_files("").at(0).size, 6);
  EXPECT_EQ(store.get_folder_info("").total_size, 6);
  EXPECT_EQ(store.get_folder_info("").modified_at, info.modified_at);

  ASSERT_EQ(files_in(folder).size(), 1U);
  make_older(files_in(folder)[0], std::chrono::minutes(59));
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n3\n");
  make_older(files_in(folder)[0], std::chrono::seconds(61));
  EXPECT_FALSE(store.get_file_info("count.csv").materialized);
  EXPECT_EQ(store.get_file_info("count.csv").size, 0);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n4\n");
}

TEST(Cache, AResultFromTheFutureIsNotServed) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder));
  store.read("count.csv");
  add_item(database);
  make_older(files_in(folder).at(0), -std::chrono::hours(2));
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n4\n");
}

TEST(Cache, ItsAgeIsThatOfTheQueryAndNotOfTheLastByte) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database,
                               "  slow.csv: \"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL "
                               "SELECT i + 1 FROM c LIMIT "
                               "300000) SELECT count(*) AS n FROM c\"\n",
                               cache_of(folder));
  store.read("slow.csv");
  const fs::path path = files_in(folder).at(0);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  // Set by us, and so before the change of the file's own record.
  const auto nanoseconds = [](const timespec& time) {
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  };
  EXPECT_LT(nanoseconds(status.st_mtim), nanoseconds(status.st_ctim));
}

TEST(Cache, ParametersFormatsAndDatabasesHaveResultsOfTheirOwn) {
  const Database database = shop();
  const Database other = shop();
  add_item(other);
  const Folder folder;
  const std::string cache = cache_of(folder);
  const Store store = store_of(database, kQueries, cache);
  EXPECT_EQ(store.read_bytes("view/1.csv"), "\"name\"\n\"one\"\n");
  EXPECT_EQ(store.read_bytes("view/2.csv"), "\"name\"\n\"two\"\n");
  EXPECT_EQ(store.read_bytes("view/1.csv"), "\"name\"\n\"one\"\n");
  EXPECT_TRUE(store.get_file_info("view/2.csv").materialized);
  EXPECT_FALSE(store.get_file_info("view/3.csv").materialized);
  EXPECT_EQ(store.read_bytes("count.csv"), "\"n\"\n3\n");
  EXPECT_EQ(store_of(other, kQueries, cache).read_bytes("count.csv"), "\"n\"\n4\n");
}

TEST(Cache, AnAddressHasNothingOfThePasswordInIt) {
  StoreQuery query;
  query.query.connection.dsn_env = "PENSTOCK_TEST_DSN";
  query.query.sql = "SELECT 1";
  const auto address = [&](const std::string& dsn) {
    return address_of(query, Environment({{"PENSTOCK_TEST_DSN", dsn}}));
  };
  const auto first = address("postgresql://me:one@db.example/shop");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first, address("postgresql://me:two@db.example/shop"));
  EXPECT_NE(first, address("postgresql://you:one@db.example/shop"));
  EXPECT_NE(first, address("postgresql://me:one@db.example/other"));
  EXPECT_NE(first, address("postgresql://me:one@db.example:5433/shop"));
  EXPECT_EQ(address(""), std::nullopt);
}

TEST(Cache, TheOldestGoWhereTheCapIsPassed) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder, "1h", "1500"));
  store.read("long.csv");
  make_older(files_in(folder).at(0), std::chrono::minutes(1));
  EXPECT_TRUE(store.get_file_info("long.csv").materialized);
  EXPECT_EQ(store.read_bytes("other.csv").size(), 1007U);
  EXPECT_TRUE(store.get_file_info("other.csv").materialized);
  EXPECT_FALSE(store.get_file_info("long.csv").materialized);
  EXPECT_EQ(files_in(folder).size(), 1U);
}

TEST(Cache, AResultLargerThanTheCapIsReadAllTheSame) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder, "1h", "100"));
  EXPECT_EQ(store.read_bytes("long.csv").size(), 1007U);
  EXPECT_TRUE(files_in(folder).empty());
}

TEST(Cache, WhatACrashedRunLeftIsRemoved) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder));
  store.read("count.csv");
  const fs::path kept = files_in(folder).at(0);
  const fs::path left = kept.parent_path() / ("." + std::string(62, 'a') + "." +
                                              std::string(16, 'b') + ".tmp");
  testing::write_bytes(left, "half a res");
  store.read("long.csv");
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(kept));
}

TEST(Cache, AResultThatGoesWhileItIsReadIsReadToItsEnd) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder, "1h", "1500"));
  StoreFile file = store.read("long.csv");
  char start[10];
  ASSERT_EQ(file.read(start, sizeof(start)), sizeof(start));
  make_older(files_in(folder).at(0), std::chrono::minutes(1));
  store.read("other.csv");
  ASSERT_FALSE(store.get_file_info("long.csv").materialized) << "it is gone";
  const std::string rest = file.read_all();
  EXPECT_EQ(std::string(start, sizeof(start)) + rest,
            "\"x\"\n\"" + std::string(1000, 'x') + "\"\n");
}

// Nothing is ever half there: many threads read what others make, replace and remove.
TEST(Cache, NoResultIsTornWhateverOthersDo) {
  const Database database = shop();
  const Folder folder;
  const std::string queries =
      "  '{n}.csv': {query: \"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
      "FROM "
      "c LIMIT 2000) SELECT i, :n AS n FROM c\", parameters: {n: int}}\n";
  const auto expected = [](int n) {
    std::string text = "\"i\",\"n\"\n";
    for (int i = 1; i <= 2000; ++i)
      text += std::to_string(i) + "," + std::to_string(n) + "\n";
    return text;
  };
  // Room for two of the four, each for a second: what is made is soon too old or too
  // much.
  const Store store = store_of(database, queries, cache_of(folder, "1s", "35000"));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 25; ++i) {
          const int n = (i + thread) % 4;
          if (store.read_bytes(std::to_string(n) + ".csv") != expected(n)) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(files_in(folder).size(), 2U);
}

TEST(Cache, AFailedQueryLeavesNoResult) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(
      database, "  bad.csv: SELECT json('{' || id) AS n FROM items\n", cache_of(folder));
  EXPECT_EQ(failure_of([&] { store.read("bad.csv"); }).code, "query_failed");
  EXPECT_TRUE(files_in(folder).empty());
  EXPECT_FALSE(store.get_file_info("bad.csv").materialized);
}

TEST(Cache, TheFolderIsTheUsersOwn) {
  const Database database = shop();
  const Folder folder;
  const Store store = store_of(database, kQueries, cache_of(folder));
  store.read("count.csv");
  struct stat status{};
  ASSERT_EQ(::stat(folder.file("cache").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  ASSERT_EQ(::chmod(folder.file("cache").c_str(), 0777), 0);
  EXPECT_EQ(failure_of([&] { store.read("count.csv"); }).code, "cache_not_private");
  EXPECT_EQ(failure_of([&] { store.read("long.csv"); }).code, "cache_not_private");
}

// Many threads, and two stores that know nothing of each other, ask for one result.
TEST(Cache, OneOfManyRunsTheQuery) {
  const Database database = shop();
  const Folder folder;
  const std::string queries =
      "  slow.csv: \"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
      "LIMIT "
      "500000) SELECT count(*) AS n, hex(randomblob(8)) AS run FROM c\"\n";
  const Store one = store_of(database, queries, cache_of(folder));
  const Store two = store_of(database, queries, cache_of(folder));
  std::vector<std::string> results(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
      threads.emplace_back(
          [&, i] { results[i] = (i % 2 == 0 ? one : two).read_bytes("slow.csv"); });
    }
  }
  for (const std::string& result : results) EXPECT_EQ(result, results[0]);
  EXPECT_EQ(results[0].substr(0, 20),
            "\"n\",\"run\"\n500000,\"" + results[0].substr(18, 2));
}

}  // namespace
}  // namespace penstock
