// The network forms of a DSN: PostgreSQL, MySQL, MariaDB.
#include <gtest/gtest.h>

#include "guard/dsn.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;

constexpr const char* kVariable = "PENSTOCK_SHOP_DSN";
constexpr const char* kForm =
    "the form is DIALECT://user:password@host:port/database?option=value; percent-encode "
    "'@', '/', ':' and '%' in the user and the password";
constexpr const char* kPostgresOptions =
    "allowed: sslmode, sslrootcert, sslcert, sslkey, sslpassword, sslcrl, sslsni, host, "
    "hostaddr, port, user, password, dbname, service, connect_timeout, application_name, "
    "client_encoding, options, channel_binding, keepalives, keepalives_idle, "
    "keepalives_interval, keepalives_count, tcp_user_timeout";

Dsn parse(const std::string& text) { return parse_dsn(Secret(text), kVariable); }

Failure refused(const std::string& text) {
  return failure_of([&] { parse(text); });
}

Failure expected(const std::string& code, const std::string& what,
                 const std::string& hint = kForm) {
  return {Category::kDataSource, code, "the DSN in env var PENSTOCK_SHOP_DSN " + what,
          hint};
}

// RS-010
TEST(NetworkDsn, EveryFormOfTheTableIsTakenApart) {
  struct Case {
    const char* text;
    const char* dialect;
    const char* user;
    const char* password;
    const char* host;
    int port;
    const char* database;
  };
  const Case cases[] = {
      {"postgresql+psycopg://user:pass@host:5432/db?sslmode=require", "postgresql",
       "user", "pass", "host", 5432, "db"},
      {"mysql+pymysql://user:pass@host:3306/db?ssl=true", "mysql", "user", "pass", "host",
       3306, "db"},
      {"postgresql://user:pass@host/db", "postgresql", "user", "pass", "host", 0, "db"},
      {"postgres://user@host/db", "postgresql", "user", "", "host", 0, "db"},
      {"postgresql+psycopg2://u:p@h/d", "postgresql", "u", "p", "h", 0, "d"},
      {"postgresql+asyncpg://u:p@h/d", "postgresql", "u", "p", "h", 0, "d"},
      {"postgres+anything://u:p@h/d", "postgresql", "u", "p", "h", 0, "d"},
      {"mysql://u:p@h/d", "mysql", "u", "p", "h", 0, "d"},
      {"mariadb://u:p@h:3307/d", "mysql", "u", "p", "h", 3307, "d"},
      {"mariadb+mariadbconnector://u:p@h/d", "mysql", "u", "p", "h", 0, "d"},
      {"PostgreSQL://u:p@h/d", "postgresql", "u", "p", "h", 0, "d"},
      {"MARIADB+X://u:p@h/d", "mysql", "u", "p", "h", 0, "d"},
      {"postgresql://h", "postgresql", "", "", "h", 0, ""},
      {"postgresql://h/", "postgresql", "", "", "h", 0, ""},
      {"postgresql://h:1/d", "postgresql", "", "", "h", 1, "d"},
      {"postgresql://h:65535/d", "postgresql", "", "", "h", 65535, "d"},
      {"postgresql://h:/d", "postgresql", "", "", "h", 0, "d"},
      {"postgresql://u:@h/d", "postgresql", "u", "", "h", 0, "d"},
      {"postgresql:///d", "postgresql", "", "", "", 0, "d"},
      {"postgresql://", "postgresql", "", "", "", 0, ""},
      {"postgresql://u:p@[2606:4700::1]:6432/d", "postgresql", "u", "p", "2606:4700::1",
       6432, "d"},
      {"postgresql://[::1]", "postgresql", "", "", "::1", 0, ""},
      {"mysql://u:p@[2606:4700::1]/d", "mysql", "u", "p", "2606:4700::1", 0, "d"},
      {" postgresql://u:p@h/d\n", "postgresql", "u", "p", "h", 0, "d"}};
  for (const Case& one : cases) {
    const Dsn dsn = parse(one.text);
    EXPECT_EQ(dsn.dialect, one.dialect) << one.text;
    EXPECT_EQ(dsn.user, one.user) << one.text;
    EXPECT_EQ(dsn.password.reveal(), one.password) << one.text;
    EXPECT_EQ(dsn.host, one.host) << one.text;
    EXPECT_EQ(dsn.port, one.port) << one.text;
    EXPECT_EQ(dsn.database, one.database) << one.text;
    EXPECT_EQ(dsn.variable, kVariable);
  }
}

