#include "declare/first_word.h"

#include <gtest/gtest.h>

#include "unit/declare/expect_error.h"
#include "unit/support.h"

namespace penstock {
namespace {

Statement statement_of(const std::string& sql, const Lexicon& lexicon,
                       const Params& params = {}) {
  Query query;
  query.sql = sql;
  return penstock::bind(query, lexicon, params);
}

std::string word_of(const std::string& sql, const Lexicon& lexicon = Lexicon::mysql()) {
  return first_word(statement_of(sql, lexicon), lexicon);
}

// RS-013
TEST(FirstWord, StandsBehindBlanksAndCommentsOfTheDialect) {
  EXPECT_EQ(word_of("select 1"), "SELECT");
  EXPECT_EQ(word_of(" \t\r\n# SET\n-- SET\n--\n/* SET */ With x AS (SELECT 1) TABLE x"),
            "WITH");
  EXPECT_EQ(word_of("((SELECT 1))"), "(");
  EXPECT_EQ(word_of("/* a /* b */ SELECT 1"), "SELECT");
  EXPECT_EQ(word_of("/* a /* b */ SET */ SELECT 1", Lexicon::postgres()), "SELECT");
  EXPECT_EQ(word_of("-- a\rSELECT 1", Lexicon::postgres()), "SELECT");
  EXPECT_EQ(word_of("--a\nSELECT 1", Lexicon::postgres()), "SELECT");
  // No comment in MySQL: two minus signs.
  EXPECT_EQ(word_of("--1"), "-");
  EXPECT_EQ(word_of("# a\rSELECT 1\nSET x = 1"), "SET");
}

// FT-006
TEST(FirstWord, FollowedByOthersIsReadOn) {
  const auto words_of = [](const std::string& sql) {
    return first_words(statement_of(sql, Lexicon::mysql()), Lexicon::mysql(), 3);
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("create /* or */ temporary\n# x\ntable t (a int)"),
            (Words{"CREATE", "TEMPORARY", "TABLE"}));
  EXPECT_EQ(words_of("DROP"), Words{"DROP"});
  EXPECT_EQ(words_of("ALTER `x` y"), Words{"ALTER"});
  EXPECT_EQ(words_of("(SELECT 1)"), Words{});
}

// FT-006
TEST(FirstWord, SaysWhatADatabaseCanExplain) {
  for (const char* sql :
       {"SELECT 1", "(SELECT 1)", "WITH a AS (SELECT 1) SELECT 2",
        "insert into t values (1)", "UPDATE t SET a = 1", "DELETE FROM t",
        "MERGE INTO t USING u ON 1", "REPLACE INTO t VALUES (1)"}) {
    EXPECT_TRUE(is_explained(statement_of(sql, Lexicon::mysql()), Lexicon::mysql()))
        << sql;
  }
  for (const char* sql :
       {"CREATE TABLE t (a int)", "DROP TABLE t", "TRUNCATE t", "SET a"})
    EXPECT_FALSE(is_explained(statement_of(sql, Lexicon::mysql()), Lexicon::mysql()))
        << sql;
}

// RS-013
TEST(FirstWord, IsTheWholeWord) {
  EXPECT_EQ(word_of("SELECT1"), "SELECT1");
  EXPECT_EQ(word_of("selectable()"), "SELECTABLE");
  EXPECT_EQ(word_of("SELECT/**/1"), "SELECT");
  EXPECT_EQ(word_of("`select` 1"), "`");
  EXPECT_EQ(word_of("\\:x"), ":");
  const Lexicon& lexicon = Lexicon::mysql();
  EXPECT_EQ(first_word(statement_of(":x", lexicon, {{"x", std::int64_t{1}}}), lexicon),
            "?");
}

// RS-013
TEST(FirstWord, OnlyAQueryPasses) {
  const Lexicon& lexicon = Lexicon::mysql();
  for (const char* sql : {"SELECT 1", "WITH a AS (SELECT 1) SELECT 1", "VALUES ROW(1)",
                          "table t", "(SELECT 1)"}) {
    EXPECT_NO_THROW(refuse_unless_query(statement_of(sql, lexicon), lexicon)) << sql;
  }
  for (const std::string word :
       {"SET", "CALL", "DO", "SHOW", "EXPLAIN", "ANALYZE", "BEGIN", "INSERT", "LOCK",
        "PREPARE", "HANDLER", "KILL", "FLUSH", "LOAD", "XA", "COPY", "SELECTX"}) {
    EXPECT_EQ(testing::failure_of([&] {
                refuse_unless_query(statement_of(word + " x", lexicon), lexicon);
              }),
              (testing::Failure{
                  Category::kRefused, "not_a_read", "the query begins with " + word,
                  "a query is a single SELECT, VALUES, TABLE or WITH ... SELECT"}));
  }
}

}  // namespace
}  // namespace penstock
