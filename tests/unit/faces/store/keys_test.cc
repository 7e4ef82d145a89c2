#include "faces/store/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faces/store/listing.h"
#include "faces/store/views.h"
#include "unit/support.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using testing::Failure;
using testing::failure_of;
using ::testing::IsEmpty;
using ::testing::Pair;

using Type = KeyParameter::Type;

ManifestEntry entry(std::string key,
                    std::map<std::string, KeyParameter, std::less<>> parameters = {}) {
  ManifestEntry made;
  made.key = std::move(key);
  made.query.sql = "SELECT 1";
  made.parameters = std::move(parameters);
  return made;
}

Manifest manifest_of(std::vector<ManifestEntry> entries) {
  Manifest manifest;
  manifest.entries = std::move(entries);
  return manifest;
}

Value text(const char* value) { return std::string(value); }

KeyParameter of_type(Type type, std::optional<Value> fallback = {}) {
  KeyParameter parameter;
  parameter.type = type;
  parameter.fallback = std::move(fallback);
  return parameter;
}

KeyParameter one_of(std::vector<Value> choices) {
  KeyParameter parameter;
  parameter.choices = std::move(choices);
  return parameter;
}

// SQL-QUERY-080
TEST(KeyPath, WhatCannotBeAPathIsRefusedInTheDocumentsWords) {
  const auto refusal = [](std::string_view path) {
    return failure_of([&] { check_file_path(path); });
  };
  const auto invalid = [](const char* message) {
    return Failure{Category::kInvalidPath, "invalid_path", message, ""};
  };
  EXPECT_EQ(refusal(std::string_view("a\0b", 3)), invalid("Path contains null byte"));
  EXPECT_EQ(refusal("/a"), invalid("Absolute paths are not allowed"));
  EXPECT_EQ(refusal("/"), invalid("Absolute paths are not allowed"));
  for (const char* path : {"..", "a/..", "../a", "a/../b"}) {
    EXPECT_EQ(refusal(path), invalid("Path contains '..' segment")) << path;
  }
  for (const char* path : {"", ".", "./", "./."}) {
    EXPECT_EQ(refusal(path), invalid("Path must not be empty for file operations"));
  }
  for (const char* path : {"a", "a..b", "...", "a/b.csv", "..a/b"}) {
    EXPECT_EQ(refusal(path), Failure{}) << path;
  }
}

// SQL-QUERY-080
TEST(KeyPath, TheEmptyPathIsTheRootFolder) {
  EXPECT_NO_THROW(check_folder_path(""));
  EXPECT_TRUE(is_root(""));
  EXPECT_TRUE(is_root("."));
  EXPECT_FALSE(is_root("a"));
  EXPECT_THROW(check_folder_path("a/../b"), Error);
}

// SQL-QUERY-012
TEST(KeyFormat, TheExtensionDecides) {
  const std::pair<const char*, Format> kTable[] = {
      {"a.parquet", Format::kParquet},      {"a.csv", Format::kCsv},
      {"a.arrow", Format::kArrowFile},      {"a.ipc", Format::kArrowFile},
      {"a.PARQUET", Format::kParquet},      {"a.b.csv", Format::kCsv},
      {"a/b.arrows", Format::kArrowStream}, {"a.jsonl", Format::kJsonLines},
      {"a.csv.gz", Format::kCsv},           {"a.csv?b=c.parquet", Format::kCsv},
  };
  for (const auto& [key, format] : kTable)
    EXPECT_EQ(format_of_key(key).format, format) << key;
  EXPECT_TRUE(format_of_key("a.csv.gz").gzip);
  for (const std::string& extension : key_extensions())
    EXPECT_NO_THROW(format_of_key("a" + extension)) << extension;
}