// RS-010
TEST(NetworkDsn, UserPasswordAndDatabaseArePercentDecodedOnce) {
  const Dsn dsn = parse("postgresql://an%40user:p%40s%2Fs%3A%25%20w%C3%B6rd@h/d%2Fb%20c");
  EXPECT_EQ(dsn.user, "an@user");
  EXPECT_EQ(dsn.password.reveal(), "p@s/s:% wörd");
  EXPECT_EQ(dsn.database, "d/b c");
  EXPECT_EQ(parse("postgresql://u:%2525@h/d").password.reveal(), "%25");
  EXPECT_EQ(parse("mysql://u:a+b@h/d").password.reveal(), "a+b");
}

// RS-010
TEST(NetworkDsn, APasswordMayHoldASlashAColonAndAQuestionMarkAsTheyAre) {
  const Dsn dsn = parse("postgresql://u:a/b:c?d=e#f@h:5432/d?sslmode=require");
  EXPECT_EQ(dsn.password.reveal(), "a/b:c?d=e#f");
  EXPECT_EQ(dsn.host, "h");
  EXPECT_EQ(dsn.port, 5432);
  EXPECT_EQ(dsn.option("sslmode"), "require");
}

// RS-010
TEST(NetworkDsn, OptionsThatSayAgainWhatTheAuthoritySaysWin) {
  const Dsn postgres = parse(
      "postgresql://u:p@h:1/d?user=v&password=q%26&port=2&dbname=e&host=i&hostaddr=1.2."
      "3.4");
  EXPECT_EQ(postgres.user, "v");
  EXPECT_EQ(postgres.password.reveal(), "q&");
  EXPECT_EQ(postgres.port, 2);
  EXPECT_EQ(postgres.database, "e");
  EXPECT_EQ(postgres.host, "h");
  EXPECT_EQ(postgres.option("host"), "i");
  EXPECT_EQ(postgres.option("hostaddr"), "1.2.3.4");
  const Dsn mysql = parse("mysql://u:p@h/d?user=v&passwd=q&port=2&db=e");
  EXPECT_EQ(mysql.user, "v");
  EXPECT_EQ(mysql.password.reveal(), "q");
  EXPECT_EQ(mysql.port, 2);
  EXPECT_EQ(mysql.database, "e");
  EXPECT_EQ(parse("mysql://h/d?database=f&password=r").database, "f");
}

// RS-026
TEST(NetworkDsn, NoSecretIsAmongTheOptions) {
  for (const char* text :
       {"postgresql://h/d?password=m4rk&sslpassword=m4rk&sslmode=require",
        "mysql://h/d?password=m4rk&ssl=true", "mysql://h/d?passwd=m4rk&ssl=true"}) {
    const Dsn dsn = parse(text);
    EXPECT_EQ(dsn.options.size(), 1U) << text;
    for (const auto& [name, value] : dsn.options) {
      EXPECT_EQ(value.find("m4rk"), std::string::npos) << name;
    }
    EXPECT_EQ(dsn.password.reveal(), "m4rk");
  }
  EXPECT_EQ(parse("postgresql://h/d?sslpassword=k").key_password.reveal(), "k");
}

