#include "penstock/store.h"

#include <algorithm>
#include <string>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "unit/faces/store/shop.h"

namespace penstock {
namespace {

using testing::Database;
using ::testing::ElementsAre;
using testing::Failure;
using testing::failure_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::paths_of;
using testing::shop;
using testing::store_of;

const std::string kQueries =
    "  a.csv: SELECT 1 AS n\n"
    "  reports/daily.parquet: SELECT id, name FROM items ORDER BY id\n"
    "  reports/none.parquet: SELECT id, name FROM items WHERE id < 0\n"
    "  reports/old/all.arrow: SELECT id FROM items ORDER BY id\n"
    "  reports/{part}.csv: {query: 'SELECT name FROM items WHERE name = :part', "
    "parameters: {part: str}}\n";

// SQL-QUERY-001, SQL-QUERY-011
TEST(Store, NotStrictWithNothingToDiscoverIsNotImplemented) {
  const Database database = shop();
  EXPECT_EQ(failure_of([&] { store_of(database, "", "strict: false\nqueries: {}\n"); }),
            (Failure{Category::kNotSupported, "not_implemented",
                     "View/convention discovery (strict=False) is not yet implemented",
                     "add discover: views, which is, or leave out strict: false"}));
}

// SQL-QUERY-001
TEST(Store, AnEmptyKeyOrQueryOfAProgramIsRefused) {
  const Engine engine{Environment({})};
  const auto refusal = [&](const std::string& key, const std::string& sql) {
    Manifest manifest;
    manifest.entries.emplace_back();
    manifest.entries.back().key = key;
    manifest.entries.back().query.sql = sql;
    return failure_of([&] { const Store store(engine, manifest); }).message;
  };
  EXPECT_EQ(refusal("", "SELECT 1"), "Query key must be a non-empty string");
  EXPECT_EQ(refusal(" ", "SELECT 1"), "Query key must be a non-empty string");
  EXPECT_EQ(refusal("a.csv", ""), "SQL query for key 'a.csv' must be a non-empty string");
  EXPECT_EQ(refusal("a.csv", " \n"),
            "SQL query for key 'a.csv' must be a non-empty string");
  EXPECT_EQ(refusal("a.csv", "SELECT 1"), "");
}

// SQL-QUERY-002, SQL-QUERY-003, SQL-QUERY-005, SQL-QUERY-062
TEST(Store, ItSaysWhatItIs) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  EXPECT_EQ(Store::name(), "sql-query");
  EXPECT_THAT(Store::capabilities(),
              ElementsAre("read", "list", "metadata", "glob", "seekable_read"));
  EXPECT_EQ(Engine::dialects().count("sqlite"), 1U);
  // What is lent for work beside the store reaches its database.
  EXPECT_NO_THROW(store.engine().probe(store.manifest().defaults));
}

// SQL-QUERY-004
TEST(Store, ItsTextHasNothingOfTheDsnButItsKind) {
  const auto text_for = [](const std::string& dsn) {
    testing::Variables variables;
    if (!dsn.empty()) variables["PENSTOCK_TEST_DSN"] = dsn;
    Manifest manifest;
    manifest.defaults.connection.dsn_env = "PENSTOCK_TEST_DSN";
    manifest.entries.resize(1);
    manifest.entries[0].key = "a.csv";
    manifest.entries[0].query.sql = "SELECT 1";
    return Store(Engine(Environment(variables)), manifest).repr();
  };
  EXPECT_EQ(text_for("postgresql://me:secret@db.example/shop"),
            "SQLQueryBackend(dialect='postgresql', keys=1, strict=True)");
  EXPECT_EQ(text_for("sqlite:///a.db"),
            "SQLQueryBackend(dialect='sqlite', keys=1, strict=True)");
  EXPECT_EQ(text_for(""), "SQLQueryBackend(dialect='unknown', keys=1, strict=True)");
}

// SQL-QUERY-030, SQL-QUERY-031, SQL-QUERY-032
TEST(Store, ListingsAreSortedAndHaveTheSentinels) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  EXPECT_THAT(paths_of(store.list_files("")), ElementsAre("a.csv"));
  EXPECT_THAT(paths_of(store.list_files("reports")),
              ElementsAre("reports/daily.parquet", "reports/none.parquet"));
  EXPECT_THAT(paths_of(store.list_files(".", true)),
              ElementsAre("a.csv", "reports/daily.parquet", "reports/none.parquet",
                          "reports/old/all.arrow"));
  EXPECT_THAT(paths_of(store.list_files("", true, 1)),
              ElementsAre("a.csv", "reports/daily.parquet", "reports/none.parquet"));
  EXPECT_THAT(store.list_folders(""), ElementsAre("reports"));
  EXPECT_THAT(store.list_folders("reports"), ElementsAre("reports/old"));
  EXPECT_THAT(store.list_files("nowhere"), IsEmpty());
  EXPECT_THAT(store.list_folders("nowhere"), IsEmpty());
  EXPECT_THAT(paths_of(store.glob("**/*.parquet")),
              ElementsAre("reports/daily.parquet", "reports/none.parquet"));
  EXPECT_THAT(store.glob("*.parquet"), IsEmpty());
  for (const FileInfo& file : store.list_files("", true)) {
    EXPECT_EQ(file.size, 0);
    EXPECT_EQ(file.modified_at, kNeverModified);
    EXPECT_FALSE(file.materialized);
  }
  ASSERT_EQ(store.templates().size(), 1U);
  EXPECT_EQ(store.templates()[0]->key, "reports/{part}.csv");
}

