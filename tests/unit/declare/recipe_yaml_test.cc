// What of YAML a recipe may be written in.
#include <string>

#include <gtest/gtest.h>

#include "unit/declare/recipes.h"

namespace penstock {
namespace {

Thrown syntax(std::string message, std::string hint = {}) {
  return {Category::kRecipe, "recipe_syntax", std::move(message), std::move(hint)};
}

// What the fuzzer, and a look at the library, brought up.
TEST(RecipeYaml, AnUnderIndentedBlockIsRefusedRatherThanSwallowingTheKeysBelowIt) {
  EXPECT_EQ(refusal("name: a\nsource:\n  query: |\n  type: sql\n  dsn_env: PENSTOCK_A\n"),
            syntax("r.yaml:4:3: a block scalar that is not indented more than its key",
                   "indent its lines more, or give it a value"));
  EXPECT_EQ(refusal("name: a\nsource:\n  query: >\n\n  type: sql\n").code,
            "recipe_syntax");
}

TEST(RecipeYaml, ABlockOfNothingButBlanksIsEmpty) {
  for (const char* block : {"|\n\n", ">\n\n\n", "|+\n\n", "|2\n    \n", "|\n", ">-"}) {
    const std::string head =
        "name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query: ";
    EXPECT_EQ(refusal(head + block).message, "r.yaml:6:1: source.query is empty")
        << block;
  }
}

TEST(RecipeYaml, ABlockIsReadToTheEndOfAFileWithoutALastLineEnd) {
  EXPECT_EQ(parse("name: a\nsource:\n  type: sql\n  dsn_env: PENSTOCK_A\n  query: |\n    "
                  "SELECT 1,\n      2")
                .query.sql,
            "SELECT 1,\n  2\n");
}

TEST(RecipeYaml, ABackslashAtTheEndIsAnUnclosedString) {
  EXPECT_EQ(refusal("\"Xx=\t\t: \\").code, "recipe_syntax");
}

TEST(RecipeYaml, WhatTakesTheLibraryQuadraticTimeIsRefusedFirst) {
  EXPECT_EQ(
      refusal(std::string(500'000, '%')),
      (Thrown{Category::kRecipe, "recipe_unsupported_yaml",
              "r.yaml:1:1: YAML directives (%) are not supported", "remove the line"}));
  EXPECT_EQ(refusal("%YAML 1.2\n---\nname: a\n").code, "recipe_unsupported_yaml");
  for (const char* text :
       {"? o:\t|", "? o: x\n  p: \t - x", "- ? - o:\t? x", "?\n  o:\t:"})
    EXPECT_EQ(refusal(text).code, "recipe_unsupported_yaml") << text;
  EXPECT_EQ(refusal("? o:\t|"),
            (Thrown{Category::kRecipe, "recipe_unsupported_yaml",
                    "r.yaml:1:5: a tab after ':' below an explicit key ('? ')",
                    "write spaces"}));
  EXPECT_EQ(
      parse(with_source("sink: {path: x}\nother:\n  ? a\n  : b\n  c:\td\n")).sink.path,
      "x");
  EXPECT_EQ(
      refusal("a: |\n  x\n" + std::string(500'000, '\n')),
      (Thrown{Category::kRecipe, "recipe_blank_lines",
              "r.yaml:2004:1: more than 1000 blank lines in a row", "remove some"}));
  EXPECT_EQ(parse(with_source(std::string(1000, '\n') + "sink: {path: x}\n")).sink.path,
            "x");
}

// RS-001
TEST(RecipeYaml, WhatIsNotYamlIsAnErrorWithItsPosition) {
  EXPECT_EQ(refusal("name: a: b\n"),
            syntax("r.yaml:1:8: invalid nested block mapping on the same line"));
  EXPECT_EQ(refusal("name: [a\n"),
            syntax("r.yaml:2:1: flow sequence without a closing bracket"));
  EXPECT_EQ(refusal("name: \"a\n"),
            syntax("r.yaml:1:8: double-quoted scalar without closing quote"));
  EXPECT_EQ(refusal("source:\n\ttype: sql\n").hint, "indent with spaces");
}

TEST(RecipeYaml, AnEmptyFileIsSaidToBeEmpty) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "...\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(refusal(text),
              (Thrown{Category::kRecipe, "recipe_empty", "r.yaml:1:1: the file is empty",
                      "penstock init writes a starter"}));
  }
}

TEST(RecipeYaml, TheRootIsAMapping) {
  for (const char* text : {"abc\n", "- name: a\n", "---\n"}) {
    EXPECT_EQ(refusal(text).code, "recipe_invalid_value");
  }
  EXPECT_EQ(refusal("- a\n").message,
            "r.yaml:1:1: a recipe is a mapping of keys: name, source, ...");
}

TEST(RecipeYaml, ASecondDocumentIsRefused) {
  EXPECT_EQ(refusal(with_source("---\nname: b\n")),
            (Thrown{Category::kRecipe, "recipe_documents",
                    "r.yaml:6:1: a second YAML document; a file holds one",
                    "remove the '---'"}));
  EXPECT_EQ(parse("---\n" + with_source("...\n")).name, "orders");
}

TEST(RecipeYaml, DuplicateKeysAreRefusedWithBothPositions) {
  EXPECT_EQ(refusal(with_source("  \"query\": SELECT 2\n")),
            (Thrown{Category::kRecipe, "recipe_duplicate_key",
                    "r.yaml:6:4: duplicate key 'query' (first at r.yaml:5:3)",
                    "remove one of the two"}));
  EXPECT_EQ(refusal(with_source("name: b\n")).message,
            "r.yaml:6:1: duplicate key 'name' (first at r.yaml:1:1)");
  EXPECT_EQ(refusal(with_source("  query_parameters: {a: 1, a: 2}\n")).message,
            "r.yaml:6:28: duplicate key 'a' (first at r.yaml:6:22)");
}

TEST(RecipeYaml, AnchorsAliasesTagsAndMergesAreRefusedInOurSections) {
  struct Row {
    const char* lines;
    const char* message;
  };
  const Row kRows[] = {
      {"  limits: &l {rows: 1}\n",
       "r.yaml:6:14: source.limits has an anchor (&), which is not supported"},
      {"sink: {path: *p}\n",
       "r.yaml:6:15: sink.path is an alias (*), which is not supported"},
      {"  query_parameters: {a: !!str 007}\n",
       "r.yaml:6:31: source.query_parameters.a has a tag (!), which is not supported"},
      {"  <<: {a: 1}\n", "r.yaml:6:3: merge keys (<<) are not supported"},
      {"<<: {a: 1}\n", "r.yaml:6:1: merge keys (<<) are not supported"},
      {"  &a limits: {rows: 1}\n",
       "r.yaml:6:6: a key has an anchor (&), which is not supported"},
      {"  [a]: 1\n", "r.yaml:6:3: a key must be a word"},
      {"  partition: {column: a, count: 1, range: [*a, 2]}\n",
       "r.yaml:6:45: source.partition.range is an alias (*), which is not supported"},
  };
  for (const Row& row : kRows) {
    const Thrown thrown = refusal(with_source(row.lines));
    EXPECT_EQ(thrown.message, row.message);
    EXPECT_EQ(thrown.code, "recipe_unsupported_yaml");
  }
}

TEST(RecipeYaml, BytesThatAreNoTextAreRefusedWithTheirPosition) {
  EXPECT_EQ(refusal("name: a\nx: \xff\n"),
            (Thrown{Category::kRecipe, "recipe_encoding",
                    "r.yaml:2:4: the file is not valid UTF-8", "save it as UTF-8"}));
  EXPECT_EQ(refusal(std::string_view("n\0a\0", 4)),
            (Thrown{Category::kRecipe, "recipe_control_byte",
                    "r.yaml:1:2: control byte \\x00", "remove it"}));
  EXPECT_EQ(refusal("\xFF\xFEn").message, "r.yaml:1:1: the file is not valid UTF-8");
  EXPECT_EQ(parse("\xEF\xBB\xBF" + with_source("")).name, "orders");
}

TEST(RecipeYaml, SizeAndDepthAreBounded) {
  EXPECT_EQ(refusal(std::string((1 << 20) + 1, 'a')),
            (Thrown{Category::kRecipe, "recipe_too_large",
                    "r.yaml:1:1: the file is larger than 1 MiB",
                    "a long query can stand in a file of its own: source.query_file"}));
  const std::string deep =
      "training: " + std::string(63, '[') + std::string(63, ']') + "\n";
  EXPECT_EQ(parse(with_source(deep)).name, "orders");
  for (const int depth : {64, 65, 1000, 500'000}) {
    const std::string deeper = "a: " + std::string(static_cast<std::size_t>(depth), '[');
    EXPECT_EQ(refusal(deeper).category, Category::kRecipe) << depth;
  }
}

}  // namespace
}  // namespace penstock
