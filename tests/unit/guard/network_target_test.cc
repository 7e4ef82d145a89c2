// Routes -> Target of a network database: what is admitted, and in which words the rest
// is refused. No name here is ever asked off this machine.
#include <chrono>
#include <map>
#include <type_traits>

#include <gtest/gtest.h>

#include "guard/dsn.h"
#include "guard/target.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using testing::Folder;
using Variables = std::map<std::string, std::string, std::less<>>;

static_assert(!std::is_default_constructible_v<Target>);
static_assert(!std::is_constructible_v<Target, Routes>);
static_assert(!std::is_aggregate_v<Target>);

/// A resolver that knows what it is told, gives a name's answers one after the other, and
/// counts.
class Names {
 public:
  Names& says(const std::string& host, std::vector<const char*> addresses) {
    std::vector<IpAddress> answer;
    for (const char* text : addresses) answer.push_back(parse_ip(text).value());
    answers_[host].push_back(std::move(answer));
    return *this;
  }
  Resolver resolver() {
    return [this](const std::string& host, Deadline, const std::stop_token&) {
      const auto found = answers_.find(host);
      if (found == answers_.end()) {
        throw Error(Category::kUnavailable, "host_not_found", "not known: " + host);
      }
      const auto turn = static_cast<std::size_t>(asked_[host]++);
      return found->second[std::min(turn, found->second.size() - 1)];
    };
  }
  int asked(const std::string& host) { return asked_[host]; }
  int asked() const {
    int sum = 0;
    for (const auto& [host, times] : asked_) sum += times;
    return sum;
  }

 private:
  std::map<std::string, std::vector<std::vector<IpAddress>>> answers_;
  std::map<std::string, int> asked_;
};

Routes to(std::vector<std::string> hosts) {
  Routes routes;
  routes.dialect = "postgresql";
  routes.network = true;
  routes.port = 5432;
  routes.dial_host = hosts.empty() ? "" : hosts.back();
  routes.name = hosts.empty() ? "" : hosts.front();
  routes.hosts = std::move(hosts);
  return routes;
}

Routes in_folder(const std::string& path) {
  Routes routes = to({});
  routes.unix_socket = path;
  routes.socket_by_host = true;
  return routes;
}

Policy policy(const Variables& variables) { return Policy::of(Environment(variables)); }

Target admitted(const Routes& routes, Names& names, const Policy& rules = {}) {
  return admit(routes, rules, names.resolver(), Deadline::never(), {});
}

Failure refused(const Routes& routes, Names& names, const Policy& rules = {}) {
  return failure_of([&] { admitted(routes, names, rules); });
}

Failure refusal(const std::string& code, const std::string& message,
                const std::string& hint = "") {
  return {Category::kRefused, code, message, hint};
}

Failure private_host(const std::string& host,
                     const std::string& variable = "RECOTEM_SQL_ALLOW_PRIVATE") {
  return refusal("private_host",
                 "refusing to connect to private/loopback host '" + host + "'; set " +
                     variable +
                     "=1 to opt in (intended for in-cluster or compose service-name "
                     "destinations)");
}

const Failure kBadHost =
    refusal("bad_host", "refusing a DSN whose host has a character that no host name has",
            "percent-encode '@', '/' and ':' in the user and the password; an IPv6 zone "
            "is not allowed");
const Failure kHostList =
    refusal("host_list", "refusing a DSN with a list of hosts", "name a single host");

// RS-016
TEST(NetworkTarget, APrivateAddressIsRefusedInTheDocumentsWords) {
  Names names;
  EXPECT_EQ(refused(to({"10.0.0.5"}), names), private_host("10.0.0.5"));
  EXPECT_EQ(refused(to({"::1"}), names), private_host("::1"));
  EXPECT_EQ(refused(to({"::ffff:127.0.0.1"}), names), private_host("::ffff:127.0.0.1"));
  EXPECT_EQ(names.asked(), 0);  // a number is nobody's to resolve
}

// RS-016
TEST(NetworkTarget, ANameIsRefusedIfAnyOfItsAddressesIsPrivate) {
  Names names;
  names.says("db.example", {"8.8.8.8", "2606:4700::1111", "10.1.2.3"});
  EXPECT_EQ(refused(to({"db.example"}), names), private_host("db.example"));
}