// SQL-QUERY-040, SQL-QUERY-041, SQL-QUERY-070
TEST(Store, InfoIsOfWhatIsThere) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  const FileInfo file = store.get_file_info("reports/daily.parquet");
  EXPECT_EQ(file.path, "reports/daily.parquet");
  EXPECT_EQ(file.name, "daily.parquet");
  EXPECT_EQ(file.size, 0);
  EXPECT_EQ(file.modified_at, kNeverModified);
  EXPECT_FALSE(file.materialized);
  EXPECT_EQ(failure_of([&] { store.get_file_info("reports"); }),
            (Failure{Category::kNotFound, "not_found",
                     "No query registered for key: reports", ""}));
  EXPECT_EQ(store.get_file_info("reports/a.csv").name, "a.csv");

  const FolderInfo folder = store.get_folder_info("reports");
  EXPECT_EQ(folder.file_count, 3);
  EXPECT_EQ(folder.total_size, 0);
  EXPECT_FALSE(folder.modified_at.has_value());
  EXPECT_EQ(store.get_folder_info("").file_count, 4);
  EXPECT_EQ(failure_of([&] { store.get_folder_info("a.csv"); }),
            (Failure{Category::kNotFound, "not_found", "Folder not found: a.csv", ""}));
}

// SQL-QUERY-042, SQL-QUERY-043, SQL-QUERY-044
TEST(Store, FilesAndFoldersExistAsTheirTableSays) {
  struct Row {
    const char* path;
    bool file;
    bool folder;
  };
  const Row kTable[] = {{"", false, true},
                        {".", false, true},
                        {"a.csv", true, false},
                        {"reports", false, true},
                        {"reports/old", false, true},
                        {"reports/daily.parquet", true, false},
                        {"report", false, false},
                        {"reports/", false, false},
                        {"reports/x.csv", true, false},
                        {"reports/x.parquet", false, false},
                        {"a.csv/b", false, false},
                        {"A.csv", false, false}};
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  for (const Row& row : kTable) {
    EXPECT_EQ(store.is_file(row.path), row.file) << row.path;
    EXPECT_EQ(store.is_folder(row.path), row.folder) << row.path;
    EXPECT_EQ(store.exists(row.path), row.file || row.folder) << row.path;
  }
}

