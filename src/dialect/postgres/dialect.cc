#include "dialect/postgres/dialect.h"

#include <libpq-fe.h>

#include <fmt/format.h>

#include "dialect/postgres/connection.h"

namespace penstock::postgres {
namespace {

constexpr int kPort = 5432;

class PostgresDialect final : public Dialect {
 public:
  std::string_view name() const override { return "postgresql"; }

  std::string client_version() const override {
    const int version = PQlibVersion();
    return fmt::format("{}.{}", version / 10'000, version % 10'000);
  }

  const Lexicon& lexicon() const override { return Lexicon::postgres(); }

  // libpq dials hostaddr, else the host of the query, else that of the authority; it
  // verifies a certificate against the host's name.
  Routes routes(const Dsn& dsn) const override {
    Routes routes;
    routes.dialect = dsn.dialect;
    routes.network = true;
    routes.port = dsn.port == 0 ? kPort : dsn.port;
    routes.service = dsn.option("service");
    routes.hostaddr = dsn.option("hostaddr");
    const std::string host(dsn.option("host"));
    for (const std::string& route : {dsn.host, host, routes.hostaddr}) {
      if (route.empty()) continue;
      if (route.starts_with('/')) {
        routes.unix_socket = route;
        routes.socket_by_host = true;
        continue;
      }
      routes.hosts.push_back(route);
      routes.dial_host = route;
    }
    routes.name = !host.empty() ? host : !dsn.host.empty() ? dsn.host : routes.hostaddr;
    return routes;
  }

  std::string_view views() const override {
    return "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c "
           "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
           "WHERE c.relkind IN ('v', 'm') "
           "AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
           "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
           "AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2";
  }
  std::string quoted(std::string_view name) const override {
    return quote_identifier(name, '"');
  }
  std::unique_ptr<Connection> connect(const Dsn& dsn, const Target& target,
                                      const Session& session,
                                      const Wait& wait) const override {
    return std::make_unique<PostgresConnection>(dsn, target, session, wait);
  }

  // The first session exports its snapshot; the others take it before they read anything.
  std::vector<std::unique_ptr<Connection>> connect_group(
      const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
      const Statement& /*statement*/, const Partition& partition,
      std::string* why) const override {
    std::vector<std::unique_ptr<Connection>> group;
    auto first = std::make_unique<PostgresConnection>(dsn, target, session, wait,
                                                      Version{true, {}});
    const Version version{true, first->snapshot()};
    group.push_back(std::move(first));
    const auto connect = [&] {
      return std::make_unique<PostgresConnection>(dsn, target, session, wait, version);
    };
    connect_others(group, static_cast<std::size_t>(partition.count - 1), connect, why);
    return group;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_dialect() { return std::make_unique<PostgresDialect>(); }

}  // namespace penstock::postgres
