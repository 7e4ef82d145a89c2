// Damaged and hostile database files: rows or a clear error, never a crash or a hang.
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "base/at_once.h"
#include "faults/figures.h"
#include "unit/database.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// Every kind of page and value: an index, overflow pages, a free list, a virtual table of
// each kind, a view.
const std::string& healthy() {
  static const std::string bytes = [] {
    const Database db(
        "PRAGMA page_size=512; PRAGMA auto_vacuum=0; VACUUM;"
        "CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT, r REAL, b BLOB, d DECIMAL(9,2));"
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200)"
        "INSERT INTO t SELECT i, printf('%.*c', i * 7 % 900, 'x'), i / 3.0, "
        "zeroblob(i % 50), i / 4.0 FROM c;"
        "CREATE INDEX by_s ON t(s); DELETE FROM t WHERE i % 3 = 0;"
        "CREATE TABLE w(a TEXT PRIMARY KEY, b) WITHOUT ROWID;"
        "INSERT INTO w SELECT 'k' || i, i FROM t; CREATE VIEW v AS SELECT i, s FROM t;"
        "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f SELECT s FROM t LIMIT 40;"
        "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);"
        "INSERT INTO r SELECT i, i, i + 1 FROM t LIMIT 60");
    return db.bytes();
  }();
  return bytes;
}

constexpr const char* kQueries[] = {
    "SELECT * FROM t",
    "SELECT s, count(*) AS n FROM t GROUP BY s ORDER BY s",
    "SELECT * FROM w WHERE a > 'k1'",
    "SELECT * FROM v WHERE s LIKE 'xx%'",
    "SELECT rowid, * FROM f WHERE f MATCH 'x*'",
    "SELECT * FROM r WHERE x0 > 5"};

// Reads all of it, under every policy that replaces a value, within a second or so.
void read_to_the_end(const std::string& path, const std::string& what) {
  for (const char* sql : kQueries) {
    Query query = query_of(sql);
    query.types.on_lossy = OnLossy::kClamp;
    query.limits.total = 2s;
    const auto before = std::chrono::steady_clock::now();
    const Failure failure = failure_of_reading(path, query);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s) << what << ": " << sql;
    if (failure.code.empty()) continue;
    EXPECT_EQ(traits(failure.category).exit_code, 3) << what << ": " << failure;
    EXPECT_FALSE(failure.message.empty()) << what;
  }
}

TEST(CorruptFiles, TheHealthyOneGivesAllItsRows) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  write_bytes(path, healthy());

  EXPECT_EQ(read(path, query_of(kQueries[0])).rows.size(), 134U);
  for (const char* sql : kQueries) {
    EXPECT_FALSE(read(path, query_of(sql)).columns.empty()) << sql;
  }
}

TEST(CorruptFiles, CutAnywhere) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  for (std::size_t size = 0; size < healthy().size();
       size += size < 1024 ? 37 : healthy().size() / 60) {
    write_bytes(path, healthy().substr(0, size));
    read_to_the_end(path, "cut at " + std::to_string(size));
  }
}

TEST(CorruptFiles, ADatabaseCutShortSaysThatItIsDamaged) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  write_bytes(path, healthy().substr(0, healthy().size() / 2));
  EXPECT_EQ(failure_of_reading(path, query_of("SELECT * FROM t")),
            (Failure{Category::kDataSource, "database_corrupt",
                     "cannot open the database: database disk image is malformed",
                     "check the file with: sqlite3 FILE 'PRAGMA integrity_check'"}));
}

TEST(CorruptFiles, EveryByteOfTheHeaderChanged) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  for (std::size_t at = 0; at < 112; ++at) {
    for (const char value : {'\0', '\x7F', '\xFF'}) {
      std::string bytes = healthy();
      bytes[at] = value;
      write_bytes(path, bytes);
      read_to_the_end(path, "byte " + std::to_string(at));
    }
  }
}

TEST(CorruptFiles, RandomBytesChanged) {
  const Folder folder;
  const std::size_t count = cases(300, 20'000);
  constexpr std::size_t kThreads = 2;
  at_once(kThreads, [&](std::size_t thread) {
    const std::string path = folder.file(std::to_string(thread) + ".db");
    for (std::size_t seed = thread; seed < count; seed += kThreads) {
      std::mt19937 random(static_cast<unsigned>(seed));  // NOLINT: the same every time
      std::string bytes = healthy();
      const std::size_t changes = std::size_t{1} << (seed % 9);
      for (std::size_t i = 0; i < changes; ++i) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      write_bytes(path, bytes);
      read_to_the_end(path, "seed " + std::to_string(seed));
    }
  });
  report("corrupt files", std::to_string(count) + " files, 6 queries each");
}

TEST(CorruptFiles, APageThatPointsAtItself) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  // The right-most child of each interior page, made the page itself.
  for (std::size_t page = 1; page < healthy().size() / 512; ++page) {
    std::string bytes = healthy();
    const std::size_t start = page * 512;
    if (bytes[start] != 5 && bytes[start] != 2) continue;
    for (int i = 0; i < 4; ++i) {
      bytes[start + 8 + static_cast<std::size_t>(i)] =
          static_cast<char>((page + 1) >> (24 - 8 * i));
    }
    write_bytes(path, bytes);
    read_to_the_end(path, "page " + std::to_string(page + 1));
  }
}

TEST(CorruptFiles, ASchemaThatIsNotSql) {
  const Folder folder;
  const std::string path = folder.file("x.db");
  for (const std::string& text :
       {std::string("CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT"), std::string("DROP"),
        std::string("SELECT load_ext"), std::string("\xFF\xFE\x00", 3)}) {
    std::string bytes = healthy();
    const std::size_t at = bytes.find("CREATE TABLE t(i");
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at, text.size(), text);
    bytes[at + text.size()] = '\0';
    write_bytes(path, bytes);
    read_to_the_end(path, text);
  }
}

}  // namespace
}  // namespace penstock
