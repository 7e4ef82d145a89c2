// The file itself: journals, locks, write-ahead logs, and files that are no database.
#include <filesystem>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

Failure failure_of_table(const std::string& path) {
  return failure_of_reading(path, query_of("SELECT * FROM t"));
}

TEST(Files, AMissingOneIsNotCreated) {
  const Folder folder;
  const std::string path = folder.file("none.db");
  EXPECT_EQ(
      failure_of_table(path),
      (Failure{Category::kUnavailable, "database_file_missing",
               "cannot open database file '" + path + "': No such file or directory",
               "penstock never creates a database; check the path, and the working "
               "directory of a relative one"}));
  EXPECT_EQ(folder.names(), Rows{});
}

TEST(Files, AnEmptyOneIsADatabaseWithoutTablesAndStaysEmpty) {
  const Folder folder;
  const std::string path = folder.file("empty.db");
  write_bytes(path, "");
  EXPECT_EQ(failure_of_table(path).message,
            "the query cannot be prepared: no such table: t");
  EXPECT_EQ(fs::file_size(path), 0U);
  EXPECT_EQ(folder.names(), Rows{"empty.db"});
}

TEST(Files, WhatIsNoDatabaseSaysSo) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  const Failure not_a_database{Category::kDataSource, "not_a_database",
                               "cannot open the database: file is not a database",
                               "the file is not a SQLite database, or is encrypted"};
  std::string noise(8192, '\0');
  std::uint32_t state = 1;
  for (char& c : noise)
    c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (const std::string& bytes :
       {std::string("id,name\n1,tea\n"), noise, std::string("xy"),
        std::string("PK\x03\x04 and so on") + noise,
        std::string("SQLite format 2", 16) + noise}) {
    write_bytes(path, bytes);
    EXPECT_EQ(failure_of_table(path), not_a_database) << bytes.substr(0, 15);
    EXPECT_EQ(bytes_of(path), bytes);
  }
}

TEST(Files, ASymbolicLinkIsFollowedOnceByTheGuard) {
  const Database db("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  fs::create_symlink("test.db", db.folder().path() / "link.db");
  EXPECT_EQ(read(db.folder().file("link.db"), query_of("SELECT a FROM t")).rows,
            Rows{"1"});
}

TEST(Files, ANameThatLooksLikeAUriIsAName) {
  const Folder folder;
  const std::string path = folder.file("file:a.db%3Fmode=rwc");
  {
    Sqlite(path).run("CREATE TABLE t(a); INSERT INTO t VALUES (5)");
  }
  const Engine engine(Environment(
      Variables{{"PENSTOCK_TEST_DSN", "sqlite:////" + folder.path().string().substr(1) +
                                          "/file%3Aa.db%253Fmode=rwc"}}));
  EXPECT_EQ(read_all(engine.open(query_of("SELECT a FROM t"), {})).rows, Rows{"5"});
}

// A database whose writer died in the middle: a hot journal beside it.
class HotJournal : public ::testing::Test {
 protected:
  HotJournal() {
    Sqlite writer(path_);
    writer.run(
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); PRAGMA cache_spill=ON;"
        "PRAGMA cache_size=1; BEGIN; UPDATE t SET a = zeroblob(100000)");
    fs::copy_file(path_, folder_.file("hot.db"));
    fs::copy_file(path_ + "-journal", folder_.file("hot.db-journal"));
    writer.run("ROLLBACK");
  }

  const Folder folder_;
  const std::string path_ = folder_.file("live.db");
  const std::string hot_ = folder_.file("hot.db");
};

TEST_F(HotJournal, NeedsItsOwnProgramAndIsLeftAsItIs) {
  const std::string database = bytes_of(hot_);
  const std::string journal = bytes_of(hot_ + "-journal");
  ASSERT_GT(journal.size(), 512U);
  EXPECT_EQ(failure_of_table(hot_),
            (Failure{Category::kUnavailable, "database_needs_recovery",
                     "cannot open the database: attempt to write a readonly database",
                     "a writer crashed; open the database once with its own program, "
                     "which recovers it"}));
  EXPECT_TRUE(bytes_of(hot_) == database);
  EXPECT_TRUE(bytes_of(hot_ + "-journal") == journal);
}

