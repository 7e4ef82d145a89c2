// libpq's service file, read by the guard: which one, what of it counts, what is refused.
#include <filesystem>

#include <gtest/gtest.h>

#include "guard/dsn.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using testing::Folder;

class ServiceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_.path() / "home");
    std::filesystem::create_directory(folder_.path() / "etc");
    variables_ = {{"PENSTOCK_SQL_ALLOW_PRIVATE", "1"},
                  {"HOME", folder_.file("home")},
                  {"PGSYSCONFDIR", folder_.file("etc")}};
  }

  void named(const std::string& text) {
    write("named.conf", text);
    variables_["PGSERVICEFILE"] = folder_.file("named.conf");
  }
  void write(const std::string& file, const std::string& text) {
    penstock::testing::write_bytes(folder_.file(file), text);
  }
  Dsn resolve(const std::string& dsn = "postgresql:///?service=shop") {
    variables_["PENSTOCK_SHOP_DSN"] = dsn;
    return resolve_dsn({"PENSTOCK_SHOP_DSN"}, Environment(variables_));
  }
  Failure refused(const std::string& dsn = "postgresql:///?service=shop") {
    return failure_of([&] { resolve(dsn); });
  }

  Folder folder_;
  std::map<std::string, std::string, std::less<>> variables_;
};

// RS-018
TEST_F(ServiceFile, FillsInWhatTheDsnLeavesOpen) {
  named(
      "# a comment\n\n[other]\nhost=192.0.2.1\n  [shop]  \nhost=db.example\nport=6432\n"
      "  user=ada\r\npassword= p w\ndbname=stock\nsslmode=require\nsslpassword=k\n"
      "host=192.0.2.2\n[shop]\nhost=192.0.2.3\nnot a line\n");
  const Dsn dsn = resolve();
  EXPECT_EQ(dsn.option("host"), "db.example");
  EXPECT_EQ(dsn.port, 6432);
  EXPECT_EQ(dsn.user, "ada");
  EXPECT_EQ(dsn.password.reveal(), " p w");
  EXPECT_EQ(dsn.key_password.reveal(), "k");
  EXPECT_EQ(dsn.database, "stock");
  EXPECT_EQ(dsn.option("sslmode"), "require");
  EXPECT_EQ(dsn.option("service"), "");  // no driver and no route sees it
  EXPECT_EQ(dsn.redactor("( p w)"), "(***)");
}

// RS-018
TEST_F(ServiceFile, TheDsnWins) {
  named(
      "[shop]\nhost=192.0.2.1\nport=1\nuser=eve\npassword=x\ndbname=y\nsslmode=disable\n"
      "hostaddr=8.8.8.8\n");
  const Dsn dsn =
      resolve("postgresql://ada:pw@db.example:5432/stock?service=shop&sslmode=require");
  EXPECT_EQ(dsn.host, "db.example");
  EXPECT_EQ(dsn.option("host"), "");
  EXPECT_EQ(dsn.option("hostaddr"), "8.8.8.8");  // libpq takes it, too: it is a route
  EXPECT_EQ(dsn.port, 5432);
  EXPECT_EQ(dsn.user, "ada");
  EXPECT_EQ(dsn.password.reveal(), "pw");
  EXPECT_EQ(dsn.database, "stock");
  EXPECT_EQ(dsn.option("sslmode"), "require");
}

// RS-018
TEST_F(ServiceFile, IsLookedForWhereLibpqDoes) {
  write("home/.pg_service.conf", "[shop]\nhost=home.example\n");
  write("etc/pg_service.conf", "[shop]\nhost=etc.example\n[only]\nhost=only.example\n");
  EXPECT_EQ(resolve().option("host"), "home.example");
  EXPECT_EQ(resolve("postgresql:///?service=only").option("host"), "only.example");
  named("[shop]\nhost=named.example\n");
  EXPECT_EQ(resolve().option("host"), "named.example");
  EXPECT_EQ(resolve("postgresql:///?service=only").option("host"), "only.example");
  EXPECT_EQ(refused("postgresql:///?service=none"),
            (Failure{Category::kDataSource, "service_not_found",
                     "there is no definition of service 'none'",
                     "it is looked for in the file that PGSERVICEFILE names, or "
                     "~/.pg_service.conf, and in pg_service.conf of PGSYSCONFDIR"}));
  variables_["PGSERVICEFILE"] = folder_.file("missing");
  EXPECT_EQ(refused().message, "cannot read the service file '" +
                                   folder_.file("missing") +
                                   "': No such file or directory");
}

// RS-018
TEST_F(ServiceFile, AKeyThatADsnMayNotHaveIsRefusedByName) {
  for (const char* key : {"passfile", "service", "servicefile", "requirepeer",
                          "target_session_attrs", "gssencmode", "replication"}) {
    named("[shop]\nhost=db.example\n" + std::string(key) + "=x\n");
    const Failure failure = refused();
    EXPECT_EQ(failure.code, "service_option");
    EXPECT_EQ(failure.message, folder_.file("named.conf") + ":3: the key '" + key +
                                   "' is not allowed in a service");
    EXPECT_TRUE(failure.hint.starts_with("allowed: sslmode, ")) << failure.hint;
    EXPECT_EQ(failure.hint.find("service"), std::string::npos);
  }
}

// RS-018 RS-026
TEST_F(ServiceFile, WhatIsNoneIsRefusedByItsLineAndWithoutItsText) {
  for (const char* line : {"Zq7MARKER", "ldap://Zq7MARKER/x", "port=Zq7MARKER",
                           "Zq7MARKER =x", "passwordZq7MARKER=x"}) {
    named("[shop]\n" + std::string(line) + "\n");
    const Failure failure = refused();
    EXPECT_TRUE(failure.message.starts_with(folder_.file("named.conf") + ":2: "))
        << failure;
    EXPECT_EQ((failure.message + failure.hint).find("Zq7MARKER"), std::string::npos);
  }
  variables_["PGSERVICEFILE"] = folder_.path();
  EXPECT_TRUE(refused().message.ends_with("it is not a regular file"));
  variables_["PGSERVICEFILE"] = "/dev/zero";
  EXPECT_TRUE(refused().message.ends_with("it is not a regular file"));
}

// RS-017
TEST_F(ServiceFile, IsNotReadUnlessOptedIn) {
  variables_["PENSTOCK_SQL_ALLOW_PRIVATE"] = "0";
  variables_["PGSERVICEFILE"] = folder_.file("missing");
  const Dsn dsn = resolve();
  EXPECT_EQ(dsn.option("service"), "shop");  // left for `admit` to refuse
}

}  // namespace
}  // namespace penstock
