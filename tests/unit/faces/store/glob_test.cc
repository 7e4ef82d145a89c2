#include "faces/store/glob.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::failure_of;

struct Case {
  const char* pattern;
  const char* key;
  bool matches;
};

// SQL-QUERY-032
TEST(Glob, WildcardsStayWithinASegmentAndTwoStarsDoNot) {
  const Case kTable[] = {
      {"a.csv", "a.csv", true},
      {"a.csv", "a.csvx", false},
      {"*.csv", "a.csv", true},
      {"*.csv", ".csv", true},
      {"*.csv", "a/b.csv", false},
      {"*", "a", true},
      {"*", "a/b", false},
      {"a/*/c.csv", "a/b/c.csv", true},
      {"a/*/c.csv", "a/c.csv", false},
      {"a/*/c.csv", "a/b/b/c.csv", false},
      {"?.csv", "a.csv", true},
      {"?.csv", "é.csv", true},
      {"?.csv", "東.csv", true},
      {"?.csv", "ab.csv", false},
      {"a?b", "a/b", false},
      {"[ab].csv", "b.csv", true},
      {"[ab].csv", "c.csv", false},
      {"[a-c].csv", "b.csv", true},
      {"[a-c].csv", "d.csv", false},
      {"[à-ü].csv", "é.csv", true},
      {"[!a-c].csv", "d.csv", true},
      {"[!a-c].csv", "b.csv", false},
      {"[!a]b", "/b", false},
      {"[]].csv", "].csv", true},
      {"[!]].csv", "].csv", false},
      {"[-a].csv", "-.csv", true},
      {"[a.csv", "[a.csv", true},
      {"[a/b]", "a", false},
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"**/c.csv", "c.csv", true},
      {"**/c.csv", "a/b/c.csv", true},
      {"**/c.csv", "a/bc.csv", false},
      {"a/**", "a/b", true},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"a/**/d.csv", "a/d.csv", true},
      {"a/**/d.csv", "a/b/c/d.csv", true},
      {"a/**/b/**/c", "a/x/b/y/z/c", true},
      {"a/**/b/**/c", "a/x/y/z/c", false},
      {"**/**/a", "a", true},
      {"a.b", "axb", false},
      {"a+(b)|^$", "a+(b)|^$", true},
      {"", "a", false},
  };
  for (const Case& one : kTable) {
    EXPECT_EQ(Glob(one.pattern).matches(one.key), one.matches)
        << one.pattern << " on " << one.key;
  }
}

// SQL-QUERY-032
TEST(Glob, TwoStarsBesideAnotherCharacterAreAnError) {
  for (const char* pattern : {"**error", "a**", "a/**b/c", "***", "a/b**/c"}) {
    const auto failure = failure_of([&] { const Glob glob(pattern); });
    EXPECT_EQ(failure.category, Category::kInvalidPath) << pattern;
    EXPECT_EQ(failure.code, "invalid_glob") << pattern;
  }
}

// A slow and obvious matcher of segments.
bool reference(const std::vector<std::string_view>& pattern, std::size_t i,
               const std::vector<std::string_view>& key, std::size_t j);

bool reference_part(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (reference_part(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         reference_part(pattern.substr(1), text.substr(1));
}

bool reference(const std::vector<std::string_view>& pattern, std::size_t i,
               const std::vector<std::string_view>& key, std::size_t j) {
  if (i == pattern.size()) return j == key.size();
  if (pattern[i] == "**") {
    const bool last = i + 1 == pattern.size();
    if (last) return j < key.size();
    for (std::size_t to = j; to <= key.size(); ++to) {
      if (reference(pattern, i + 1, key, to)) return true;
    }
    return false;
  }
  return j < key.size() && reference_part(pattern[i], key[j]) &&
         reference(pattern, i + 1, key, j + 1);
}

// SQL-QUERY-032
TEST(GlobProperty, ItAgreesWithASlowMatcherOnRandomPatterns) {
  std::mt19937 random(7);
  const auto text_of = [&](const std::vector<std::string>& alphabet, int most) {
    std::string text;
    const int count = static_cast<int>(random() % static_cast<unsigned>(most)) + 1;
    for (int i = 0; i < count; ++i) text += alphabet[random() % alphabet.size()];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern =
        text_of({"a", "b", "*", "?", "/", "/**/", "**/", "*a"}, 8);
    const std::string key = text_of({"a", "b", "ab", "/", "a/"}, 8);
    const auto parts = split(pattern, '/');
    const bool valid = std::none_of(parts.begin(), parts.end(), [](auto part) {
      return part != "**" && part.find("**") != std::string_view::npos;
    });
    if (!valid) {
      EXPECT_THROW(const Glob glob(pattern), Error) << pattern;
      continue;
    }
    const bool expected = reference(parts, 0, split(key, '/'), 0);
    matched += expected ? 1 : 0;
    ASSERT_EQ(Glob(pattern).matches(key), expected) << pattern << " on " << key;
  }
  EXPECT_GT(matched, 500);
}

TEST(GlobProperty, ManyStarsAreNotSlow) {
  std::string pattern;
  for (int i = 0; i < 2'000; ++i) pattern += "*a";
  EXPECT_FALSE(Glob(pattern + "b").matches(std::string(20'000, 'a')));
  std::string folders = "b";
  for (int i = 0; i < 1'000; ++i) folders += "/a";
  std::string deep = "**";
  for (int i = 0; i < 200; ++i) deep += "/*/**";
  EXPECT_FALSE(Glob(deep + "/c").matches(folders));
}

}  // namespace
}  // namespace penstock
