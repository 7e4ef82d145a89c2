// What a DSN says of where it leads, asked before anything is opened.
#include <gtest/gtest.h>

#include "penstock/engine.h"
#include "penstock/error.h"
#include "unit/support.h"

namespace penstock {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const ConnectionConfig kConnection{.dsn_env = "PENSTOCK_TEST_DSN"};

Engine engine_of(const std::string& dsn, const std::string& allow_private = "") {
  return Engine(Environment(
      {{"PENSTOCK_TEST_DSN", dsn}, {"PENSTOCK_SQL_ALLOW_PRIVATE", allow_private}}));
}

// Answers every name with `addresses`, and keeps what was asked for.
struct Names {
  std::vector<std::string> addresses;
  std::vector<std::string> asked;

  LookUpHost look_up() {
    return [this](const std::string& host) {
      asked.push_back(host);
      return addresses;
    };
  }
};

// RS-010 RS-015
TEST(Inspect, TellsWhatADsnSaysAndNoSecret) {
  Names names{{"8.8.8.8"}, {}};
  const DsnFacts facts =
      engine_of("postgresql+psycopg://u:s3cret@db.example:6543/shop?sslmode=prefer")
          .inspect(kConnection, names.look_up());
  EXPECT_EQ(facts.dialect, "postgresql");
  EXPECT_EQ(facts.host, "db.example");
  EXPECT_EQ(facts.port, 6543);
  EXPECT_EQ(facts.database, "shop");
  EXPECT_EQ(facts.dial_host, "db.example");
  EXPECT_EQ(facts.options.size(), 1U);
  EXPECT_EQ(facts.options.at("sslmode"), "prefer");
  EXPECT_TRUE(facts.tls_not_configured);
  EXPECT_FALSE(facts.allow_private);
  EXPECT_EQ(names.asked, std::vector<std::string>{"db.example"});

  const DsnFacts file =
      engine_of("sqlite:///not/there.db").inspect(kConnection, names.look_up());
  EXPECT_EQ(file.dialect, "sqlite");
  EXPECT_EQ(file.database, "not/there.db");
  EXPECT_EQ(file.dial_host, "");
  EXPECT_FALSE(file.tls_not_configured);
}

// RS-016 RS-017
TEST(Inspect, ShowsTheGuardEveryRoute) {
  Names names{{"8.8.8.8", "10.0.0.5"}, {}};
  const auto code = [&](const std::string& dsn) {
    return failure_of([&] { engine_of(dsn).inspect(kConnection, names.look_up()); }).code;
  };
  EXPECT_EQ(code("mysql://db.example/shop"), "private_host");
  EXPECT_EQ(code("postgresql:///shop?hostaddr=127.0.0.1"), "private_host");
  EXPECT_EQ(code("postgresql:///shop?service=x"), "service_route");
  EXPECT_EQ(code("mysql:///shop?unix_socket=/run/x.sock"), "socket_route");
  EXPECT_EQ(code("postgresql:///shop"), "no_host");
  names.addresses = {"fe80::1%eth0"};
  EXPECT_EQ(code("postgresql://db.example/shop"), "bad_address");
  EXPECT_EQ(code("not-a-url"), "dsn_scheme");
}

// RS-018
TEST(Inspect, OptedInAsksForNoNameAndReadsNoFile) {
  Names names;
  for (const std::string dsn :
       {"postgresql://db.example/shop", "postgresql:///shop?service=no_such_service",
        "mysql:///shop?unix_socket=/no/such.sock", "mysql:///shop"}) {
    EXPECT_TRUE(engine_of(dsn, "1").inspect(kConnection, names.look_up()).allow_private);
  }
  EXPECT_TRUE(names.asked.empty());
}

}  // namespace
}  // namespace penstock