// SQL-QUERY-080
TEST(Store, EveryOperationRefusesAPathThatCannotBe) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  for (const std::string& path :
       {std::string("/a.csv"), std::string("a/../a.csv"), std::string("a\0.csv", 6)}) {
    for (const auto& failure : {failure_of([&] { store.exists(path); }),
                                failure_of([&] { store.is_file(path); }),
                                failure_of([&] { store.is_folder(path); }),
                                failure_of([&] { store.list_files(path); }),
                                failure_of([&] { store.list_folders(path); }),
                                failure_of([&] { store.get_file_info(path); }),
                                failure_of([&] { store.get_folder_info(path); }),
                                failure_of([&] { store.read(path); }),
                                failure_of([&] { store.read_bytes(path); }),
                                failure_of([&] { store.resolve(path); })}) {
      EXPECT_EQ(failure.code, "invalid_path") << path;
    }
  }
  EXPECT_EQ(failure_of([&] { store.read(""); }).message,
            "Path must not be empty for file operations");
  EXPECT_EQ(failure_of([&] { store.get_file_info(""); }).code, "invalid_path");
}

std::shared_ptr<arrow::io::RandomAccessFile> file_of(const std::string& bytes) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
}

// Its rows and its columns' names; what stands in them is for other readers to see
// (tests/integration).
struct ParquetFacts {
  std::int64_t rows;
  std::vector<std::string> columns;
};
ParquetFacts facts_of(const std::string& bytes) {
  const auto metadata = parquet::ParquetFileReader::Open(file_of(bytes))->metadata();
  ParquetFacts facts{metadata->num_rows(), {}};
  for (int i = 0; i < metadata->num_columns(); ++i)
    facts.columns.push_back(metadata->schema()->Column(i)->name());
  return facts;
}

// SQL-QUERY-013, SQL-QUERY-014, SQL-QUERY-020, SQL-QUERY-021
TEST(Store, AKeyReadsAsTheFormatOfItsExtension) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  EXPECT_EQ(store.read_bytes("a.csv"), "\"n\"\n1\n");
  const ParquetFacts daily = facts_of(store.read_bytes("reports/daily.parquet"));
  EXPECT_EQ(daily.rows, 3);
  EXPECT_THAT(daily.columns, ElementsAre("id", "name"));
  auto file = arrow::ipc::RecordBatchFileReader::Open(
                  file_of(store.read_bytes("reports/old/all.arrow")))
                  .ValueOrDie();
  EXPECT_EQ(file->ReadRecordBatch(0).ValueOrDie()->num_rows(), 3);
}

// SQL-QUERY-014, SQL-QUERY-020
TEST(Store, NoRowsAreAFileWithASchema) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  const ParquetFacts none = facts_of(store.read_bytes("reports/none.parquet"));
  EXPECT_EQ(none.rows, 0);
  EXPECT_THAT(none.columns, ElementsAre("id", "name"));
}

// SQL-QUERY-020, SQL-QUERY-090, SQL-QUERY-091
TEST(Store, AFileIsReadInAnyOrder) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  StoreFile file = store.read("a.csv");
  EXPECT_EQ(file.size(), 6);
  char buffer[8] = {};
  EXPECT_EQ(file.read(buffer, 3), 3U);
  EXPECT_EQ(std::string(buffer, 3), "\"n\"");
  EXPECT_EQ(file.tell(), 3);
  EXPECT_EQ(file.read_all(), "\n1\n");
  file.seek(4);
  EXPECT_EQ(file.read(buffer, 8), 2U);
  file.seek(100);
  EXPECT_EQ(file.read(buffer, 8), 0U);
  EXPECT_EQ(file.read_all(), "");
  EXPECT_EQ(failure_of([&] { file.seek(-1); }).code, "negative_position");
  file.seek(0);
  StoreFile moved = std::move(file);
  EXPECT_EQ(moved.read_all(), "\"n\"\n1\n");
}

// SQL-QUERY-020
TEST(Store, AFileOutlivesItsStoreAndLeavesNothing) {
  const Database database = shop();
  const testing::Folder temporary;
  std::optional<Store> store(
      store_of(database, kQueries, {}, {{"TMPDIR", temporary.path().string()}}));
  StoreFile file = store->read("a.csv");
  EXPECT_THAT(temporary.names(), IsEmpty());
  store.reset();
  EXPECT_EQ(file.read_all(), "\"n\"\n1\n");
}

