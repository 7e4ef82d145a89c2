// Every route that a DSN opens, as the dialect lists them for the guard.
#include <gtest/gtest.h>

#include "dialect/postgres/dialect.h"

namespace penstock::postgres {
namespace {

Routes routes(const std::string& dsn) {
  return make_dialect()->routes(parse_dsn(Secret(dsn), "PENSTOCK_DSN"));
}

using Hosts = std::vector<std::string>;

// RS-016
TEST(PostgresRoutes, EachPlaceOfAHostIsARoute) {
  const Routes all = routes("postgresql://u@a:6432/d?host=b&hostaddr=8.8.8.8");
  EXPECT_EQ(all.hosts, (Hosts{"a", "b", "8.8.8.8"}));
  EXPECT_EQ(all.dial_host, "8.8.8.8");
  EXPECT_EQ(all.hostaddr, "8.8.8.8");
  EXPECT_EQ(all.name, "b");
  EXPECT_EQ(all.port, 6432);
  const Routes plain = routes("postgresql://u@a/d");
  EXPECT_EQ(plain.hosts, Hosts{"a"});
  EXPECT_EQ(plain.dial_host, "a");
  EXPECT_EQ(plain.name, "a");
  EXPECT_EQ(plain.port, 5432);
  const Routes query = routes("postgresql://u@/d?host=b");
  EXPECT_EQ(query.hosts, Hosts{"b"});
  EXPECT_EQ(query.name, "b");
  const Routes address = routes("postgresql://u@/d?hostaddr=::1");
  EXPECT_EQ(address.hosts, Hosts{"::1"});
  EXPECT_EQ(address.name, "::1");
}

// RS-017
TEST(PostgresRoutes, APathIsASocketAndAServiceIsOne) {
  const Routes socket = routes("postgresql://u@/d?host=%2Frun%2Fpostgresql");
  EXPECT_EQ(socket.unix_socket, "/run/postgresql");
  EXPECT_TRUE(socket.socket_by_host);
  EXPECT_TRUE(socket.hosts.empty());
  EXPECT_EQ(routes("postgresql://u@a/d?service=shop").service, "shop");
  // An abstract socket is no path; the guard refuses the '@' always.
  EXPECT_EQ(routes("postgresql://u@/d?host=@abstract").hosts, Hosts{"@abstract"});
  EXPECT_TRUE(routes("postgresql:///d").hosts.empty());
}

}  // namespace
}  // namespace penstock::postgres
