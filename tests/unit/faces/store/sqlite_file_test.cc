// What a store does to the SQLite file it reads.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/faces/store/shop.h"

namespace penstock {
namespace {

using testing::bytes_of;
using testing::Database;
using ::testing::ElementsAre;
using testing::failure_of;
using testing::shop;
using testing::store_of;

const std::string kQueries = "  a.csv: SELECT count(*) AS n FROM items\n";

std::string journal_mode(const std::string& path) {
  testing::Sqlite db(path);
  std::string mode;
  sqlite3_exec(
      db.handle(), "PRAGMA journal_mode",
      [](void* to, int, char** values, char**) {
        *static_cast<std::string*>(to) = values[0];
        return 0;
      },
      &mode, nullptr);
  return mode;
}

// The store of a DSN of one's own.
Store store_by(const std::string& dsn) {
  Manifest manifest =
      parse_manifest("name: shop\ndsn_env: PENSTOCK_TEST_DSN\nqueries:\n" + kQueries,
                     "s.yaml", [](const std::string&) { return std::string(); });
  return Store(Engine(Environment({{"PENSTOCK_TEST_DSN", dsn}})), std::move(manifest));
}

// SQL-QUERY-063
TEST(SqliteFile, TheFirstReadSetsTheWriteAheadLog) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  store.list_files("", true);
  EXPECT_EQ(journal_mode(database.path()), "delete") << "a listing opens nothing";
  EXPECT_EQ(store.read_bytes("a.csv"), "\"n\"\n3\n");
  EXPECT_EQ(journal_mode(database.path()), "wal");
  // A writer in the middle of its work keeps no reader out, and no reader keeps it out.
  testing::Sqlite writer(database.path());
  writer.run("BEGIN IMMEDIATE; INSERT INTO items VALUES (4, 'four')");
  EXPECT_EQ(store.read_bytes("a.csv"), "\"n\"\n3\n");
  writer.run("COMMIT");
  EXPECT_EQ(store.read_bytes("a.csv"), "\"n\"\n4\n");
}

// SQL-QUERY-063
TEST(SqliteFile, ModeRoLeavesEveryByteAsItWas) {
  const Database database = shop();
  const std::string before = database.bytes();
  for (const std::string& dsn :
       {"sqlite:///" + database.path() + "?mode=ro",
        "sqlite:///file:" + database.path() + "?mode=ro&uri=true"}) {
    const Store store = store_by(dsn);
    store.check_health();
    EXPECT_EQ(store.read_bytes("a.csv"), "\"n\"\n3\n");
  }
  EXPECT_EQ(database.bytes(), before);
  EXPECT_THAT(database.folder().names(), ElementsAre("test.db"));
}

// SQL-QUERY-063
TEST(SqliteFile, AWriteAheadLogThatIsThereAlreadyIsNotTouched) {
  const Database database = shop();
  testing::Sqlite(database.path()).run("PRAGMA journal_mode=WAL");
  const std::string before = database.bytes();
  EXPECT_EQ(store_of(database, kQueries).read_bytes("a.csv"), "\"n\"\n3\n");
  EXPECT_EQ(database.bytes(), before);
}

// SQL-QUERY-063
TEST(SqliteFile, OneThatIsNotThereIsAnErrorAndNotMade) {
  const testing::Folder folder;
  const Store store = store_of(folder.file("none.db"), kQueries);
  EXPECT_EQ(failure_of([&] { store.read("a.csv"); }).code, "database_file_missing");
  EXPECT_TRUE(folder.names().empty());
}

// SQL-QUERY-063
TEST(SqliteFile, WhatIsNoDatabaseIsNotWrittenTo) {
  const testing::Folder folder;
  const std::string text(5000, 'x');
  testing::write_bytes(folder.file("a.db"), text);
  const Store store = store_of(folder.file("a.db"), kQueries);
  EXPECT_EQ(failure_of([&] { store.read("a.csv"); }).code, "not_a_database");
  EXPECT_EQ(bytes_of(folder.file("a.db")), text);
}

}  // namespace
}  // namespace penstock
