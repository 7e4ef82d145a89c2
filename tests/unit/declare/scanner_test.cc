#include "declare/scanner.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/declare/expect_error.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<const Lexicon*> kAll{&Lexicon::postgres(), &Lexicon::mysql(),
                                       &Lexicon::sqlite()};

std::vector<std::string> names(std::string_view sql, const Lexicon& lexicon) {
  return scan_sql(sql, lexicon, {}).parameters;
}

// The query as it is sent, each parameter as <name>.
std::string sent(std::string_view sql, const Lexicon& lexicon) {
  const ScannedSql scanned = scan_sql(sql, lexicon, {});
  std::string out;
  for (const SqlPiece& piece : scanned.pieces) {
    out +=
        piece.parameter < 0
            ? piece.text
            : "<" + scanned.parameters[static_cast<std::size_t>(piece.parameter)] + ">";
  }
  return out;
}

Thrown refusal(std::string_view sql, const Lexicon& lexicon) {
  return thrown_by([&] { scan_sql(sql, lexicon, {}); });
}

std::string message(std::string_view sql, const Lexicon& lexicon) {
  return refusal(sql, lexicon).message;
}

// RS-008
TEST(Scanner, FindsParametersInOrderOfFirstUseEachOnce) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(sent("SELECT :b, :a FROM t WHERE x = :b AND y=:_c1", *lexicon),
              "SELECT <b>, <a> FROM t WHERE x = <b> AND y=<_c1>");
    EXPECT_THAT(names("SELECT :b, :a FROM t WHERE x = :b", *lexicon),
                ElementsAre("b", "a"));
  }
}

// RS-008
TEST(Scanner, ACastIsNotAParameter) {
  EXPECT_EQ(sent("SELECT x::text, '1'::int, a ::numeric, :v::date", Lexicon::postgres()),
            "SELECT x::text, '1'::int, a ::numeric, <v>::date");
  EXPECT_THAT(names("SELECT a:::b", Lexicon::postgres()), IsEmpty());
  EXPECT_THAT(names("SELECT x::text", Lexicon::sqlite()), IsEmpty());
}

// RS-008
TEST(Scanner, SlicesAndAssignmentsAreText) {
  EXPECT_EQ(sent("SELECT a[1:n], a[lo:hi], a[é:hi], f(x := 1)", Lexicon::postgres()),
            "SELECT a[1:n], a[lo:hi], a[é:hi], f(x := 1)");
  EXPECT_EQ(sent("SELECT @n := @n + 1", Lexicon::mysql()), "SELECT @n := @n + 1");
}

// RS-008
TEST(Scanner, AParameterMayFollowAnythingButAWordOrAColon) {
  EXPECT_EQ(sent("(:a,:b)+:c-'x':d/**/:e\n:f", Lexicon::postgres()),
            "(<a>,<b>)+<c>-'x'<d>/**/<e>\n<f>");
}

// RS-008
TEST(Scanner, ABackslashMakesAColonLiteralAndIsDropped) {
  EXPECT_EQ(sent(R"(SELECT a[\:n], b\:\:int, :p)", Lexicon::postgres()),
            "SELECT a[:n], b::int, <p>");
  EXPECT_EQ(sent(R"(SELECT '\:a' \x)", Lexicon::postgres()), R"(SELECT '\:a' \x)");
}