// SQL-QUERY-012, SQL-QUERY-070
TEST(KeyFormat, AnotherExtensionIsRefusedWithThoseThatAreSupported) {
  const auto refusal = failure_of([] { format_of_key("a/b.txt"); });
  EXPECT_EQ(refusal,
            (Failure{Category::kInvalidPath, "unsupported_format",
                     "Unsupported format '.txt' for key 'a/b.txt'. Supported: .arrow, "
                     ".arrows, .csv, .csv.gz, .ipc, .jsonl, .jsonl.gz, .parquet",
                     ""}));
  for (const char* key : {"a", "a.parquet.gz", "a.xlsx", "csv", "a.csv/b"})
    EXPECT_EQ(failure_of([&] { format_of_key(key); }).code, "unsupported_format") << key;
}

// SQL-QUERY-012
TEST(KeyFormat, ParametersBehindAKeyAreNoExtension) {
  EXPECT_EQ(format_of_key("a.csv?name=b.parquet").format, Format::kCsv);
  EXPECT_EQ(format_of_key("what?.parquet").format, Format::kParquet);
}

// SQL-QUERY-010
TEST(Keys, AKeyIsFoundByItsExactName) {
  const Manifest manifest = manifest_of({entry("a/b.csv"), entry("a.csv")});
  const Keys keys(manifest);
  EXPECT_EQ(keys.find("a/b.csv").entry->key, "a/b.csv");
  for (const char* key :
       {"a/b", "A.csv", "a.csv ", "b.csv", "a//b.csv", "./a.csv", "a"}) {
    const auto failure = failure_of([&] { keys.find(key); });
    EXPECT_EQ(failure.category, Category::kNotFound) << key;
    EXPECT_EQ(failure.message, std::string("No query registered for key: ") + key);
  }
}

// SQL-QUERY-010
TEST(Keys, AProgramsOwnKeyIsTakenToTheLetter) {
  const Manifest manifest = manifest_of({entry("a?b=c.csv"), entry("{x}.csv")});
  const Keys keys(manifest);
  EXPECT_EQ(keys.find("a?b=c.csv").entry->key, "a?b=c.csv");
  EXPECT_EQ(keys.find("{x}.csv").entry->key, "{x}.csv");
  EXPECT_THROW(keys.find("y.csv"), Error);
}

TEST(Keys, AParameterInThePathTakesItsTextAndType) {
  const Manifest manifest = manifest_of(
      {entry("r/{region}-{year}.csv", {{"region", {}}, {"year", of_type(Type::kInt)}}),
       entry("r/eu-2024.csv"),
       entry("{ratio}/x.csv", {{"ratio", of_type(Type::kFloat)}})});
  const Keys keys(manifest);
  EXPECT_THAT(
      keys.find("r/us-2025.csv").params,
      ElementsAre(Pair("region", text("us")), Pair("year", Value(std::int64_t{2025}))));
  EXPECT_THAT(
      keys.find("r/a%2Fb%2525-1.csv").params,
      ElementsAre(Pair("region", text("a/b%25")), Pair("year", Value(std::int64_t{1}))));
  EXPECT_EQ(keys.find("r/eu-2024.csv").entry->key, "r/eu-2024.csv") << "exact goes first";
  EXPECT_THAT(keys.find("2/x.csv").params, ElementsAre(Pair("ratio", Value(2.0))));
  for (const char* key :
       {"r/-2025.csv", "r/us-.csv", "r/us-x.csv", "r/us-007.csv", "r/us/1-2.csv",
        "r/a%2-1.csv", "r/%ff-1.csv", "r/%00-1.csv", "nan/x.csv/y"}) {
    EXPECT_EQ(failure_of([&] { keys.find(key); }).category, Category::kNotFound) << key;
  }
}

