// What is secret is found in whatever form a message may have it.
#include "base/redactor.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace penstock {
namespace {

using namespace std::string_literals;

Redactor knows(const std::string& secret) {
  Redactor redactor;
  redactor.add(Secret(secret));
  return redactor;
}

// RS-026
TEST(Redactor, FindsASecretHoweverItIsWritten) {
  const Redactor redactor = knows("p@s/s w%\"\\é7");
  for (const std::string& form :
       {"p@s/s w%\"\\é7"s, "p%40s%2Fs%20w%25%22%5C%C3%A97"s,
        "p%40s%2fs+w%25%22%5c%c3%a97"s, "p@s%2Fs%20w%\"\\é7"s,
        "%70%40%73%2f%73%20%77%25%22%5c%c3%a9%37"s, "p@s/s w%\\\"\\\\é7"s,
        "p@s/s w%\"\\\\xC3\\xA97"s,  // the backslash as it is, the letter escaped
        "p@s\\/s w%\\u0022\\u005c\\xc3\\xa97"s,
        "7040732f732077 25225cc3a937"s.erase(14, 1), "7040732F73207725225CC3A937"s}) {
    EXPECT_EQ(redactor("before " + form + " after"), "before *** after") << form;
  }
}

// RS-026
TEST(Redactor, FindsBase64AlsoInsideALongerText) {
  const Redactor redactor = knows("m4rk\xFB\xFFr~~?");
  EXPECT_EQ(redactor("x bTRya/v/cn5+Pw== y"), "x ***w== y");  // alone
  EXPECT_EQ(redactor("x bTRya_v_cn5-Pw y"), "x ***w y");      // for URLs
  EXPECT_EQ(redactor("OnRvbTRya/v/cn5+Pw=="), "OnRv***w==");  // ":to" before it
  const std::string one = redactor("Om00cmv7/3J+fj8=");       // ":" before it
  EXPECT_EQ(one.find("00cm"), std::string::npos) << one;
  const std::string two = redactor("YTptNHJr+/9yfn4/");  // "a:" before it
  EXPECT_EQ(two.find("NHJr"), std::string::npos) << two;
}

// RS-026
TEST(Redactor, FindsTheStartOfASecretWhereTheTextWasCut) {
  const Redactor redactor = knows("correcthorsebattery");
  EXPECT_EQ(redactor("password correcthorse…"), "password ***…");
  EXPECT_EQ(redactor("password correcthorse"), "password ***");
  EXPECT_EQ(redactor("password corr"), "password ***");
  EXPECT_EQ(redactor("correct horses"), "correct horses");
}

TEST(Redactor, LeavesAllElseAsItIs) {
  const Redactor redactor = knows("m4rker");
  for (const char* text :
       {"", "m4rke r", "M4RKER", "100% of \\n", "m4rk", "%", "\\", "\\u00"}) {
    const bool start = text == "m4rk"s;  // a cut secret looks like this
    EXPECT_EQ(redactor(text), start ? "***" : text);
  }
  EXPECT_EQ(Redactor()("m4rker"), "m4rker");
  EXPECT_EQ(knows("abc")("abc"), "abc");  // too short to tell from words
}

// RS-026
TEST(Redactor, KeepsAnErrorsKindAndCleansItsWords) {
  const Error error = knows("m4rker")(Error(Category::kUnavailable, "connect_failed",
                                            "no m4rker", "try m4rker", "08001"));
  EXPECT_EQ(error.category(), Category::kUnavailable);
  EXPECT_EQ(error.code(), "connect_failed");
  EXPECT_EQ(error.message(), "no ***");
  EXPECT_EQ(error.hint(), "try ***");
  EXPECT_EQ(error.sqlstate(), "08001");
}

// RS-026
TEST(Redactor, KnowsWhatTheDsnsOfAnEnvironmentHoldEvenIfTheyAreNone) {
  for (const char* dsn :
       {"postgresql://ada:m4rker@h/d", "POSTGRESQL://ada:m4rker@h/d",
        "x://a:m4rker@b@h/d", "postgresql://h/d?password=m4rker&x=1",
        "mysql://h/d?passwd=m4rker", "postgresql://h/d?SSLPASSWORD=m4rker",
        "host=h password=m4rker dbname=d", "host=h password = 'm4rker' dbname=d",
        "postgresql://ada:m4%72ker@h/d", "postgresql//ada:m4rker@h/d", "ada:m4rker@h",
        "postgresql://[::1:m4rker@h"}) {
    const Redactor redactor = Redactor::of(Environment(
        std::map<std::string, std::string, std::less<>>{{"RECOTEM_RECIPE_DSN", dsn}}));
    const std::string text = redactor("it was m4rker!");
    EXPECT_TRUE(text == "it was ***!") << dsn << ": " << text;
  }
  const Redactor others = Redactor::of(Environment(
      std::map<std::string, std::string, std::less<>>{{"OTHER", "x://a:m4rker@h"}}));
  EXPECT_EQ(others("m4rker"), "m4rker");
}

}  // namespace
}  // namespace penstock
