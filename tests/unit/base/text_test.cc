#include "base/text.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::string_literals;

TEST(Text, TrimDropsEveryKindOfBlankAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n\f\va b\n "), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, CaseIsChangedInAsciiOnly) {
  EXPECT_EQ(to_lower("AZ[Ä"), "az[Ä");
  EXPECT_EQ(to_upper("az{ä"), "AZ{ä");
  EXPECT_TRUE(equals_ignoring_case("TrUe", "tRuE"));
  EXPECT_FALSE(equals_ignoring_case("true", "tru"));
  EXPECT_FALSE(equals_ignoring_case("ä", "Ä"));
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

// RS-001
TEST(Text, TheNearestCandidateIsOneSlipAway) {
  const std::vector<std::string> keys{"query", "query_file", "dsn_env", "limits"};
  EXPECT_EQ(nearest("qurey", keys), "query") << "neighbours swapped are one edit";
  EXPECT_EQ(nearest("quer", keys), "query");
  EXPECT_EQ(nearest("dsn-env", keys), "dsn_env");
  EXPECT_EQ(nearest("LIMITS", keys), "limits");
  EXPECT_EQ(nearest("password", keys), "");
  EXPECT_EQ(nearest("", keys), "");
  EXPECT_EQ(nearest("x", {}), "");
}

// RS-001
TEST(Text, ASuggestionIsTheNearestOrElseTheWholeList) {
  EXPECT_EQ(suggest("quary", {"query", "limits"}), "did you mean 'query'?");
  EXPECT_EQ(suggest("zzz", {"query", "limits"}), "known: query, limits");
}

TEST(Text, Utf8IsRfc3629) {
  for (const std::string& valid :
       {""s, "a"s, "\0"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s,
        "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s}) {
    EXPECT_TRUE(is_valid_utf8(valid)) << to_hex(valid);
    EXPECT_TRUE(is_valid_utf8("x" + valid + "y")) << to_hex(valid);
  }
  for (const std::string& invalid :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x41"s, "\xE0\x9F\xBF"s,
        "\xE0\xA0"s, "\xED\xA0\x80"s, "\xF0\x8F\xBF\xBF"s, "\xF0\x90\x80"s,
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFE"s, "\xFF"s}) {
    EXPECT_FALSE(is_valid_utf8(invalid)) << to_hex(invalid);
    EXPECT_FALSE(is_valid_utf8("x" + invalid + "y")) << to_hex(invalid);
  }
}

// RS-026
TEST(Text, AMessageShowsNothingThatATerminalWouldObey) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f\0"s + "c"s), "a\\x0ab\\x1b[31m\\x7f\\x00c");
  EXPECT_EQ(printable("\xFFx\xC3"), "\\xffx\\xc3");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m")
      << "C1: the 8-bit form of ESC [";
  EXPECT_EQ(printable("a\u202Eb\u2066c\u2028d"),
            "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\xa8d")
      << "text that would be shown in another order than it stands";
  EXPECT_EQ(printable("naïve “ok” \u2065 \u206A €"), "naïve “ok” \u2065 \u206A €");
}

TEST(Text, ALongMessageIsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(printable("abcdeé", 6), "abcde…");
  EXPECT_EQ(printable("abc\n", 6), "abc…") << "an escape is not cut in two";
  EXPECT_EQ(printable("", 0), "");
}

TEST(Text, HexIsLowerCase) { EXPECT_EQ(to_hex("\x00\xAF"s + "a"s), "00af61"); }

// RS-010
TEST(Text, PercentDecodingTakesTwoHexDigitsAndNothingElse) {
  EXPECT_EQ(percent_decode("a%20b%2F%2f%00"), "a b//\0"s);
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("%"), std::nullopt);
  EXPECT_EQ(percent_decode("%4"), std::nullopt);
  EXPECT_EQ(percent_decode("%4g"), std::nullopt);
  EXPECT_EQ(percent_decode("%+1"), std::nullopt);
}

TEST(Text, Sha256IsTheStandardsOwnExample) {
  EXPECT_EQ(sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace penstock