TEST(Keys, AParameterBehindTheKeyIsReadByName) {
  const Manifest manifest = manifest_of(
      {entry("s.csv", {{"region", one_of({text("eu"), text("us")})},
                       {"most", of_type(Type::kInt, Value(std::int64_t{5}))}})});
  const Keys keys(manifest);
  EXPECT_THAT(
      keys.find("s.csv?region=eu").params,
      ElementsAre(Pair("most", Value(std::int64_t{5})), Pair("region", text("eu"))));
  EXPECT_THAT(
      keys.find("s.csv?most=7&region=u%73").params,
      ElementsAre(Pair("most", Value(std::int64_t{7})), Pair("region", text("us"))));
  const std::pair<const char*, const char*> kTable[] = {
      {"s.csv", "key 's.csv' needs parameter 'region'"},
      {"s.csv?region=xx", "parameter 'region' of key 's.csv' must be one of eu, us"},
      {"s.csv?region=eu&most=x",
       "parameter 'most' of key 's.csv' must be a "
       "percent-encoded int"},
      {"s.csv?region=eu&regoin=us",
       "key 's.csv' has no parameter 'regoin' behind its path"},
      {"s.csv?region=eu&region=us", "parameter 'region' is given twice"},
      {"s.csv?region", "parameter 'region' has no value"},
      {"s.csv?", "key 's.csv' has no parameter '' behind its path"},
  };
  for (const auto& [key, message] : kTable) {
    const auto failure = failure_of([&] { keys.find(key); });
    EXPECT_EQ(failure.category, Category::kInvalidPath) << key;
    EXPECT_EQ(failure.code, "key_parameter") << key;
    EXPECT_EQ(failure.message, message);
  }
}

TEST(Keys, OnlyKeysThatNeedNothingMoreAreListed) {
  const Manifest manifest = manifest_of(
      {entry("z.csv"), entry("a/{x}.csv", {{"x", {}}}), entry("b.csv", {{"x", {}}}),
       entry("c.csv", {{"x", of_type(Type::kText, text("1"))}})});
  const Keys keys(manifest);
  EXPECT_THAT(keys.listed(), ElementsAre("c.csv", "z.csv"));
  ASSERT_EQ(keys.templates().size(), 2U);
  EXPECT_EQ(keys.templates()[0]->key, "a/{x}.csv");
  EXPECT_TRUE(keys.is_template_folder("a"));
  EXPECT_FALSE(keys.is_template_folder("b"));
  EXPECT_THAT(keys.template_folders_in(""), ElementsAre("a"));
}

const std::vector<std::string> kKeys{"a.csv", "a/b.csv", "a/b/c.csv", "a/b/c/d.csv",
                                     "ab/c.csv"};

// SQL-QUERY-030
TEST(Listing, FilesAreTheKeysBelowAFolder) {
  EXPECT_THAT(keys_below(kKeys, "", false, {}), ElementsAre("a.csv"));
  EXPECT_THAT(keys_below(kKeys, "a", false, {}), ElementsAre("a/b.csv"));
  EXPECT_THAT(keys_below(kKeys, "a", true, {}),
              ElementsAre("a/b.csv", "a/b/c.csv", "a/b/c/d.csv"));
  EXPECT_THAT(keys_below(kKeys, "a", true, 0), ElementsAre("a/b.csv"));
  EXPECT_THAT(keys_below(kKeys, "a", true, 1), ElementsAre("a/b.csv", "a/b/c.csv"));
  EXPECT_THAT(keys_below(kKeys, "a", false, 5), ElementsAre("a/b.csv"));
  EXPECT_EQ(keys_below(kKeys, "", true, {}), kKeys);
  EXPECT_THAT(keys_below(kKeys, "a.csv", true, {}), IsEmpty());
  EXPECT_THAT(keys_below(kKeys, "x", true, {}), IsEmpty());
}

// SQL-QUERY-031
TEST(Listing, FoldersAreWhatStandsBeforeASlashOnce) {
  EXPECT_THAT(folders_in(kKeys, ""), ElementsAre("a", "ab"));
  EXPECT_THAT(folders_in(kKeys, "a"), ElementsAre("b"));
  EXPECT_THAT(folders_in(kKeys, "a/b"), ElementsAre("c"));
  EXPECT_THAT(folders_in(kKeys, "ab"), IsEmpty());
}

TEST(Views, AKeyIsMadeOfNamesWithoutWhatAPathCannotHave) {
  EXPECT_EQ(key_of_view({"public", "daily sales"}), "views/public/daily sales.parquet");
  EXPECT_EQ(key_of_view({"..", "a/b?c%d\x01"}), "views/%2E%2E/a%2Fb%3Fc%25d%01.parquet");
}

}  // namespace
}  // namespace penstock