// RS-008
TEST(Scanner, QuotedTextHasNoParametersInAnyDialect) {
  struct Row {
    const char* sql;
    const Lexicon& lexicon;
  };
  const Lexicon& pg = Lexicon::postgres();
  const Lexicon& my = Lexicon::mysql();
  const Lexicon& lite = Lexicon::sqlite();
  const Row kRows[] = {
      {"SELECT ':a'", pg},
      {"SELECT ':a'", my},
      {"SELECT ':a'", lite},
      {"SELECT 'it''s :a'", pg},
      {"SELECT 'it''s :a'", my},
      {"SELECT 'it''s :a'", lite},
      {R"(SELECT ":a" "b"":c")", pg},
      {R"(SELECT ":a" "b"":c")", my},
      {R"(SELECT ":a" "b"":c")", lite},
      {"SELECT `:a` `b``:c`", my},
      {"SELECT `:a` `b``:c`", lite},
      {"SELECT [:a] [b :c]", lite},
      {"SELECT [it's :a], 'b :c'", lite},
      {R"(SELECT 'a\':b')", my},
      {R"(SELECT "a\":b")", my},
      {R"(SELECT 'a\\', ':b')", my},
      {R"(SELECT E'a\':b', e'\\')", pg},
      {R"(SELECT E'it''s :a')", pg},
      {R"(SELECT 'a\', ':b')", pg},
      {"SELECT E'a\\''\n  ':b\\':c'", pg},
      {"SELECT E'a' -- x\n-- y\n'\\':c'", pg},
      {"SELECT E'a' -- x\r'\\':c'", pg},
      {R"(SELECT U&'d\0061t :a' UESCAPE '!')", pg},
      {R"(SELECT U&"d :a")", pg},
      {"SELECT N':a', x':a'", pg},
      {"SELECT $$ :a $$", pg},
      {"SELECT $t$ :a $$ $x$ ' $t$", pg},
      {"SELECT $été$ :a $été$", pg},
      {"SELECT $_1$:a$_1$", pg},
      {"SELECT 1$$:a$$", pg},
      {"SELECT 1 -- :a\n", pg},
      {"SELECT 1 -- :a\n", my},
      {"SELECT 1 -- :a", lite},
      {"SELECT 1 --:a", lite},
      {"SELECT 1 -- :a\r :b\n", lite},
      {"SELECT 1 -- :a\r :b\n", my},
      {"SELECT 1 --\t:a", my},
      {"SELECT 1 # :a", my},
      {"SELECT 1#:a\n", my},
      {"SELECT /* :a */ 1", pg},
      {"SELECT /* :a */ 1", my},
      {"SELECT /* :a */ 1", lite},
      {"SELECT /* /* :a */ :b */ 1", pg},
      {"SELECT /*/ :a */ 1", lite},
      {"SELECT /* ' :a */ 1", lite},
      {"SELECT /* -- */ 1 /* :a */", lite},
      {"SELECT '/*', '*/ :a'", lite},
      {"SELECT '--', ':a'", lite},
      {"SELECT '?', \"?\", /* ? */ 1 -- ?", my},
      {"SELECT '?1 @a $b #c :d' -- ?1 @a $b", lite},
  };
  for (const Row& row : kRows) {
    EXPECT_THAT(names(row.sql, row.lexicon), IsEmpty())
        << row.lexicon.title << ": " << row.sql;
    EXPECT_EQ(sent(row.sql, row.lexicon), row.sql);
  }
}

