// What a driver sees that is not ours refuses the connection: on a real server, with each
// of libpq's variables set in this process's own environment.
#include "dialect/postgres/connect.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "dialect/postgres/dialect.h"
#include "unit/support.h"

namespace penstock::postgres {
namespace {

using penstock::testing::Failure;
using penstock::testing::failure_of;

constexpr const char* kServer = "PENSTOCK_TEST_POSTGRES_DSN";

class PostgresConnect : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* dsn = std::getenv(kServer);
    ASSERT_NE(dsn, nullptr) << kServer << " is not set: tools/servers starts the server";
    text_ = dsn;
  }

  // Connects as the engine would; libpq's view of the process's environment is the
  // test's.
  Failure failure() const {
    return failure_of([this] {
      const auto dialect = make_dialect();
      const Dsn dsn = parse_dsn(Secret(text_), kServer);
      const Wait wait{Deadline::after(std::chrono::seconds(20)), {}};
      const Policy opted_in{true};
      const Target target = admit(dialect->routes(dsn), opted_in, resolve_by_system,
                                  wait.deadline, wait.stop);
      connect(dsn, target, wait);
    });
  }

  std::string text_;
};

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST_F(PostgresConnect, ToTheServerThatWasAdmitted) { EXPECT_EQ(failure(), Failure{}); }

// RS-019
TEST_F(PostgresConnect, ARefusalNamesTheVariableThatWeDidNotSet) {
  const std::pair<const char*, const char*> poisons[] = {
      {"PGOPTIONS", "options"},
      {"PGREQUIREPEER", "requirepeer"},
      {"PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"},
      {"PGSSLCRLDIR", "sslcrldir"},
      {"PGKRBSRVNAME", "krbsrvname"},
      {"PGGSSLIB", "gsslib"},
      {"PGCHANNELBINDING", "channel_binding"},
      {"PGCONNECT_TIMEOUT", "connect_timeout"},
  };
  for (const auto& [variable, option] : poisons) {
    const Variable poison(variable, "require");
    const Failure found = failure();
    EXPECT_EQ(found, (Failure{Category::kRefused, "foreign_driver_option",
                              "libpq's option '" + std::string(option) +
                                  "' has a value that penstock did not set",
                              "it comes from the environment: unset " +
                                  std::string(variable) + ", or a service file"}))
        << variable;
  }
}

// RS-019
TEST_F(PostgresConnect, AVariableForWhatWeSetChangesNothing) {
  for (const char* variable :
       {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD",
        "PGPASSFILE", "PGSSLMODE", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL",
        "PGAPPNAME", "PGCLIENTENCODING", "PGGSSENCMODE", "PGTARGETSESSIONATTRS"}) {
    const Variable poison(variable, "192.0.2.1");
    EXPECT_EQ(failure(), Failure{}) << variable;
  }
}

// RS-017 RS-019
TEST_F(PostgresConnect, AServiceOfTheEnvironmentChangesNothingOrRefusesTheConnection) {
  penstock::testing::Folder folder;
  const std::string route = "[shop]\nhost=192.0.2.1\nhostaddr=192.0.2.1\nport=1\n";
  penstock::testing::write_bytes(folder.file("services"), route);
  const Variable file("PGSERVICEFILE", folder.file("services").c_str());
  const Variable service("PGSERVICE", "shop");
  EXPECT_EQ(failure(), Failure{});
  penstock::testing::write_bytes(folder.file("services"),
                                 route + "options=-csearch_path=elsewhere\n");
  EXPECT_EQ(failure().code, "foreign_driver_option");
}

// RS-026
TEST_F(PostgresConnect, NoRefusalHoldsThePassword) {
  const auto at = text_.find('@');
  const auto colon = text_.rfind(':', at);
  text_.replace(colon + 1, at - colon - 1, "Zq7MARKER");
  const Failure found = failure();
  EXPECT_EQ(found.code, "authentication_failed");
  EXPECT_EQ((found.message + found.hint).find("Zq7MARKER"), std::string::npos);
}

}  // namespace
}  // namespace penstock::postgres
