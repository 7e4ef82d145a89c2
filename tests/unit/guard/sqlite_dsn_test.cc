// The SQLite forms of a DSN, and what every DSN has in common.
#include <gtest/gtest.h>

#include "guard/dsn.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;

constexpr const char* kVariable = "PENSTOCK_SHOP_DSN";
constexpr const char* kForms =
    "the forms are sqlite:///relative/path.db, sqlite:////absolute/path.db, "
    "sqlite:///file:path.db?mode=ro&uri=true and sqlite:// (in memory)";

Dsn parse(const std::string& text) { return parse_dsn(Secret(text), kVariable); }

Failure refused(const std::string& text) {
  return failure_of([&] { parse(text); });
}

Failure expected(const std::string& code, const std::string& what,
                 const std::string& hint = kForms) {
  return {Category::kDataSource, code, "the DSN in env var PENSTOCK_SHOP_DSN " + what,
          hint};
}

// RS-010
TEST(SqliteDsn, EveryFormOfTheTableNamesItsFile) {
  const std::pair<const char*, const char*> cases[] = {
      {"sqlite:///shop.db", "shop.db"},
      {"sqlite:///data/shop.db", "data/shop.db"},
      {"sqlite:///./data/../shop.db", "./data/../shop.db"},
      {"sqlite:////var/data/shop.db", "/var/data/shop.db"},
      {"sqlite:///file:shop.db?mode=ro&uri=true", "shop.db"},
      {"sqlite:///file:data/shop.db?uri=true&mode=ro", "data/shop.db"},
      {"sqlite:///file:/var/shop.db?mode=ro&uri=true", "/var/shop.db"},
      {"sqlite:///file:///var/shop.db?mode=ro&uri=true", "/var/shop.db"},
      {"sqlite:////var/shop.db?mode=ro", "/var/shop.db"},
      {"sqlite:///shop.db?", "shop.db"},
      {"  sqlite:///shop.db\n", "shop.db"}};
  for (const auto& [text, path] : cases) {
    EXPECT_EQ(parse(text).path, path) << text;
    EXPECT_EQ(parse(text).dialect, "sqlite") << text;
    EXPECT_EQ(parse(text).variable, kVariable) << text;
  }
}

// RS-010
TEST(SqliteDsn, InMemoryHasFourSpellings) {
  for (const char* text :
       {"sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///%3Amemory%3A"}) {
    EXPECT_EQ(parse(text).path, "") << text;
  }
}

// RS-010
TEST(SqliteDsn, ADriverSuffixAndTheCaseOfTheSchemeMeanNothing) {
  EXPECT_EQ(parse("sqlite+pysqlite:///shop.db").path, "shop.db");
  EXPECT_EQ(parse("SQLite+aiosqlite:////a").path, "/a");
  EXPECT_EQ(parse("SQLITE:///shop.db").dialect, "sqlite");
}

// RS-010
TEST(SqliteDsn, ThePathIsPercentDecodedOnce) {
  EXPECT_EQ(parse("sqlite:///a%20b%3Fc%23.db").path, "a b?c#.db");
  EXPECT_EQ(parse("sqlite:///a%2525.db").path, "a%25.db");
  EXPECT_EQ(parse("sqlite:///f%69le:a.db?mode=ro&uri=true").path, "a.db");
  EXPECT_EQ(parse("sqlite:///caf%C3%A9.db").path, "café.db");
}

// FT-006
TEST(SqliteDsn, ModeRoIsNotWrittenTo) {
  for (const char* text : {"sqlite:///shop.db?mode=ro", "sqlite:////shop.db?mode=ro",
                           "sqlite:///file:shop.db?mode=ro&uri=true"}) {
    EXPECT_EQ(
        failure_of([&] { require_writable(parse(text)); }),
        (Failure{Category::kRefused, "dsn_read_only",
                 "the DSN in env var PENSTOCK_SHOP_DSN has mode=ro, and the task may "
                 "write",
                 "leave out mode=ro, or declare access: read_only"}))
        << text;
  }
  for (const char* text : {"sqlite:///shop.db", "sqlite://", "postgresql://u@h/d"})
    EXPECT_NO_THROW(require_writable(parse(text))) << text;
}

// RS-010
TEST(SqliteDsn, WhatIsNoFormOfItIsRefused) {
  EXPECT_EQ(refused("sqlite://db.example/shop.db"),
            expected("dsn_sqlite_host", "names a host, which sqlite does not have"));
  EXPECT_EQ(refused("sqlite://shop.db"),
            expected("dsn_sqlite_host", "names a host, which sqlite does not have"));
  EXPECT_EQ(refused("sqlite:///shop.db?mode=rwc"),
            expected("dsn_mode", "asks for a mode other than ro"));
  EXPECT_EQ(refused("sqlite:///shop.db?mode=memory"),
            expected("dsn_mode", "asks for a mode other than ro"));
  EXPECT_EQ(refused("sqlite:///shop.db?uri=false"),
            expected("dsn_uri", "has a uri= other than true"));
  EXPECT_EQ(refused("sqlite:///shop.db?uri=true"),
            expected("dsn_uri", "has uri=true without a file: path"));
  EXPECT_EQ(refused("sqlite:///%zz.db"),
            expected("dsn_percent", "has a '%' that is not followed by two hex digits"));
  EXPECT_EQ(refused("sqlite:///a%00b.db"), expected("dsn_nul", "has a NUL in its path"));
}