// https://www.sqlite.org/tempfiles.html#super_journal_files: a journal ends with the name
// of its super-journal, which is deleted when the journal was rolled back.
TEST_F(HotJournal, ThatNamesAnotherFileDoesNotDeleteIt) {
  const std::string victim = folder_.file("victim.txt");
  write_bytes(victim, "precious");
  const auto be32 = [](std::uint32_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    return out;
  };
  std::uint32_t sum = 0;
  for (const char c : victim) sum += static_cast<std::uint32_t>(c);
  std::string journal = bytes_of(hot_ + "-journal");
  journal += be32(0x40000000 / 4096 + 1) + victim +
             be32(static_cast<std::uint32_t>(victim.size())) + be32(sum) +
             std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  write_bytes(hot_ + "-journal", journal);
  EXPECT_EQ(failure_of_table(hot_).code, "database_needs_recovery");
  EXPECT_EQ(bytes_of(victim), "precious");
  EXPECT_TRUE(bytes_of(hot_ + "-journal") == journal);
}

TEST_F(HotJournal, BesideAnEmptyFileIsNotDeletedEither) {
  write_bytes(hot_, "");
  const std::string journal = bytes_of(hot_ + "-journal");
  failure_of_table(hot_);
  EXPECT_TRUE(bytes_of(hot_ + "-journal") == journal);
  EXPECT_EQ(fs::file_size(hot_), 0U);
}

TEST(Files, AWalDatabaseIsReadWithWhatIsInItsLog) {
  const Folder folder;
  const std::string path = folder.file("wal.db");
  Sqlite writer(path);
  writer.run(
      "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
      "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)");
  const std::string bytes = bytes_of(path);
  const std::string log = bytes_of(path + "-wal");
  EXPECT_EQ(read(path, query_of("SELECT a FROM t")).rows, (Rows{"1", "2"}));
  EXPECT_TRUE(bytes_of(path) == bytes) << "nothing is checkpointed";
  EXPECT_TRUE(bytes_of(path + "-wal") == log);
  writer.run("INSERT INTO t VALUES (3)");
  EXPECT_EQ(read(path, query_of("SELECT a FROM t")).rows, (Rows{"1", "2", "3"}));
}

TEST(Files, AWalDatabaseThatItsWriterLeftIsReadAndItsFilesAreAsTheyWere) {
  const Folder folder;
  const std::string path = folder.file("wal.db");
  {
    Sqlite writer(folder.file("live.db"));
    writer.run(
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
        "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)");
    fs::copy_file(folder.file("live.db"), path);
    fs::copy_file(folder.file("live.db-wal"), path + "-wal");
  }
  const std::string bytes = bytes_of(path);
  const std::string log = bytes_of(path + "-wal");
  EXPECT_EQ(read(path, query_of("SELECT a FROM t")).rows, (Rows{"1", "2"}));
  EXPECT_TRUE(bytes_of(path) == bytes);
  EXPECT_TRUE(bytes_of(path + "-wal") == log) << "the log may hold the only copy";
  EXPECT_EQ(folder.names(), (Rows{"live.db", "wal.db", "wal.db-shm", "wal.db-wal"}));
}

