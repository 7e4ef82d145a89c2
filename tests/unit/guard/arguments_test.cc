// A task's connection: its URI, and the arguments over it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/dsn.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using Secrets = std::map<std::string, Secret, std::less<>>;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

Dsn resolve(const std::string& uri, Params args = {}, Secrets secrets = {}) {
  return resolve_dsn({"", Secret(uri), std::move(args), std::move(secrets)},
                     Environment({}));
}

Failure refused(const std::string& uri, Params args = {}, Secrets secrets = {}) {
  return failure_of([&] { resolve(uri, std::move(args), std::move(secrets)); });
}

constexpr const char* kUri = "postgresql+psycopg2://app@db.example:5432/shop";

// FT-008
TEST(Arguments, WinOverTheUriInEachOfItsParts) {
  const Dsn dsn = resolve(kUri, {{"user", "ada"},
                                 {"password", "pw"},
                                 {"host", "other.example"},
                                 {"port", std::int64_t{6432}},
                                 {"dbname", "stock"},
                                 {"sslmode", "require"}});
  EXPECT_EQ(dsn.dialect, "postgresql");
  EXPECT_EQ(dsn.variable, "");
  EXPECT_EQ(dsn.place(), "connection.uri");
  EXPECT_EQ(dsn.user, "ada");
  EXPECT_EQ(dsn.password.reveal(), "pw");
  EXPECT_EQ(dsn.port, 6432);
  EXPECT_EQ(dsn.database, "stock");
  EXPECT_EQ(dsn.option("sslmode"), "require");
  // Both are routes that the guard checks; a driver dials the argument's.
  EXPECT_EQ(dsn.host, "db.example");
  EXPECT_EQ(dsn.option("host"), "other.example");
}

// FT-008
TEST(Arguments, AreUnderstoodByTheNamesThatPythonsDriversHaveForThem) {
  EXPECT_EQ(resolve(kUri, {{"database", "stock"}}).database, "stock");
  const Dsn mysql = resolve("mysql+pymysql://u@h/d", {{"passwd", "pw"},
                                                      {"db", "e"},
                                                      {"ssl.ca", "/ca.pem"},
                                                      {"ssl.cert", "/c.pem"},
                                                      {"ssl.key", "/k.pem"},
                                                      {"ssl.check_hostname", false},
                                                      {"unix_socket", "/run/m.sock"},
                                                      {"charset", "utf8mb4"}});
  EXPECT_EQ(mysql.password.reveal(), "pw");
  EXPECT_EQ(mysql.database, "e");
  EXPECT_EQ(mysql.option("ssl_ca"), "/ca.pem");
  EXPECT_EQ(mysql.option("ssl_cert"), "/c.pem");
  EXPECT_EQ(mysql.option("ssl_key"), "/k.pem");
  EXPECT_EQ(mysql.option("ssl_verify_identity"), "0");
  EXPECT_EQ(mysql.option("unix_socket"), "/run/m.sock");
  EXPECT_EQ(resolve("mysql://u@h/d", {{"ssl", true}}).option("ssl"), "1");
  EXPECT_EQ(resolve("mysql://u@h/d", {{"ssl_disabled", true}}).option("ssl"), "false");
  EXPECT_EQ(resolve("mysql://u@h/d", {{"ssl_disabled", false}}).option("ssl"), "");
}