// SQL-QUERY-090
TEST(Store, ARowGoesToTheOutputWhereItIsWholeOrNotThere) {
  const Database database = shop();
  const Store store =
      store_of(database, kQueries +
                             "  bad.csv: SELECT CASE WHEN id = 3 THEN json('{' || id) "
                             "ELSE id END AS n FROM items ORDER BY id\n");
  const testing::Folder folder;
  StoreReadTo to;
  to.path = folder.file("out/a.csv");
  const StoreReceipt receipt = store.read_to("a.csv", to);
  EXPECT_EQ(receipt.rows, 1);
  EXPECT_EQ(receipt.bytes, 6);
  EXPECT_FALSE(receipt.cached);
  EXPECT_EQ(testing::bytes_of(to.path), "\"n\"\n1\n");
  EXPECT_EQ(failure_of([&] { store.read_to("bad.csv", to); }).code, "query_failed");
  EXPECT_EQ(testing::bytes_of(to.path), "\"n\"\n1\n") << "the old file is as it was";
}

TEST(Store, AParameterOfAKeyIsBoundAndNeverSpliced) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  EXPECT_EQ(store.read_bytes("reports/one.csv"), "\"name\"\n\"one\"\n");
  for (const char* key :
       {"reports/' OR 1=1 --.csv", "reports/x'; DROP TABLE items; --.csv",
        "reports/%27%20OR%20%271%27=%271.csv", "reports/:part.csv"}) {
    EXPECT_EQ(store.read_bytes(key), "\"name\"\n") << key;
  }
}

// SQL-QUERY-050
TEST(Store, EveryWriteNamesItsOperation) {
  const Database database = shop();
  const Store store = store_of(database, kQueries);
  const std::pair<const char*, Failure> kTable[] = {
      {"write needs capability 'write'", failure_of([&] { store.write("a.csv"); })},
      {"write_atomic needs capability 'atomic_write'",
       failure_of([&] { store.write_atomic("a.csv"); })},
      {"open_atomic needs capability 'atomic_write'",
       failure_of([&] { store.open_atomic("a.csv"); })},
      {"delete needs capability 'delete'", failure_of([&] { store.remove("a.csv"); })},
      {"delete_folder needs capability 'delete'",
       failure_of([&] { store.delete_folder("reports"); })},
      {"move needs capability 'move'", failure_of([&] { store.move("a.csv", "b.csv"); })},
      {"copy needs capability 'copy'", failure_of([&] { store.copy("a.csv", "b.csv"); })},
  };
  for (const auto& [what, failure] : kTable) {
    EXPECT_EQ(failure.category, Category::kNotSupported);
    EXPECT_EQ(failure.code, "capability_not_supported");
    EXPECT_EQ(failure.message, std::string("SQL query backend is read-only: ") + what +
                                   ", which 'sql-query' does not have");
  }
}

// SQL-QUERY-060
TEST(Store, HealthIsSelectOne) {
  const Database database = shop();
  EXPECT_NO_THROW(store_of(database, kQueries).check_health());
  const testing::Folder folder;
  const auto failure =
      failure_of([&] { store_of(folder.file("none.db"), kQueries).check_health(); });
  EXPECT_EQ(failure.category, Category::kUnavailable);
  EXPECT_EQ(failure.code, "backend_unavailable");
  EXPECT_THAT(failure.message, HasSubstr("cannot open database file"));
  EXPECT_THAT(folder.names(), IsEmpty()) << "nothing was made";
}

// SQL-QUERY-061
TEST(Store, AClosedStoreReadsNothingMore) {
  const Database database = shop();
  Store store = store_of(database, kQueries);
  StoreFile file = store.read("a.csv");
  store.close();
  store.close();
  EXPECT_EQ(failure_of([&] { store.read("a.csv"); }).code, "store_closed");
  EXPECT_EQ(failure_of([&] { store.read_bytes("a.csv"); }).code, "store_closed");
  EXPECT_EQ(failure_of([&] { store.read_to("a.csv", {}); }).code, "store_closed");
  EXPECT_EQ(failure_of([&] { store.check_health(); }).code, "store_closed");
  EXPECT_TRUE(store.exists("a.csv"));
  EXPECT_EQ(file.read_all(), "\"n\"\n1\n");
}

