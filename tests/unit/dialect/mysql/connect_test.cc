// How a connection is opened: TLS, passwords, names and time limits.
#include "dialect/mysql/connect.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "dialect/mysql/authentication.h"
#include "dialect/mysql/dialect.h"
#include "unit/dialect/mysql/fake_server.h"
#include "unit/dialect/mysql/server.h"

namespace penstock::mysql {
namespace {

using penstock::testing::Certificate;
using penstock::testing::Failure;
using penstock::testing::failure_of;
using penstock::testing::FakeServer;
using penstock::testing::Folder;
using penstock::testing::greeting;
using penstock::testing::Peer;
using penstock::testing::variable;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

constexpr const char* kPassword = "s3cret-password";

Dsn dsn_of(const std::string& options, int port = 1,
           const std::string& host = "db.penstock.test") {
  return parse_dsn(Secret(fmt::format("mysql://someone:{}@{}:{}/shop{}", kPassword, host,
                                      port, options.empty() ? "" : "?" + options)),
                   "PENSTOCK_TEST_DSN");
}

// Every name is this machine.
Target target_of(const Dsn& dsn) {
  Policy policy;
  policy.allow_private = true;
  const auto loopback = [](const std::string&, Deadline, const std::stop_token&) {
    return std::vector<IpAddress>{*parse_ip("127.0.0.1")};
  };
  return admit(make_dialect()->routes(dsn), policy, loopback, Deadline::never(), {});
}

Failure connect_failure(const Dsn& dsn,
                        std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const Target target = target_of(dsn);
  return failure_of([&] { connect(dsn, target, {Deadline::after(limit), {}}); });
}

Failure fake_failure(const std::string& options, std::function<void(Peer&)> talk) {
  const FakeServer server(std::move(talk));
  return connect_failure(dsn_of(options, server.port()));
}

TEST(MysqlTls, TheOptionsOfADsnNameAMode) {
  const auto mode = [](const std::string& options) {
    return tls_of(dsn_of(options)).mode;
  };
  EXPECT_EQ(mode(""), TlsMode::kPreferred);
  EXPECT_EQ(mode("ssl=true"), TlsMode::kVerifyIdentity);
  EXPECT_EQ(mode("ssl=1"), TlsMode::kVerifyIdentity);
  EXPECT_EQ(mode("ssl=false"), TlsMode::kDisabled);
  EXPECT_EQ(mode("ssl=true&ssl_verify_cert=false"), TlsMode::kRequired);
  EXPECT_EQ(mode("ssl_verify_cert=false"), TlsMode::kRequired);
  EXPECT_EQ(mode("ssl_ca=/ca.pem"), TlsMode::kVerifyIdentity);
  EXPECT_EQ(mode("ssl_ca=/ca.pem&ssl_verify_identity=false"), TlsMode::kVerifyCa);
  EXPECT_EQ(mode("ssl_ca=/ca.pem&ssl_check_hostname=false"), TlsMode::kVerifyCa);
  EXPECT_EQ(mode("ssl_check_hostname=true"), TlsMode::kVerifyIdentity);
  EXPECT_EQ(mode("ssl_cert=/c.pem&ssl_key=/k.pem"), TlsMode::kVerifyIdentity);
  EXPECT_EQ(mode("ssl_mode=disabled"), TlsMode::kDisabled);
  EXPECT_EQ(mode("ssl_mode=PREFERRED"), TlsMode::kPreferred);
  EXPECT_EQ(mode("ssl_mode=REQUIRED"), TlsMode::kRequired);
  EXPECT_EQ(mode("ssl_mode=VERIFY_CA"), TlsMode::kVerifyCa);
  EXPECT_EQ(mode("ssl_mode=VERIFY_IDENTITY&ssl_ca=/ca.pem"), TlsMode::kVerifyIdentity);
}

TEST(MysqlTls, OptionsThatContradictEachOtherAreRefused) {
  const auto what = [](const std::string& options) {
    return failure_of([&] { tls_of(dsn_of(options)); }).message;
  };
  const std::string who = "the DSN in env var PENSTOCK_TEST_DSN ";
  EXPECT_EQ(what("ssl=yes"), who + "has an ssl that is neither true nor false");
  EXPECT_EQ(what("ssl_mode=STRICT"), who + "has an ssl_mode that is not one");
  EXPECT_EQ(what("ssl_mode=REQUIRED&ssl=true"),
            who + "has an ssl_mode and also ssl, ssl_verify_cert or ssl_verify_identity");
  EXPECT_EQ(what("ssl_mode=REQUIRED&ssl_ca=/ca.pem"),
            who + "has an ssl_ca that its ssl_mode does not verify with");
  EXPECT_EQ(what("ssl_mode=DISABLED&ssl_cert=/c.pem"),
            who + "has ssl files and turns TLS off");
  EXPECT_EQ(what("ssl=false&ssl_verify_cert=true"),
            who + "turns TLS off and has other ssl options");
  EXPECT_EQ(what("ssl_verify_cert=false&ssl_verify_identity=true"),
            who + "has ssl_verify_cert=false with ssl_ca or ssl_verify_identity");
  EXPECT_EQ(what("ssl_verify_cert=false&ssl_ca=/ca.pem"),
            who + "has ssl_verify_cert=false with ssl_ca or ssl_verify_identity");
}

class MysqlRealTls : public penstock::testing::OnServers {
 protected:
  Dsn real(const std::string& options, const std::string& host = "db.penstock.test") {
    Dsn dsn = parse_dsn(Secret(this->dsn()), "PENSTOCK_TEST_DSN");
    const Dsn other = dsn_of(options, dsn.port, host);
    dsn.host = host;
    dsn.options = other.options;
    return dsn;
  }
  std::string file(const std::string& name) {
    return variable("PENSTOCK_TEST_" + server() + "_FOLDER") + "/" + name;
  }
};
using penstock::testing::server_name;
PENSTOCK_ON_BOTH_SERVERS(MysqlRealTls);

TEST_P(MysqlRealTls, ACertificateOfTheRightNameAndAuthorityIsTaken) {
  for (const std::string& options :
       {"ssl_ca=" + file("ca.crt"), "ssl_mode=VERIFY_IDENTITY&ssl_ca=" + file("ca.crt"),
        "ssl_mode=VERIFY_CA&ssl_ca=" + file("ca.crt"), std::string("ssl_mode=REQUIRED"),
        std::string("ssl=true&ssl_verify_cert=false")}) {
    const Dsn dsn = real(options);
    const Target target = target_of(dsn);
    const Connected connected =
        connect(dsn, target, {Deadline::after(std::chrono::seconds(10)), {}});
    EXPECT_NE(mysql_get_ssl_cipher(connected.handle.get()), nullptr) << options;
  }
  // The name in the certificate does not matter to VERIFY_CA.
  EXPECT_EQ(
      connect_failure(real("ssl_mode=VERIFY_CA&ssl_ca=" + file("ca.crt"), "other.test")),
      Failure{});
}

TEST_P(MysqlRealTls, AWrongNameOrAuthorityIsRefused) {
  const auto failed = [&](const std::string& options, const std::string& host) {
    const Failure failure = connect_failure(real(options, host));
    EXPECT_EQ(failure.code, "tls_failed") << options << "\n" << failure;
    EXPECT_EQ(failure.category, Category::kUnavailable);
  };
  failed("ssl_ca=" + file("ca.crt"), "other.test");
  failed("ssl_mode=VERIFY_IDENTITY&ssl_ca=" + file("ca.crt"), "127.0.0.1");
  failed("ssl_ca=" + file("other-ca.crt"), "db.penstock.test");
  failed("ssl_mode=VERIFY_CA&ssl_ca=" + file("other-ca.crt"), "db.penstock.test");
  failed("ssl=true", "db.penstock.test");  // not of the system's authorities
  failed("ssl_mode=VERIFY_CA", "db.penstock.test");
  failed("ssl_ca=/no/such/file.pem", "db.penstock.test");
}

TEST_P(MysqlRealTls, AReadOverTlsIsWhole) {
  const Dsn dsn = real("ssl_ca=" + file("ca.crt"));
  const Target target = target_of(dsn);
  const Wait wait{Deadline::after(std::chrono::seconds(60)), {}};
  const auto connection = make_dialect()->connect(dsn, target, {}, wait);
  Query query = penstock::testing::query_of(
      "SELECT a.help_topic_id, b.description FROM mysql.help_topic AS a, "
      "mysql.help_topic AS b LIMIT 20000");
  query.types.duplicates = Duplicates::kRename;
  const auto cursor = connection->execute(penstock::bind(query, Lexicon::mysql(), {}),
                                          {query.batch, query.types}, wait);
  std::int64_t rows = 0;
  while (const auto batch = cursor->next()) rows += batch->num_rows();
  EXPECT_EQ(rows, 20000);
}

// RS-026
TEST_P(MysqlRealTls, AWrongPasswordOrDatabaseIsToldWithoutThem) {
  const Failure failure =
      connect_failure(dsn_of("ssl_ca=" + file("ca.crt"), real("").port));
  // For a user that is not there MySQL makes up a plug-in, which may be one that we
  // refuse.
  EXPECT_EQ(failure.code, "authentication_failed") << failure;
  EXPECT_THAT(failure.message, Not(HasSubstr(kPassword)));
  Dsn dsn = real("ssl_mode=DISABLED");
  dsn.database = "nowhere";
  const Failure nowhere = connect_failure(dsn);
  EXPECT_TRUE(nowhere.code == "no_such_database" || nowhere.code == "permission_denied")
      << nowhere;
}

// RS-019
TEST_P(MysqlRealTls, AUnixSocketIsDialledWhereItWasAdmitted) {
  Dsn dsn = real("ssl_mode=DISABLED");
  dsn.options["unix_socket"] = variable("PENSTOCK_TEST_" + server() + "_SOCKET");
  EXPECT_EQ(connect_failure(dsn), Failure{});
}

TEST(MysqlConnect, AServerWithoutTlsIsRefusedBeforeAnythingIsSent) {
  for (const std::string options : {"ssl=true", "ssl_mode=REQUIRED", "ssl_mode=VERIFY_CA",
                                    "ssl_ca=/ca.pem", "ssl_verify_cert=false"}) {
    std::string said = "?";
    const Failure failure = fake_failure(options, [&](Peer& peer) {
      peer.send(0, greeting(false));
      said = peer.receive();
    });
    EXPECT_EQ(failure.code, "tls_not_offered") << options << "\n" << failure;
    EXPECT_EQ(failure.category, Category::kRefused);
    EXPECT_EQ(said, "") << options;
  }
}

TEST(MysqlConnect, AServerThatOffersTlsAndGoesOnWithoutIsToldNoUser) {
  for (const std::string& answer :
       {penstock::testing::ok_packet(), std::string("\xFF\x15\x04#28000no"),
        std::string("\xFEmysql_clear_password\0", 22)}) {
    std::string said;
    const Failure failure = fake_failure("ssl_mode=REQUIRED", [&](Peer& peer) {
      peer.send(0, greeting(true));
      said = peer.receive();  // the request for TLS: 32 bytes, no name
      peer.send(2, answer);
      said += peer.receive();
    });
    EXPECT_EQ(failure.category, Category::kUnavailable) << failure;
    EXPECT_EQ(said.find("someone"), std::string::npos);
    EXPECT_EQ(said.find(kPassword), std::string::npos);
  }
}

TEST(MysqlConnect, AGreetingThatComesInPiecesIsWaitedFor) {
  const Failure failure = fake_failure("ssl_mode=REQUIRED", [&](Peer& peer) {
    const std::string payload = greeting(false);
    peer.raw(std::string(1, static_cast<char>(payload.size())) + std::string(2, '\0'));
    for (const char c : std::string(1, '\0') + payload) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      peer.raw(std::string(1, c));
    }
    peer.receive();
  });
  EXPECT_EQ(failure.code, "tls_not_offered");
}

TEST(MysqlConnect, ACertificateThatIsNotToBeTrustedGetsNoPassword) {
  const Folder folder;
  const auto attempt = [&](const Certificate& certificate, const std::string& mode) {
    penstock::testing::write_bytes(folder.file("ca.pem"), certificate.pem());
    std::string after = "?";
    const Failure failure = fake_failure(
        "ssl_mode=" + mode + "&ssl_ca=" + folder.file("ca.pem"), [&](Peer& peer) {
          peer.send(0, greeting(true));
          peer.receive();  // the request for TLS
          after = peer.start_tls(certificate) ? peer.receive() : "";
        });
    EXPECT_EQ(failure.code, "tls_failed") << failure;
    EXPECT_EQ(after, "");
  };
  attempt(Certificate("db.penstock.test", -10, -5), "VERIFY_IDENTITY");  // expired
  attempt(Certificate("db.penstock.test", -10, -5), "VERIFY_CA");
  attempt(Certificate("db.penstock.test", 5, 10), "VERIFY_IDENTITY");  // not yet
  attempt(Certificate("other.test"), "VERIFY_IDENTITY");
}

// RS-026
TEST(MysqlConnect, ThePasswordItselfIsNotGivenToWhoeverAsks) {
  const Certificate certificate("db.penstock.test");
  const auto attempt = [&](bool tls, const std::string& plugin,
                           const std::string& request) {
    std::string told;
    const Failure failure =
        fake_failure(tls ? "ssl_mode=REQUIRED" : "ssl_mode=DISABLED", [&](Peer& peer) {
          peer.send(0, greeting(tls, plugin));
          int sequence = 2;
          if (tls) {
            peer.receive();
            if (!peer.start_tls(certificate)) return;
            sequence = 3;
          }
          told = peer.receive();
          peer.send(sequence, request);
          told += peer.receive();
        });
    EXPECT_EQ(told.find(kPassword), std::string::npos);
    return failure;
  };
  const std::string clear = "\xFEmysql_clear_password" + std::string(1, '\0');
  const auto not_allowed =
      HasSubstr("asks for a way to authenticate that is not allowed");
  EXPECT_THAT(attempt(false, "mysql_native_password", clear).message, not_allowed);
  EXPECT_THAT(attempt(true, "mysql_native_password", clear).message, not_allowed);
  EXPECT_THAT(attempt(false, "mysql_clear_password", "\x01\x04").message, not_allowed);
  // The hash of before MySQL 4.1, which is soon broken.
  const std::string old = "\xFEmysql_old_password" + std::string(1, '\0') + "12345678";
  for (const bool tls : {false, true}) {
    EXPECT_THAT(attempt(tls, "mysql_native_password", old).message, not_allowed);
    EXPECT_THAT(attempt(tls, "mysql_native_password", "\xFE").message, not_allowed);
    EXPECT_THAT(attempt(tls, "mysql_old_password", "\xFE").message, not_allowed);
  }
  // caching_sha2_password's full authentication.
  const Failure refused{Category::kRefused, "password_not_sent",
                        "the server wants the password itself (caching_sha2_password), "
                        "which is sent only over TLS with a verified certificate",
                        "add ssl_mode=VERIFY_IDENTITY and ssl_ca=FILE to the DSN"};
  EXPECT_EQ(attempt(false, "caching_sha2_password", "\x01\x04"), refused);
  EXPECT_EQ(attempt(true, "caching_sha2_password", "\x01\x04"), refused);
  EXPECT_NE(attempt(false, "dialog", std::string("\x01\x02Password:", 11)), Failure{});
}

// RS-013
TEST(MysqlConnect, AServerThatAsksForAFileGetsNone) {
  std::string told = "?";
  const FakeServer server([&](Peer& peer) {
    peer.send(0, greeting(false));
    peer.receive();
    peer.send(2, penstock::testing::ok_packet());
    peer.receive();                     // the first statement
    peer.send(1, "\xFB/etc/hostname");  // LOCAL INFILE
    told = peer.receive();
  });
  const Dsn dsn = dsn_of("ssl_mode=DISABLED", server.port());
  const Target target = target_of(dsn);
  EXPECT_NE(failure_of([&] {
              make_dialect()->connect(dsn, target, {},
                                      {Deadline::after(std::chrono::seconds(5)), {}});
            }),
            Failure{});
  EXPECT_EQ(told, "");
}

// RS-009
TEST(MysqlConnect, AServerThatSaysNothingEndsWithTheTimeLimit) {
  std::atomic<bool> done = false;
  const FakeServer server([&](Peer&) {
    while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  for (const std::string options : {"ssl_mode=DISABLED", "ssl_mode=REQUIRED"}) {
    const auto start = Clock::now();
    EXPECT_EQ(
        connect_failure(dsn_of(options, server.port()), std::chrono::milliseconds(300)),
        (Failure{Category::kTimeout, "connect_timeout",
                 fmt::format("no connection to db.penstock.test:{} within the time "
                             "limit",
                             server.port()),
                 "raise connect_timeout_seconds, or check the network"}));
    EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(1300));
  }
  done = true;
}

TEST(MysqlConnect, WhatIsNotAServerIsAnError) {
  EXPECT_EQ(
      fake_failure("", [](Peer& peer) { peer.raw("HTTP/1.1 400 Bad Request\r\n\r\n"); })
          .category,
      Category::kUnavailable);
  EXPECT_EQ(fake_failure("ssl=true", [](Peer& peer) { peer.raw("\x7F\x7F\x7F\x7F\x7F"); })
                .category,
            Category::kUnavailable);
  EXPECT_EQ(fake_failure("", [](Peer&) {}).code, "connect_failed");
  EXPECT_EQ(fake_failure("ssl=true", [](Peer&) {}).code, "connect_failed");
  const Failure full = fake_failure("ssl_mode=DISABLED", [](Peer& peer) {
    peer.send(0, std::string("\xFF\x10\x04#08004Too many connections", 29));
  });
  EXPECT_EQ(full.code, "server_unavailable") << full;
  EXPECT_THAT(full.message, HasSubstr("Too many connections"));
}

TEST(MysqlConnect, NobodyAnsweringIsAnError) {
  int port = 0;
  {
    const FakeServer gone([](Peer&) {});
    port = gone.port();
    connect_failure(dsn_of("", port));
  }
  EXPECT_EQ(
      connect_failure(dsn_of("", port)),
      (Failure{
          Category::kUnavailable, "connect_failed",
          fmt::format("cannot connect to db.penstock.test:{}: Connection refused", port),
          "check that the server runs and can be reached"}));
}

// RS-013
TEST(MysqlConnect, AVariableThatWouldChangeTheDriverRefusesByName) {
  for (const char* name :
       {"MARIADB_PLUGIN_DIR", "LIBMYSQL_PLUGINS", "MYSQL_PWD", "LIBMYSQL_PLUGIN_DIR",
        "MARIADB_CLIENT_PLUGINS", "MARIADB_TLS_DISABLE_PEER_VERIFICATION"}) {
    ::setenv(name, "1", 1);
    const Failure failure = connect_failure(dsn_of(""));
    ::unsetenv(name);
    EXPECT_EQ(failure,
              (Failure{Category::kRefused, "foreign_driver_option",
                       fmt::format("the variable {} would change what libmariadb "
                                   "loads, sends or verifies",
                                   name),
                       fmt::format("unset {}", name)}));
  }
}

// RS-013
TEST(MysqlConnect, TheDriversOwnPortAndSocketVariablesChangeNothing) {
  ::setenv("MYSQL_TCP_PORT", "1", 1);
  ::setenv("MYSQL_UNIX_PORT", "/no/such/socket", 1);
  ::setenv("MARIADB_UNIX_PORT", "/no/such/socket", 1);
  ::setenv("MYSQL_HOME", "/no/such/home", 1);
  const Dsn dsn =
      parse_dsn(Secret(variable("PENSTOCK_TEST_MARIADB_DSN")), "PENSTOCK_TEST_DSN");
  EXPECT_EQ(connect_failure(dsn), Failure{});
  for (const char* name :
       {"MYSQL_TCP_PORT", "MYSQL_UNIX_PORT", "MARIADB_UNIX_PORT", "MYSQL_HOME"}) {
    ::unsetenv(name);
  }
}

// RS-010
TEST(MysqlConnect, ADsnWithoutAUserIsRefused) {
  const Dsn dsn = parse_dsn(Secret("mysql://db.penstock.test/shop"), "PENSTOCK_TEST_DSN");
  EXPECT_EQ(connect_failure(dsn).message,
            "the DSN in env var PENSTOCK_TEST_DSN names no user");
}

// The exchange of caching_sha2_password, computed apart from it:
// sha256('sha2_pass') xor sha256(sha256(sha256('sha2_pass')) + nonce).
TEST(MysqlAuthentication, TheProofIsTheDocumentedOne) {
  const Sha256 proof = caching_sha2_proof("sha2_pass", "01234567890123456789");
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(proof.data()), proof.size()}),
            "22193ccbd847d2bf76ca36147287fb249d178f052a4784312076ba0aa54a15ce");
}

}  // namespace
}  // namespace penstock::mysql