// FT-008
TEST(Arguments, ATimeoutToConnectIsHonouredOverTheQuerysOwnLimit) {
  const auto limit = [](const Dsn& dsn) {
    return connect_limit(dsn, milliseconds(10'000));
  };
  EXPECT_EQ(limit(resolve(kUri)), milliseconds(10'000));
  EXPECT_EQ(limit(resolve(kUri, {{"connect_timeout", std::int64_t{5}}})),
            milliseconds(5'000));
  EXPECT_EQ(limit(resolve(kUri, {{"connect_timeout", "30"}})), milliseconds(30'000));
  EXPECT_EQ(limit(resolve("mysql://u@h/d", {{"connect_timeout", 2.5}})),
            milliseconds(2'500));
  EXPECT_EQ(limit(resolve("sqlite:///x.db", {{"timeout", std::int64_t{30}}})),
            milliseconds(30'000));
  // Of the DSN's and the query's, the sooner.
  const std::string uri = kUri;
  EXPECT_EQ(limit(resolve(uri + "?connect_timeout=3")), milliseconds(3'000));
  EXPECT_EQ(limit(resolve(uri + "?connect_timeout=30")), milliseconds(10'000));
  EXPECT_EQ(limit(resolve(uri + "?connect_timeout=0")), milliseconds(10'000));
  for (const Value& value : {Value("soon"), Value(-1.0), Value("1e9"), Value("5s")}) {
    EXPECT_EQ(refused(kUri, {{"connect_timeout", value}}),
              (Failure{Category::kTask, "connect_arg",
                       "connect_args.connect_timeout is not a number of seconds from "
                       "above 0 to 86400",
                       ""}));
  }
}

// FT-008
TEST(Arguments, ATimeoutToReadOrToWriteIsHonoured) {
  const Dsn none = resolve("mysql://u@h/d");
  EXPECT_EQ(none.read_timeout, milliseconds(0));
  EXPECT_EQ(none.write_timeout, milliseconds(0));
  const Dsn both = resolve("mysql://u@h/d?read_timeout=30&write_timeout=2.5",
                           {{"read_timeout", std::int64_t{5}}});
  EXPECT_EQ(both.read_timeout, milliseconds(5'000));
  EXPECT_EQ(both.write_timeout, milliseconds(2'500));
  EXPECT_TRUE(both.options.empty());
  EXPECT_EQ(
      refused("mysql://u@h/d", {{"write_timeout", "soon"}}).message,
      "connect_args.write_timeout is not a number of seconds from above 0 to 86400");
  EXPECT_EQ(
      refused("mysql://u@h/d?read_timeout=0").message,
      "connection.uri has a timeout that is not a number of seconds from above 0 to "
      "86400");
}

// FT-008
TEST(Arguments, OptionsOfThePostgresServerAreThoseOnTheList) {
  const auto settings = [](const std::string& options) {
    std::vector<std::string> found;
    for (const auto& one : resolve(kUri, {{"options", options}}).settings) {
      found.push_back(one.name + "=" + one.value);
    }
    return found;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(settings("-c search_path=shop,public"),
              ElementsAre("search_path=shop,public"));
  EXPECT_THAT(settings("-csearch_path=a\\ b  --lock-timeout=2s\t-c Work_Mem=64MB"),
              ElementsAre("search_path=a b", "lock_timeout=2s", "work_mem=64MB"));
  EXPECT_THAT(settings("  "), ElementsAre());
  EXPECT_THAT(settings("-c search_path=\"$user\",\\\\x"),
              ElementsAre("search_path=\"$user\",\\x"));
  EXPECT_EQ(
      resolve("postgresql://u@h/d?options=-csearch_path%3Dshop").settings.at(0).value,
      "shop");
  const std::string hint =
      "allowed: -c NAME=VALUE, where NAME is one of jit, lock_timeout, search_path, "
      "work_mem";
  for (const char* name :
       {"default_transaction_read_only", "statement_timeout", "role", "timezone",
        "session_authorization", "local_preload_libraries", "client_encoding"}) {
    EXPECT_EQ(
        refused(kUri, {{"options", fmt::format("-c jit=off -c {}=x", name)}}),
        (Failure{Category::kDataSource, "dsn_option",
                 fmt::format("connection.uri has options that set '{}', which is not "
                             "allowed",
                             name),
                 hint}));
  }
  for (const char* text :
       {"-c", "search_path=x", "-c jit", "-d 5", "-csearch_path -cjit=on", "--",
        "-r/tmp/Zq7MARKER", "-c Zq7MARKER=1", "-W Zq7MARKER"}) {
    const Failure failure = refused(kUri, {{"options", text}});
    EXPECT_EQ(failure.code, "dsn_option") << text;
    EXPECT_EQ(failure.hint, hint);
    EXPECT_EQ(failure.message.find("MARKER"), std::string::npos) << failure.message;
  }
}

// FT-008
TEST(Arguments, WithoutAMeaningHereAreTaken) {
  resolve(kUri, {{"isolation_level", "AUTOCOMMIT"},
                 {"autocommit", true},
                 {"password", std::monostate{}}});
  resolve("sqlite:///x.db", {{"check_same_thread", false},
                             {"isolation_level", std::monostate{}},
                             {"detect_types", std::int64_t{0}},
                             {"cached_statements", std::int64_t{100}},
                             {"uri", true}});
}

// FT-008
TEST(Arguments, ThatAreNotKnownAreRefusedByNameWithThoseThatAre) {
  for (const char* name :
       {"passfile", "servicefile", "init_command", "timeout", "read_default_file",
        "ssl.ca", "Host", "target_session_attrs"}) {
    const Failure failure = refused(kUri, {{name, "1"}});
    EXPECT_EQ(failure.category, Category::kTask);
    EXPECT_EQ(failure.message, "connect_args has '" + std::string(name) +
                                   "', which is not known for postgresql");
    EXPECT_THAT(failure.hint, HasSubstr("known: application_name, autocommit, "));
    EXPECT_THAT(failure.hint, HasSubstr("sslrootcert, sslsni, tcp_user_timeout, user"));
  }
  for (const char* name : {"local_infile", "read_default_file", "init_command",
                           "plugin_dir", "client_flag", "hostaddr", "conv"}) {
    EXPECT_EQ(refused("mysql://u@h/d", {{name, "1"}}).code, "connect_arg") << name;
  }
  EXPECT_EQ(refused("sqlite:///x.db", {{"factory", "x"}}),
            (Failure{Category::kTask, "connect_arg",
                     "connect_args has 'factory', which is not known for sqlite",
                     "known: autocommit, cached_statements, check_same_thread, "
                     "detect_types, isolation_level, timeout, uri"}));
  EXPECT_EQ(refused(kUri, {}, {{"nope", Secret("x")}}).code, "connect_arg");
}

// FT-008
TEST(Arguments, WithoutASenseAreRefusedWithoutTheirValue) {
  for (const Value& port : {Value(std::int64_t{0}), Value("x4711"), Value(65536.0)}) {
    EXPECT_EQ(refused(kUri, {{"port", port}}),
              (Failure{Category::kTask, "connect_arg",
                       "connect_args.port is not a number from 1 to 65535", ""}));
  }
  EXPECT_EQ(refused(kUri, {{"user", std::string("a\0b", 3)}}).message,
            "connect_args.user has a NUL in its value");
}

// FT-008
TEST(Arguments, SecretOnesWinAndAreKnownToTheRedactor) {
  const Dsn dsn = resolve("postgresql://app:old-secret@h/d",
                          {{"password", "plain-one"}, {"user", "ada"}},
                          {{"password", Secret("m4rker")}, {"host", Secret("h1dden")}});
  EXPECT_EQ(dsn.password.reveal(), "m4rker");
  EXPECT_EQ(dsn.user, "ada");
  EXPECT_EQ(dsn.redactor("m4rker at h1dden"), "*** at ***");
  // Another name for the same argument.
  EXPECT_EQ(resolve("mysql://u@h/d", {{"passwd", "plain"}}, {{"password", Secret("s")}})
                .password.reveal(),
            "s");
}

// RS-003 FT-008
TEST(Arguments, AConnectionHasOneSource) {
  EXPECT_EQ(refused(" "), (Failure{Category::kTask, "no_connection",
                                   "connection has neither uri nor dsn_env",
                                   "name the variable with the DSN: dsn_env: "
                                   "PENSTOCK_SHOP_DSN"}));
  EXPECT_EQ(failure_of([] {
              resolve_dsn({"PENSTOCK_SHOP_DSN", Secret(kUri)}, Environment({}));
            }).code,
            "two_connections");
  const Environment environment(
      std::map<std::string, std::string, std::less<>>{{"PENSTOCK_SHOP_DSN", kUri}});
  EXPECT_EQ(resolve_dsn({"PENSTOCK_SHOP_DSN", {}, {{"user", "ada"}}}, environment).user,
            "ada");
}

// RS-026
TEST(Arguments, ARefusedUriIsNotRepeated) {
  const Failure failure = refused("postgresql://app:m4rker@h:port/d");
  EXPECT_EQ(failure.message,
            "connection.uri has a port that is not a number from 1 to 65535");
}

}  // namespace
}  // namespace penstock