// RS-016
TEST(NetworkTarget, OddSpellingsAreJudgedByWhatTheyResolveTo) {
  for (const char* spelling :
       {"0x7f.1", "0177.0.0.1", "2130706433", "127.1", "0x7f000001", "１２７.０.０.１",
        "①②⑦.⓪.⓪.①", "127.0.0.1.", "LOCALHOST", "localhost.", "127.0.0.1.nip.io"}) {
    Names names;
    names.says(spelling, {"127.0.0.1"});
    EXPECT_EQ(refused(to({spelling}), names), private_host(spelling));
    EXPECT_EQ(names.asked(spelling), 1);
  }
}

// RS-016
TEST(NetworkTarget, EveryRouteIsCheckedAlsoThoseThatAreNotDialled) {
  Names names;
  names.says("a.example", {"8.8.8.8"}).says("b.example", {"192.168.0.1"});
  EXPECT_EQ(refused(to({"a.example", "b.example"}), names), private_host("b.example"));
  EXPECT_EQ(refused(to({"b.example", "a.example"}), names), private_host("b.example"));
  EXPECT_EQ(refused(to({"127.0.0.1", "8.8.8.8"}), names), private_host("127.0.0.1"));
}

// RS-016
TEST(NetworkTarget, APublicOneIsAdmittedWithAllItsAddressesInOrder) {
  Names names;
  names.says("db.example", {"2606:4700::1111", "8.8.8.8"});
  const Target target = admitted(to({"db.example"}), names);
  EXPECT_EQ(target.addresses(),
            (std::vector{*parse_ip("2606:4700::1111"), *parse_ip("8.8.8.8")}));
  EXPECT_EQ(target.name(), "db.example");
  EXPECT_EQ(target.port(), 5432);
  EXPECT_EQ(target.unix_socket(), "");
}

// RS-019
TEST(NetworkTarget, ANameIsResolvedOnceAndTheFirstAnswerIsWhatIsDialled) {
  Names names;
  names.says("db.example", {"8.8.8.8"}).says("db.example", {"127.0.0.1"});
  const Target target = admitted(to({"db.example"}), names);
  EXPECT_EQ(target.addresses(), std::vector{*parse_ip("8.8.8.8")});
  EXPECT_EQ(names.asked("db.example"), 1);
}

// RS-019
TEST(NetworkTarget, ANameThatIsGivenTwiceIsResolvedOnce) {
  Names names;
  names.says("db.example", {"8.8.8.8"}).says("db.example", {"127.0.0.1"});
  const Target target = admitted(to({"db.example", "db.example"}), names);
  EXPECT_EQ(target.addresses(), std::vector{*parse_ip("8.8.8.8")});
  EXPECT_EQ(names.asked("db.example"), 1);
}

// RS-019
TEST(NetworkTarget, OnlyTheDialledHostsAddressesAreInTheTarget) {
  Names names;
  names.says("name.example", {"8.8.4.4"});
  Routes routes = to({"name.example", "8.8.8.8"});
  routes.hostaddr = "8.8.8.8";
  const Target target = admitted(routes, names);
  EXPECT_EQ(target.addresses(), std::vector{*parse_ip("8.8.8.8")});
  EXPECT_EQ(target.name(), "name.example");
}

// RS-016
TEST(NetworkTarget, AHostInTheAddresssPlaceIsRefusedAlsoWhenOptedIn) {
  for (const bool opted_in : {false, true}) {
    Names names;
    names.says("a.example", {"8.8.8.8"}).says("b.example", {"8.8.8.8"});
    Routes routes = to({"a.example", "b.example"});
    routes.hostaddr = "b.example";
    EXPECT_EQ(
        refused(routes, names, {opted_in}),
        refusal("bad_hostaddr", "refusing a DSN whose hostaddr is not an IP address",
                "give the name as host, and only a number as hostaddr"));
    EXPECT_EQ(names.asked(), 0);
  }
}

// RS-016
TEST(NetworkTarget, HostsThatParsersReadDifferentlyAreRefusedAlsoWhenOptedIn) {
  for (const bool opted_in : {false, true}) {
    Names names;
    for (const char* host :
         {"a@b.example", "@abstract", "8.8.8.8%eth0", "fe80::1%lo", "fe80::1%25lo",
          "a.example/x", "a.example?x", "a.example#x", "a\\b.example", " a.example",
          "a.example ", "a.example\n", "a\tb.example", "\x7f", "a\x01.example"}) {
      EXPECT_EQ(refused(to({host}), names, {opted_in}), kBadHost) << host;
    }
    for (const char* host : {"a.example,b.example", ",", "8.8.8.8,127.0.0.1"}) {
      EXPECT_EQ(refused(to({host}), names, {opted_in}), kHostList) << host;
    }
    EXPECT_EQ(names.asked(), 0);
  }
}