// SQL-QUERY-070
TEST(Store, FailuresOfTheDatabaseKeepTheirOwnCodes) {
  const Database database = shop();
  const Store store = store_of(database,
                               "  a.csv: SELECT nothing FROM items\n"
                               "  b.csv: DELETE FROM items\n");
  const auto failed = failure_of([&] { store.read("a.csv"); });
  EXPECT_EQ(failed.category, Category::kDataSource);
  EXPECT_EQ(failed.code, "query_failed");
  EXPECT_EQ(failure_of([&] { store.read("b.csv"); }).code, "not_a_read");
  EXPECT_EQ(failure_of([&] { store.read("c.csv"); }).code, "not_found");
  const std::pair<Category, const char*> kTable[] = {
      {Category::kNotFound, "NotFound"},
      {Category::kInvalidPath, "InvalidPath"},
      {Category::kNotSupported, "CapabilityNotSupported"},
      {Category::kUnavailable, "BackendUnavailable"},
      {Category::kTimeout, "BackendUnavailable"},
      {Category::kRefused, "BackendUnavailable"},
      {Category::kDataSource, "RemoteStoreError"},
      {Category::kLimit, "RemoteStoreError"},
      {Category::kUnexpected, "RemoteStoreError"}};
  for (const auto& [category, name] : kTable) EXPECT_EQ(store_error_name(category), name);
}

// SQL-QUERY-011
TEST(Store, ViewsAreListedAndReadWhereTheyAreDiscovered) {
  const Database database = shop();
  const Store store = store_of(
      database,
      "  views/main/odd \"name\".parquet: SELECT 7 AS n\n  a.csv: SELECT 1 AS n\n",
      "strict: false\ndiscover: views\n");
  EXPECT_THAT(paths_of(store.list_files("", true)),
              ElementsAre("a.csv", "views/main/big.parquet",
                          "views/main/odd \"name\".parquet", "views/main/x%2Fy.parquet"));
  EXPECT_THAT(store.list_folders(""), ElementsAre("views"));
  EXPECT_THAT(store.list_folders("views"), ElementsAre("views/main"));
  EXPECT_THAT(paths_of(store.glob("views/*/b*")), ElementsAre("views/main/big.parquet"));
  EXPECT_EQ(facts_of(store.read_bytes("views/main/big.parquet")).rows, 2);
  EXPECT_EQ(facts_of(store.read_bytes("views/main/x%2Fy.parquet")).rows, 1);
  EXPECT_EQ(store.resolve("views/main/odd \"name\".parquet").query.sql, "SELECT 7 AS n")
      << "a written query goes first";
  EXPECT_TRUE(store.is_file("views/main/big.parquet"));
  EXPECT_FALSE(store.is_file("views/main/items.parquet")) << "a table is no view";
  EXPECT_TRUE(store.is_folder("views/main"));
  EXPECT_EQ(failure_of([&] { store.read("views/main/items.parquet"); }).code,
            "not_found");
  EXPECT_EQ(failure_of([&] { store.read("views/main/big.csv"); }).code, "not_found");
  EXPECT_EQ(store.repr(), "SQLQueryBackend(dialect='sqlite', keys=2, strict=False)");
}

// SQL-QUERY-061, SQL-QUERY-090
TEST(Store, AKeysRowsComeWithoutAFile) {
  const Database database = shop();
  Store store = store_of(database, kQueries);
  BatchStream rows = store.rows("reports/none.parquet");
  EXPECT_EQ(rows.schema()->num_fields(), 2);
  EXPECT_EQ(rows.next(), nullptr);
  EXPECT_EQ(failure_of([&] { store.rows("nothing.csv"); }).code, "not_found");
  store.close();
  EXPECT_EQ(failure_of([&] { store.rows("a.csv"); }).code, "store_closed");
}

}  // namespace
}  // namespace penstock