// RS-008
TEST(Scanner, TextAfterAQuoteIsScannedAgain) {
  EXPECT_THAT(names("SELECT '' :a", Lexicon::sqlite()), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT 'a\' :a)", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT 'a\' :a)", Lexicon::sqlite()), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT fooE'a\' :a)", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT E'a' 'b\' :a)", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT U&'\' :a)", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT /* /* */ :a", Lexicon::mysql()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT /* /* */ :a", Lexicon::sqlite()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT 1--:a", Lexicon::mysql()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT 1 -- x\r :a", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT 1 # :a", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT [1, :a]", Lexicon::postgres()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT a$b$, :a, $b", Lexicon::mysql()), ElementsAre("a"));
  EXPECT_THAT(names("SELECT [a]]:b", Lexicon::sqlite()), ElementsAre("b"));
}

// RS-008
TEST(Scanner, ADollarInsideAnIdentifierDoesNotStartADollarQuote) {
  EXPECT_THAT(names("SELECT a$b$ :p, c$b$ :q", Lexicon::postgres()),
              ElementsAre("p", "q"));
  EXPECT_THAT(names("SELECT é$$ :p, é$$", Lexicon::postgres()), ElementsAre("p"));
  EXPECT_THAT(names("SELECT a$b, :p", Lexicon::sqlite()), ElementsAre("p"));
}

TEST(Scanner, ADriversOwnPlaceholderIsRefusedWithAHint) {
  const std::string hint = "write a parameter as :name";
  EXPECT_EQ(
      refusal("SELECT $1", Lexicon::postgres()),
      (Thrown{Category::kRecipe, "query_placeholder",
              "query line 1, column 8: '$1' is PostgreSQL's own placeholder", hint}));
  EXPECT_EQ(refusal("SELECT ?", Lexicon::mysql()),
            (Thrown{Category::kRecipe, "query_placeholder",
                    "query line 1, column 8: '?' is MySQL's own placeholder", hint}));
  EXPECT_EQ(refusal("SELECT 1,\n ?12", Lexicon::sqlite()),
            (Thrown{Category::kRecipe, "query_placeholder",
                    "query line 2, column 2: '?12' is SQLite's own placeholder", hint}));
  for (const char* sql :
       {"SELECT ?", "SELECT ?1", "SELECT @x", "SELECT $x", "SELECT $é", "SELECT #x",
        "SELECT :1", "SELECT a:b", "SELECT 1:b", "SELECT \\:x", "SELECT a:::b",
        "SELECT @::x", "SELECT $::x", "SELECT #::x", "SELECT \\:::x"}) {
    EXPECT_EQ(refusal(sql, Lexicon::sqlite()).code, "query_placeholder") << sql;
  }
}

TEST(Scanner, WhatIsAnOperatorOrAVariableIsNoPlaceholder) {
  EXPECT_EQ(sent("SELECT a ? 'k', b ?| c, @d, |/ 4, x $ y", Lexicon::postgres()),
            "SELECT a ? 'k', b ?| c, @d, |/ 4, x $ y");
  EXPECT_EQ(sent("SELECT @x, @@sql_mode, $a, a->>'$.b'", Lexicon::mysql()),
            "SELECT @x, @@sql_mode, $a, a->>'$.b'");
  EXPECT_EQ(sent("SELECT a -> '$.b', c @ d", Lexicon::sqlite()),
            "SELECT a -> '$.b', c @ d");
}

TEST(Scanner, OneTrailingSemicolonIsDroppedWithWhatFollows) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(sent("SELECT :a;", *lexicon), "SELECT <a>");
    EXPECT_EQ(sent("SELECT 1 ; \n /* c */ -- d", *lexicon), "SELECT 1 ");
    EXPECT_EQ(sent("SELECT 1 -- no semicolon", *lexicon), "SELECT 1 -- no semicolon");
    EXPECT_EQ(sent("SELECT ';' -- ;", *lexicon), "SELECT ';' -- ;");
  }
}

TEST(Scanner, ASecondStatementIsRefused) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(
        refusal("SELECT 1;\n DROP TABLE t", *lexicon),
        (Thrown{Category::kRecipe, "query_second_statement",
                "query line 2, column 2: a second statement; a query is one statement",
                "remove the ';' and what follows it"}));
    EXPECT_EQ(message("SELECT 1;;", *lexicon),
              "query line 1, column 10: a second statement; a query is one statement");
    EXPECT_EQ(refusal("SELECT 1; :a", *lexicon).code, "query_second_statement");
  }
  EXPECT_EQ(refusal("SELECT 1; # x", Lexicon::sqlite()).code, "query_second_statement");
  EXPECT_EQ(refusal("SELECT 1; /*!50000 x */", Lexicon::mysql()).code,
            "query_executable_comment");
}

TEST(Scanner, AnEmptyQueryIsRefused) {
  for (const Lexicon* lexicon : kAll) {
    for (const char* sql :
         {"", " \n", "-- only a comment", "/* :a */", ";", "\xEF\xBB\xBF"}) {
      EXPECT_EQ(refusal(sql, *lexicon),
                (Thrown{Category::kRecipe, "query_empty",
                        "query line 1, column 1: the query is empty",
                        "write a SELECT statement"}))
          << sql;
    }
  }
}