// RS-010
TEST(NetworkDsn, AnOptionThatIsNotAllowedIsNamedWithThoseThatAre) {
  // What has been used to change where a driver dials, what it sends and what it reads.
  for (const char* name : {"passfile",
                           "conninfo",
                           "dsn",
                           "servicefile",
                           "replication",
                           "target_session_attrs",
                           "load_balance_hosts",
                           "requirepeer",
                           "krbsrvname",
                           "gsslib",
                           "gssencmode",
                           "sslcompression",
                           "fallback_application_name",
                           "require_auth",
                           "unix_socket",
                           "charset",
                           "database",
                           "db",
                           "passwd",
                           "sslcrldir",
                           "ssl_min_protocol_version",
                           "requiressl",
                           "sslmod"}) {
    EXPECT_EQ(refused(std::string("postgresql://u:p@h/d?") + name + "=1"),
              expected("dsn_option",
                       "has the option '" + std::string(name) +
                           "', which is not allowed for postgresql",
                       kPostgresOptions));
  }
  for (const char* name :
       {"read_default_file", "read_default_group", "init_command", "plugin_dir",
        "client_flag", "local_infile", "hostaddr", "service", "sslmode", "defer_connect",
        "conv", "cursorclass", "auth_plugin_map", "server_public_key", "ssl_cipher",
        "bind_address", "named_pipe", "sql_mode", "autocommit"}) {
    const Failure failure = refused(std::string("mysql://u:p@h/d?") + name + "=1");
    EXPECT_EQ(failure.code, "dsn_option");
    EXPECT_EQ(failure.message, "the DSN in env var PENSTOCK_SHOP_DSN has the option '" +
                                   std::string(name) +
                                   "', which is not allowed for mysql");
    EXPECT_TRUE(failure.hint.starts_with("allowed: ssl, ssl_ca, ")) << failure.hint;
  }
}

// RS-010
TEST(NetworkDsn, AnOptionIsGivenOnceAndWithAValue) {
  EXPECT_EQ(refused("postgresql://h/d?host=a&host=b"),
            expected("dsn_option", "has the option 'host' twice"));
  EXPECT_EQ(refused("postgresql://h/d?sslmode=require&sslmode=disable"),
            expected("dsn_option", "has the option 'sslmode' twice"));
  EXPECT_EQ(refused("postgresql://h/d?password=a&password=b"),
            expected("dsn_option", "has the option 'password' twice"));
  EXPECT_EQ(refused("postgresql://h/d?sslmode"),
            expected("dsn_option", "has the option 'sslmode' without a value"));
  EXPECT_EQ(refused("postgresql://h/d?sslmode=require&").code, "dsn_option");
  EXPECT_EQ(refused("postgresql://h/d?SSLMODE=require").message,
            "the DSN in env var PENSTOCK_SHOP_DSN has the option '...', which is not "
            "allowed for postgresql");
}

// RS-010
TEST(NetworkDsn, WhatIsNoFormOfItIsRefused) {
  for (const char* port : {"0", "65536", "-1", "+1", "5432x", "x", " 5432", "5432,5433",
                           "0x10", "99999999999999999999"}) {
    EXPECT_EQ(refused("postgresql://u:p@h:" + std::string(port) + "/d"),
              expected("dsn_port", "has a port that is not a number from 1 to 65535"))
        << port;
    EXPECT_EQ(refused("mysql://u:p@h/d?port=" + std::string(port)),
              expected("dsn_port", "has a port that is not a number from 1 to 65535"))
        << port;
  }
  EXPECT_EQ(refused("postgresql://u:p@[::1/d"),
            expected("dsn_host", "has a '[' without a ']' in its host"));
  EXPECT_EQ(refused("postgresql://u:p@[::1]x:1/d"),
            expected("dsn_host", "has text after the ']' of its host"));
  EXPECT_EQ(refused("postgresql://u%zz:p@h/d"),
            expected("dsn_percent",
                     "has a '%' in the user that is not followed by two hex digits"));
  EXPECT_EQ(refused("postgresql://u:p%@h/d"),
            expected("dsn_percent",
                     "has a '%' in the password that is not followed by two hex digits"));
  EXPECT_EQ(
      refused("postgresql://u:p@h/d%4"),
      expected(
          "dsn_percent",
          "has a '%' in the database's name that is not followed by two hex digits"));
  EXPECT_EQ(refused("postgresql://u:p@h/d?sslmode=%g0"),
            expected("dsn_percent",
                     "has a '%' in an option that is not followed by two hex digits"));
  EXPECT_EQ(refused("postgresql://u:p%00q@h/d"),
            expected("dsn_nul", "has a NUL in the password"));
  EXPECT_EQ(refused("postgresql://u:p@h/d%00x"),
            expected("dsn_nul", "has a NUL in the database's name"));
  EXPECT_EQ(refused("mysql://u:p@h/d?host=a%00b"),
            expected("dsn_nul", "has a NUL in an option"));
}