// RS-016
TEST(NetworkTarget, ASocketDoesNotHideABadHostBesideIt) {
  Names names;
  Routes routes = to({"a.example,b.example"});
  routes.unix_socket = "/run/postgresql";
  routes.socket_by_host = true;
  EXPECT_EQ(refused(routes, names, {true}), kHostList);
}

// RS-017
TEST(NetworkTarget, TheThreeRoutesThatHaveNoAddressAreRefusedInTheDocumentsWords) {
  Names names;
  Routes service = to({"8.8.8.8"});
  service.service = "shop";
  EXPECT_EQ(refused(service, names),
            refusal("service_route",
                    "DSN routes via libpq service file (?service=...); this bypasses the "
                    "network SSRF guard. Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in."));
  Routes socket = to({});
  socket.dialect = "mysql";
  socket.unix_socket = "/run/mysqld/mysqld.sock";
  EXPECT_EQ(refused(socket, names),
            refusal("socket_route",
                    "DSN routes via Unix socket (?unix_socket=...); this bypasses the "
                    "network SSRF guard. Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in."));
  Routes by_host = to({});
  by_host.unix_socket = "/run/postgresql";
  by_host.socket_by_host = true;
  EXPECT_EQ(
      refused(by_host, names),
      refusal("socket_route",
              "DSN host is an absolute path (libpq Unix-socket form); this bypasses the "
              "network SSRF guard. Set RECOTEM_SQL_ALLOW_PRIVATE=1 to opt in."));
  EXPECT_EQ(
      refused(to({}), names),
      refusal("no_host",
              "DSN for dialect 'postgresql' does not specify a host; the driver would "
              "default to the local socket / 127.0.0.1 which is rejected by the SSRF "
              "guard. Specify a host explicitly or set RECOTEM_SQL_ALLOW_PRIVATE=1 to "
              "opt in."));
  EXPECT_EQ(names.asked(), 0);
}

// RS-016 RS-017
TEST(NetworkTarget, MessagesNameTheVariableThatTheUserUsed) {
  Names names;
  const Policy native = policy({{"PENSTOCK_SQL_ALLOW_PRIVATE", "off"}});
  EXPECT_EQ(refused(to({"10.0.0.5"}), names, native),
            private_host("10.0.0.5", "PENSTOCK_SQL_ALLOW_PRIVATE"));
  const Policy documented = policy({{"RECOTEM_SQL_ALLOW_PRIVATE", "0"}});
  EXPECT_EQ(refused(to({"10.0.0.5"}), names, documented), private_host("10.0.0.5"));
  EXPECT_TRUE(refused(to({}), names, native)
                  .message.ends_with("or set PENSTOCK_SQL_ALLOW_PRIVATE=1 to opt in."));
  const Policy both =
      policy({{"PENSTOCK_SQL_ALLOW_PRIVATE", "0"}, {"RECOTEM_SQL_ALLOW_PRIVATE", "1"}});
  EXPECT_EQ(refused(to({"10.0.0.5"}), names, both),
            private_host("10.0.0.5", "PENSTOCK_SQL_ALLOW_PRIVATE"));
}

// RS-018
TEST(NetworkTarget, FourWordsOptInInAnyCaseAndNothingElseDoes) {
  for (const char* variable :
       {"RECOTEM_SQL_ALLOW_PRIVATE", "PENSTOCK_SQL_ALLOW_PRIVATE"}) {
    for (const char* word : {"1", "true", "TRUE", "True", "yes", "YES", "on", " On "}) {
      EXPECT_TRUE(policy({{variable, word}}).allow_private) << word;
    }
    for (const char* word : {"0", "false", "no", "off", "OFF", "", "  "}) {
      EXPECT_FALSE(policy({{variable, word}}).allow_private) << word;
    }
    for (const char* word : {"2", "y", "t", "enable", "1 1", "ja", "truee", "-1"}) {
      EXPECT_EQ(failure_of([&] { policy({{variable, word}}); }),
                (Failure{Category::kConfiguration, "bad_control_value",
                         std::string(variable) + " is neither yes nor no",
                         "set it to 1, true, yes or on to opt in, or unset it"}))
          << word;
    }
  }
  EXPECT_EQ(traits(Category::kConfiguration).exit_code, 8);
  EXPECT_FALSE(policy({}).allow_private);
  EXPECT_FALSE(policy({{"SQL_ALLOW_PRIVATE", "1"}}).allow_private);
}