TEST(Scanner, WhatIsNotClosedIsRefusedWhereItWasOpened) {
  struct Row {
    const char* sql;
    const Lexicon& lexicon;
    const char* message;
    const char* hint;
  };
  const Lexicon& pg = Lexicon::postgres();
  const Lexicon& my = Lexicon::mysql();
  const Lexicon& lite = Lexicon::sqlite();
  const Row kRows[] = {
      {"SELECT 'a", lite, "query line 1, column 8: unterminated string",
       "close it with '"},
      {"SELECT 'a''", lite, "query line 1, column 8: unterminated string",
       "close it with '"},
      {"SELECT\n  'a\\'", my, "query line 2, column 3: unterminated string",
       "close it with '"},
      {"SELECT 'a\\", my, "query line 1, column 8: unterminated string",
       "close it with '"},
      {"SELECT \"a", my, "query line 1, column 8: unterminated string",
       "close it with \""},
      {"SELECT E'a\\'", pg, "query line 1, column 9: unterminated string",
       "close it with '"},
      {"SELECT \"a", pg, "query line 1, column 8: unterminated quoted identifier",
       "close it with \""},
      {"SELECT `a", lite, "query line 1, column 8: unterminated quoted identifier",
       "close it with `"},
      {"SELECT [a", lite, "query line 1, column 8: unterminated quoted identifier",
       "close it with ]"},
      {"SELECT é, /* a", lite, "query line 1, column 11: unterminated comment",
       "close it with */"},
      {"SELECT 1 /*", lite, "query line 1, column 10: unterminated comment",
       "close it with */"},
      {"SELECT 1 /*/", lite, "query line 1, column 10: unterminated comment",
       "close it with */"},
      {"SELECT /* /* */", pg, "query line 1, column 8: unterminated comment",
       "close it with */"},
      {"SELECT $a$ $b$", pg, "query line 1, column 8: unterminated dollar quote $a$",
       "close it with the same tag"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(refusal(row.sql, row.lexicon),
              (Thrown{Category::kRecipe, "query_unterminated", row.message, row.hint}))
        << row.lexicon.title << ": " << row.sql;
  }
}

TEST(Scanner, ExecutableCommentsAreRefusedWhereAServerWouldRunThem) {
  const char* expected =
      "query line 1, column 8: an executable comment (/*! */ or /*M! */); the server "
      "would run what it hides";
  for (const char* sql :
       {"SELECT /*! 1 */", "SELECT /*!50000 1 */", "SELECT /*M!100100 1 */"}) {
    EXPECT_EQ(refusal(sql, Lexicon::mysql()),
              (Thrown{Category::kRecipe, "query_executable_comment", expected,
                      "write its text into the query, or remove it"}));
    EXPECT_EQ(message(std::string(sql) + " 1", Lexicon::postgres()), "");
    EXPECT_EQ(message(std::string(sql) + " 1", Lexicon::sqlite()), "");
  }
  EXPECT_EQ(message("SELECT '/*! 1 */', 1 /* /*! */", Lexicon::mysql()), "");
}

// RS-013, RS-014
TEST(Scanner, AHintThatChangesTheSessionsSettingsIsRefused) {
  const auto refused = [](const std::string& name) {
    return Thrown{Category::kRecipe, "query_setting_hint",
                  "query line 1, column 8: an optimizer hint with " + name +
                      ", which would change the session's own settings",
                  "remove it; limits are set in the recipe"};
  };
  EXPECT_EQ(refusal("SELECT /*+ SET_VAR(time_zone='+05:30') */ 1", Lexicon::mysql()),
            refused("SET_VAR"));
  EXPECT_EQ(refusal("SELECT /*+ BKA(t) Set_Var (x=1)*/ 1", Lexicon::mysql()),
            refused("SET_VAR"));
  EXPECT_EQ(refusal("SELECT /*+\nmax_execution_time(1)*/ 1", Lexicon::mysql()),
            refused("MAX_EXECUTION_TIME"));
  EXPECT_EQ(message("SELECT /*+ NO_ICP(t) */ 1 /* SET_VAR */, '/*+ SET_VAR */'",
                    Lexicon::mysql()),
            "");
  EXPECT_EQ(message("SELECT /*+ SET_VAR(x=1) */ 1", Lexicon::postgres()), "");
}

TEST(Scanner, ControlBytesAreRefusedEverywhere) {
  using namespace std::string_literals;
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(refusal("SELECT 1\0; DROP"s, *lexicon),
              (Thrown{Category::kRecipe, "query_control_byte",
                      "query line 1, column 9: control byte \\x00 in the query",
                      "remove it; a blank, a tab or a line end may stand there"}));
    EXPECT_EQ(message("SELECT 'a\x1b'", *lexicon),
              "query line 1, column 10: control byte \\x1b in the query");
    EXPECT_EQ(message("SELECT 1 -- \x7f", *lexicon),
              "query line 1, column 13: control byte \\x7f in the query");
    EXPECT_EQ(message("SELECT\t1,\r\n2", *lexicon), "");
  }
}