// RS-010
TEST(SqliteDsn, AFileUriIsOnlyTheDocumentedOne) {
  for (const char* text : {"sqlite:///file:shop.db", "sqlite:///file:shop.db?mode=ro",
                           "sqlite:///file:shop.db?uri=true", "sqlite:///FILE:shop.db",
                           "sqlite:///%66ile:shop.db"}) {
    EXPECT_EQ(refused(text),
              expected("dsn_file_uri", "has a file: path without ?mode=ro&uri=true"))
        << text;
  }
  EXPECT_EQ(refused("sqlite:///file://host/shop.db?mode=ro&uri=true"),
            expected("dsn_file_host", "has a host in its file: path"));
  EXPECT_EQ(refused("sqlite:///file:?mode=ro&uri=true"),
            expected("dsn_file_uri", "has a file: path with nothing after it"));
}

// RS-010
TEST(SqliteDsn, AnOptionThatIsNotKnownIsNamedWithThoseThatAre) {
  for (const char* name : {"cache", "vfs", "immutable", "nolock", "psow", "timeout"}) {
    EXPECT_EQ(refused(std::string("sqlite:///shop.db?mode=ro&") + name + "=1"),
              expected("dsn_option",
                       std::string("has the option '") + name +
                           "', which is not allowed for sqlite",
                       "allowed: mode=ro, uri=true"));
  }
}

// RS-026
TEST(SqliteDsn, WhatMayBeThePartOfASecretIsNotShownAsAnOptionsName) {
  EXPECT_EQ(
      refused("sqlite:////db?hunter2"),
      expected("dsn_option", "has the option '...', which is not allowed for sqlite",
               "allowed: mode=ro, uri=true"));
}

// RS-011
TEST(Dsn, AnotherDialectIsRefusedInTheDocumentsWords) {
  const Failure oracle{Category::kDataSource, "unsupported_dialect",
                       "unsupported SQL dialect 'oracle'; officially supported: "
                       "['mysql', 'postgres', 'sqlite'].",
                       ""};
  EXPECT_EQ(refused("oracle://u:p@h/db"), oracle);
  EXPECT_EQ(refused("ORACLE+cx_oracle://u:p@h/db"), oracle);
  EXPECT_EQ(refused("mssql+pyodbc://u:p@h/db").message,
            "unsupported SQL dialect 'mssql'; officially supported: ['mysql', "
            "'postgres', 'sqlite'].");
}

// RS-010
TEST(Dsn, WhatDoesNotBeginWithADialectIsNoDsn) {
  for (const char* text : {"shop.db", "/var/shop.db", "sqlite", "sqlite:", "sqlite:/",
                           "sqlite:/x.db", "://x", "sql ite:///x",
                           "host=db user=app password=x", "C:\\shop.db", "sqlite;///x"}) {
    EXPECT_EQ(refused(text), expected("dsn_scheme", "does not begin with DIALECT://",
                                      "for example postgresql://user:pass@host/db or "
                                      "sqlite:////absolute/path.db"))
        << text;
  }
}

// RS-004
TEST(Dsn, AnUnsetOrBlankVariableIsNamedInTheDocumentsWords) {
  const Failure unset{Category::kDataSource, "dsn_env_unset",
                      "env var RECOTEM_RECIPE_DSN is not set or is empty; set it to the "
                      "database DSN (e.g. postgresql://user:pass@host/db)",
                      ""};
  using Variables = std::map<std::string, std::string, std::less<>>;
  const ConnectionConfig connection{"RECOTEM_RECIPE_DSN"};
  for (const Variables& variables : {Variables{}, Variables{{"RECOTEM_RECIPE_DSN", ""}},
                                     Variables{{"RECOTEM_RECIPE_DSN", " \t\n"}},
                                     Variables{{"PENSTOCK_RECIPE_DSN", "sqlite://"}}}) {
    EXPECT_EQ(failure_of([&] { resolve_dsn(connection, Environment(variables)); }),
              unset);
  }
}

// RS-003
TEST(Dsn, ItIsReadFromTheVariableThatTheConnectionNames) {
  const Environment environment(std::map<std::string, std::string, std::less<>>{
      {"PENSTOCK_A", "sqlite:///a.db"}, {"PENSTOCK_B", "sqlite:///b.db"}});
  EXPECT_EQ(resolve_dsn({"PENSTOCK_B"}, environment).path, "b.db");
  EXPECT_EQ(resolve_dsn({"PENSTOCK_B"}, environment).variable, "PENSTOCK_B");
}

// RS-026
TEST(Dsn, NoRefusalHoldsAnyOfTheText) {
  const std::string marker = "Zq7MARKER";
  for (const std::string& text :
       {marker, marker + ":x", "postgresql:/" + marker, "sqlite://" + marker + "/x",
        "sqlite:///" + marker + "%zz", "sqlite:///" + marker + "?mode=" + marker,
        "sqlite:///" + marker + "?uri=" + marker, "sqlite:///x?" + marker,
        "sqlite:///x?" + marker + "=" + marker, "sqlite:///" + marker + "%00",
        "sqlite:///file:" + marker, "sqlite:///file://" + marker + "/?mode=ro&uri=true",
        "sqlite:///" + marker + "?uri=true", "oracle://" + marker + ":" + marker + "@h/d",
        "mssql://h/d?password=" + marker}) {
    const Failure failure = refused(text);
    EXPECT_FALSE(failure.message.empty()) << text;
    EXPECT_EQ((failure.code + failure.message + failure.hint).find(marker),
              std::string::npos)
        << failure;
  }
}

}  // namespace
}  // namespace penstock