// RS-018
TEST(NetworkTarget, OptedInPrivateAddressesAndSocketsAreAdmitted) {
  const Policy opted_in = policy({{"RECOTEM_SQL_ALLOW_PRIVATE", "yes"}});
  Names names;
  names.says("db", {"10.0.0.1", "8.8.8.8"}).says("localhost", {"127.0.0.1"});
  EXPECT_EQ(admitted(to({"db"}), names, opted_in).addresses().size(), 2U);
  const Folder folder;
  const Target target = admitted(in_folder(folder.path()), names, opted_in);
  EXPECT_EQ(target.unix_socket(), folder.path());
  EXPECT_TRUE(target.addresses().empty());
  const Target nameless = admitted(to({}), names, opted_in);
  EXPECT_EQ(nameless.addresses(), std::vector{*parse_ip("127.0.0.1")});
  EXPECT_EQ(nameless.name(), "localhost");
}

// RS-018
TEST(NetworkTarget, OnlyASocketIsAdmittedAsOneAndByItsRealPath) {
  Names names;
  const Folder folder;
  const Policy opted_in{true};
  std::filesystem::create_directory(folder.path() / "run");
  std::filesystem::create_symlink("run", folder.path() / "link");
  penstock::testing::write_bytes(folder.file("file"), "");
  EXPECT_EQ(admitted(in_folder(folder.file("link")), names, opted_in).unix_socket(),
            folder.file("run"));
  Routes file = in_folder(folder.file("file"));
  EXPECT_EQ(
      refused(file, names, opted_in),
      refusal("not_a_socket",
              "refusing to connect to '" + file.unix_socket + "': it is a regular file",
              "name the folder that the socket is in"));
  file.socket_by_host = false;
  EXPECT_EQ(refused(file, names, opted_in).hint, "name the socket itself");
  const Routes missing = in_folder(folder.file("none"));
  EXPECT_EQ(refused(missing, names, opted_in),
            (Failure{Category::kUnavailable, "socket_missing",
                     "cannot reach the socket at '" + missing.unix_socket +
                         "': No such file or directory",
                     "check the path, and that the server runs"}));
}

// RS-018
TEST(NetworkTarget,
     AListOfSocketsAndAPathThatIsReadDifferentlyAreRefusedAlsoWhenOptedIn) {
  Names names;
  const Policy opted_in{true};
  // libpq would dial the second one by a resolution of its own.
  for (const char* path : {"/tmp,db.example", "/tmp,/run", ",/tmp", "/tmp,"}) {
    EXPECT_EQ(refused(in_folder(path), names, opted_in), kHostList) << path;
  }
  for (const char* path : {"tmp", "./tmp", "@abstract", "/tmp\n", "/tmp\x7f"}) {
    EXPECT_EQ(refused(in_folder(path), names, opted_in),
              refusal("bad_socket",
                      "refusing a DSN whose socket is not an absolute path of plain text",
                      "a Unix socket is named by its whole path"))
        << path;
  }
}

// RS-016
TEST(Resolver, TheSystemsOwnReadsOddNumbersAsThePlainAddressTheyAre) {
  const Deadline soon = Deadline::after(std::chrono::seconds(20));
  for (const char* spelling : {"0x7f.1", "0177.0.0.1", "2130706433", "127.1"}) {
    EXPECT_EQ(resolve_by_system(spelling, soon, {}), std::vector{*parse_ip("127.0.0.1")});
  }
  EXPECT_EQ(resolve_by_system("::ffff:10.0.0.1", soon, {}),
            std::vector{*parse_ip("10.0.0.1")});
}

// RS-016
TEST(Resolver, AZoneIsRefused) {
  EXPECT_EQ(failure_of([] {
              resolve_by_system("fe80::1%lo", Deadline::after(std::chrono::seconds(20)),
                                {});
            }).code,
            "zoned_address");
}

// RS-009
TEST(Resolver, NeitherADeadlineNorAStopIsWaitedPast) {
  std::stop_source stopped;
  stopped.request_stop();
  // Asked of the hosts file at most: whatever the answer, it is not waited for.
  EXPECT_EQ(failure_of([&] {
              resolve_by_system("localhost", Deadline::never(), stopped.get_token());
            }).category,
            Category::kInterrupted);
}

}  // namespace
}  // namespace penstock