TEST(Scanner, InvalidUtf8IsRefusedWhereItStands) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(refusal("SELECT 'é',\n '\xBF\x5C'", *lexicon),
              (Thrown{Category::kRecipe, "query_encoding",
                      "query line 2, column 3: the query is not valid UTF-8",
                      "save the text as UTF-8"}));
    EXPECT_EQ(message("SELECT '\xE2\x82'", *lexicon),
              "query line 1, column 9: the query is not valid UTF-8");
  }
}

TEST(Scanner, AByteOrderMarkIsDropped) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(sent("\xEF\xBB\xBFSELECT :a", *lexicon), "SELECT <a>");
    EXPECT_EQ(sent("\xEF\xBB\xBF:a", *lexicon), "<a>");
    EXPECT_EQ(message("\xEF\xBB\xBFSELECT '", *lexicon),
              "query line 1, column 8: unterminated string");
  }
}

TEST(Scanner, AParametersNameIsAscii) {
  for (const Lexicon* lexicon : kAll) {
    EXPECT_EQ(refusal("SELECT :naïve", *lexicon),
              (Thrown{Category::kRecipe, "query_parameter_name",
                      "query line 1, column 8: a parameter's name has a character beyond "
                      "A-Z a-z 0-9 _",
                      "rename the parameter, or put a blank after its name"}));
  }
}

TEST(Scanner, TheMySqlRulesFollowTheSqlMode) {
  Lexicon ansi = Lexicon::mysql();
  ansi.double_quoted_strings = false;
  ansi.backslash_escapes = false;
  EXPECT_THAT(names(R"(SELECT "a\" :a)", ansi), ElementsAre("a"));
  EXPECT_THAT(names(R"(SELECT 'a\' :a)", ansi), ElementsAre("a"));
  EXPECT_EQ(message(R"(SELECT "a)", ansi),
            "query line 1, column 8: unterminated quoted identifier");
}