// SQLite has no other way to keep a writer that comes meanwhile from what is being read.
TEST(Files, BesideAClosedWalDatabaseStandsAfterwardsWhatSqliteNeedsAndNothingElse) {
  const Database db(
      "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  ASSERT_EQ(db.folder().names(), Rows{"test.db"});
  const std::string bytes = bytes_of(db.path());
  EXPECT_EQ(read(db, "SELECT a FROM t").rows, Rows{"1"});
  EXPECT_TRUE(bytes_of(db.path()) == bytes);
  EXPECT_EQ(db.folder().names(), (Rows{"test.db", "test.db-shm", "test.db-wal"}));
  EXPECT_EQ(fs::file_size(db.path() + "-wal"), 0U);
  EXPECT_EQ(read(db, "SELECT a FROM t").rows, Rows{"1"}) << "and it is read again";
}

TEST(Files, ALogBesideAnEmptyDatabaseStays) {
  const Database db("");
  write_bytes(db.path(), "");
  write_bytes(db.path() + "-wal", "the only copy");
  EXPECT_EQ(failure_of_table(db.path()).code, "bad_companion_file");
  EXPECT_EQ(bytes_of(db.path() + "-wal"), "the only copy");
}

// Another user for the file system, for as long as it lives: root may open everything.
class Nobody {
 public:
  Nobody() { ::setfsuid(65534); }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
  ~Nobody() { ::setfsuid(::geteuid()); }
};

TEST(Files, AFolderThatMayNotBeWrittenIsEnough) {
  const Database db("CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  fs::permissions(db.path(), fs::perms(0444));
  fs::permissions(db.folder().path(), fs::perms(0555));
  {
    const Nobody nobody;
    EXPECT_EQ(read(db, "SELECT a FROM t").rows, Rows{"1"});
  }
  fs::permissions(db.folder().path(), fs::perms(0700));
}

TEST(Files, AWalDatabaseInAFolderThatMayNotBeWrittenSaysWhatIsMissing) {
  const Database db(
      "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  ASSERT_EQ(db.folder().names(), Rows{"test.db"}) << "its log is gone";
  fs::permissions(db.path(), fs::perms(0444));
  fs::permissions(db.folder().path(), fs::perms(0555));
  {
    const Nobody nobody;
    EXPECT_EQ(failure_of_table(db.path()),
              (Failure{Category::kUnavailable, "database_cannot_be_opened",
                       "cannot open the database: attempt to write a readonly database",
                       "check the file's permissions; a WAL database also needs its -wal "
                       "and -shm files, or a writable folder"}));
  }
  fs::permissions(db.folder().path(), fs::perms(0700));
  EXPECT_EQ(db.folder().names(), Rows{"test.db"});
}

TEST(Files, AFileThatMayNotBeReadSaysSo) {
  const Database db("CREATE TABLE t(a)");
  fs::permissions(db.path(), fs::perms(0000));
  fs::permissions(db.folder().path(), fs::perms(0755));
  const Nobody nobody;
  const Failure failure = failure_of_table(db.path());
  EXPECT_EQ(failure.category, Category::kUnavailable);
  EXPECT_EQ(failure.message, "cannot open database file '" + db.path() +
                                 "': unable to open database file");
}

TEST(Files, AnotherProgramMayWriteWhileWeReadAndWeSeeOneVersion) {
  const Folder folder;
  const std::string path = folder.file("wal.db");
  Sqlite writer(path);
  writer.run(
      "PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER);"
      "INSERT INTO t VALUES (1), (2), (3)");
  Query query = query_of("SELECT a FROM t");
  query.batch.rows = 1;
  BatchStream stream = engine_for(path).open(query, {});
  ASSERT_NE(stream.next(), nullptr);
  writer.run("UPDATE t SET a = a + 10; INSERT INTO t VALUES (99)");
  const Table rest = read_all(std::move(stream));
  EXPECT_EQ(rest.rows, (Rows{"2", "3"}));
}

TEST(Files, ColumnsThatChangeBeforeTheFirstRowAreAnError) {
  const Database db("CREATE TABLE t(a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 2)");
  BatchStream stream = engine_for(db.path()).open(query_of("SELECT * FROM t"), {});
  {
    Sqlite(db.path()).run("ALTER TABLE t DROP COLUMN a");
  }
  EXPECT_EQ(failure_of([&] { stream.next(); }),
            (Failure{Category::kDataSource, "schema_changed",
                     "another program changed the columns of the result while the query "
                     "began",
                     "run it again"}));
}

TEST(Files, AChangeThatLeavesTheColumnsIsNone) {
  const Database db("CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)");
  BatchStream stream = engine_for(db.path()).open(query_of("SELECT * FROM t"), {});
  {
    Sqlite(db.path()).run("CREATE TABLE u(x); CREATE INDEX i ON t(a)");
  }
  EXPECT_EQ(read_all(std::move(stream)).rows, Rows{"1"});
}

}  // namespace
}  // namespace penstock