// RS-011
TEST(NetworkDsn, DialectsThatOnlyLookLikeOursAreRefused) {
  for (const char* scheme : {"postgre", "postgressql", "pgsql", "redshift", "cockroachdb",
                             "mysqlx", "sqlite3"}) {
    EXPECT_EQ(refused(std::string(scheme) + "://u:p@h/d"),
              (Failure{Category::kDataSource, "unsupported_dialect",
                       "unsupported SQL dialect '" + std::string(scheme) +
                           "'; officially supported: ['mysql', 'postgres', 'sqlite'].",
                       ""}));
  }
}

// RS-026
TEST(NetworkDsn, NoRefusalHoldsAnyOfTheText) {
  const std::string marker = "Zq7MARKER";
  for (const std::string& text :
       {"postgresql://" + marker + ":" + marker + "%zz@" + marker + "/" + marker,
        "postgresql://" + marker + "%zz:" + marker + "@h/d",
        "postgresql://u:" + marker + "@h:" + marker + "/d",
        "postgresql://u:" + marker + "@[" + marker, "postgresql://u:p@h/" + marker + "%",
        "postgresql://u:p@h/d?" + marker, "postgresql://u:p@h/d?" + marker + "=1",
        "postgresql://u:p@h/d?password=" + marker + "%zz",
        "postgresql://u:p@h/d?password=" + marker + "&password=" + marker,
        "postgresql://u:p@h/d?port=" + marker, "mysql://u:p@h/d?passwd=" + marker + "%00",
        "mysql://u:p@h/d?a=" + marker, "mysql://u:p@h/d?sslpassword=" + marker,
        "mysql://u:p@h/d?read_timeout=" + marker}) {
    const Failure failure = refused(text);
    EXPECT_FALSE(failure.message.empty()) << text;
    EXPECT_EQ((failure.code + failure.message + failure.hint).find(marker),
              std::string::npos)
        << failure;
  }
}

// RS-015
TEST(NetworkDsn, PlaintextIsToldByTheDocumentsRules) {
  const std::pair<const char*, bool> cases[] = {
      {"postgresql://h/d", true},
      {"postgresql://h/d?sslmode=disable", true},
      {"postgresql://h/d?sslmode=allow", true},
      {"postgresql://h/d?sslmode=prefer", true},
      {"postgresql://h/d?sslmode=require", false},
      {"postgresql://h/d?sslmode=verify-ca", false},
      {"postgresql://h/d?sslmode=verify-full", false},
      {"postgresql://h/d?sslrootcert=%2Fca.pem", true},  // the mode is still prefer
      {"postgres+x://h/d?application_name=a", true},
      {"mysql://h/d", true},
      {"mariadb://h/d?charset=utf8mb4", true},
      {"mysql://h/d?ssl=true", false},
      {"mysql://h/d?ssl_ca=%2Fca.pem", false},
      {"mysql://h/d?ssl_verify_cert=true", false},
      {"mysql://h/d?ssl_mode=REQUIRED", false},
      {"mysql://h/d?ssl_mode=VERIFY_IDENTITY", false},
      {"mysql://h/d?ssl=false", true},
      {"mysql://h/d?ssl=0", true},
      {"mysql://h/d?ssl_mode=disabled", true},
      {"mysql://h/d?ssl_mode=PREFERRED", true},
      {"sqlite:///x.db", false}};
  for (const auto& [text, plaintext] : cases) {
    EXPECT_EQ(tls_not_configured(parse(text)), plaintext) << text;
  }
}

}  // namespace
}  // namespace penstock