TEST(Scanner, ManyParametersTakeLinearTime) {
  std::string sql = "SELECT 1";
  for (int i = 0; i < 100'000; ++i) sql += ",:p" + std::to_string(i);
  EXPECT_EQ(scan_sql(sql, Lexicon::postgres(), {}).parameters.size(), 100'000U);
}

TEST(Position, WithoutAFileCountsWithinTheQuery) {
  EXPECT_EQ(position_of("ab\ncd", {}, 4), "query line 2, column 2");
  EXPECT_EQ(position_of("ab\ncd", {}, 99), "query line 2, column 3");
}

TEST(Position, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(position_of("é日x", {}, 5), "query line 1, column 3");
}

TEST(Position, PointsIntoABlockScalarOfAFile) {
  const SqlOrigin origin{"a.yaml", 7, 5, 4};
  EXPECT_EQ(position_of("ab\ncd", origin, 1), "a.yaml:7:6");
  EXPECT_EQ(position_of("ab\ncd", origin, 4), "a.yaml:8:6");
}

TEST(Position, GivesBothPositionsWhereYamlHidesTheOffset) {
  EXPECT_EQ(position_of("ab\ncd", {"a.yaml", 7, 10, -1}, 4),
            "a.yaml:7:10 (query line 2, column 2)");
}

// A construct that hides its content, for each dialect.
struct Quote {
  const Lexicon* lexicon;
  std::string open;
  std::string close;
};

std::vector<Quote> quotes() {
  const Lexicon* pg = &Lexicon::postgres();
  const Lexicon* my = &Lexicon::mysql();
  const Lexicon* lite = &Lexicon::sqlite();
  return {{pg, "'", "'"},     {pg, "E'", "'"},  {pg, "\"", "\""},   {pg, "$$", "$$"},
          {pg, "$q$", "$q$"}, {pg, "/*", "*/"}, {pg, "--", "\n"},   {pg, "/*/*", "*/*/"},
          {my, "'", "'"},     {my, "\"", "\""}, {my, "`", "`"},     {my, "/*", "*/"},
          {my, "-- ", "\n"},  {my, "#", "\n"},  {lite, "'", "'"},   {lite, "\"", "\""},
          {lite, "`", "`"},   {lite, "[", "]"}, {lite, "/*", "*/"}, {lite, "--", "\n"}};
}

// A small generator of its own, so that a failure repeats on every machine.
struct Random {
  std::uint64_t state;
  std::size_t below(std::size_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state >> 33) % bound;
  }
};

// RS-008
TEST(ScannerProperty, NoParameterIsEverFoundInsideAnyQuote) {
  const std::vector<std::string> kInside{":p", " ", "x",  ";", "?", "$1",
                                         "@a", ":", "::", "(", "é", ",\t:q "};
  Random random{1};
  for (int round = 0; round < 4000; ++round) {
    const std::vector<Quote> all = quotes();
    const Quote& quote = all[random.below(all.size())];
    std::string inside;
    for (std::size_t n = random.below(8); n > 0; --n)
      inside += kInside[random.below(kInside.size())];
    const std::string sql =
        "SELECT :before " + quote.open + inside + quote.close + " , :after";
    EXPECT_THAT(names(sql, *quote.lexicon), ElementsAre("before", "after"))
        << quote.lexicon->title << ": " << sql;
  }
}

// RS-008
TEST(ScannerProperty, PiecesAreTheQueryItselfForAnySoupOfTokens) {
  const std::vector<std::string> kTokens{
      "SELECT", " ",     "\n",       ":a",      ":b1",     "::",    ":",
      ":=",     "\\:",   "\\",       "'x'",     "'it''s'", "\"q\"", "`b`",
      "[c]",    "$$ $$", "$t$:z$t$", "$",       "$1",      "?",     "@v",
      "#",      "--",    "-- c\n",   "/* c */", "/*",      "*/",    ";",
      "E'\\''", "e",     "'",        "\"",      "1",       "é",     "(",
      ")",      ",",     "+",        "\r",      "/*!",     "U&'x'"};
  Random random{2};
  int accepted = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string sql = "SELECT ";
    for (std::size_t n = random.below(10); n > 0; --n)
      sql += kTokens[random.below(kTokens.size())];
    for (const Lexicon* lexicon : kAll) {
      ScannedSql scanned;
      if (!thrown_by([&] { scanned = scan_sql(sql, *lexicon, {}); }).message.empty())
        continue;
      ++accepted;
      std::size_t end = 0;
      for (const SqlPiece& piece : scanned.pieces) {
        if (piece.offset != end) {
          ASSERT_EQ(sql.substr(end, piece.offset - end), "\\") << sql;
          ASSERT_EQ(sql[piece.offset], ':') << sql;
        }
        const std::string written =
            piece.parameter < 0
                ? piece.text
                : ":" + scanned.parameters[static_cast<std::size_t>(piece.parameter)];
        ASSERT_EQ(sql.substr(piece.offset, written.size()), written) << sql;
        end = piece.offset + written.size();
      }
      ASSERT_TRUE(end == sql.size() || sql[end] == ';') << sql;
    }
  }
  EXPECT_GT(accepted, 10'000);
}

}  // namespace
}  // namespace penstock
