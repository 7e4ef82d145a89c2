#include "dialect/mysql/dialect.h"

#include <mysql.h>

#include "declare/first_word.h"
#include "dialect/mysql/connection.h"
#include "dialect/mysql/one_version.h"
#include "dialect/mysql/session.h"

namespace penstock::mysql {
namespace {

constexpr int kPort = 3306;

class MysqlDialect final : public Dialect {
 public:
  std::string_view name() const override { return "mysql"; }

  std::string client_version() const override { return mysql_get_client_info(); }

  const Lexicon& lexicon() const override { return Lexicon::mysql(); }

  // A host in the query wins over the authority's, as PyMySQL has it.
  Routes routes(const Dsn& dsn) const override {
    Routes routes;
    routes.dialect = dsn.dialect;
    routes.network = true;
    routes.port = dsn.port == 0 ? kPort : dsn.port;
    routes.unix_socket = dsn.option("unix_socket");
    for (const std::string& host : {dsn.host, std::string(dsn.option("host"))}) {
      if (host.empty()) continue;
      routes.hosts.push_back(host);
      routes.dial_host = host;
    }
    routes.name = routes.dial_host;
    return routes;
  }

  bool commits_by_itself(const Statement& statement) const override {
    return mysql::commits_by_itself(first_words(statement, lexicon(), 4));
  }

  std::string_view views() const override {
    return "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.VIEWS "
           "WHERE TABLE_SCHEMA NOT IN "
           "('sys', 'mysql', 'information_schema', 'performance_schema') "
           "ORDER BY TABLE_SCHEMA, TABLE_NAME";
  }
  std::string quoted(std::string_view name) const override {
    return quote_identifier(name, '`');
  }
  std::unique_ptr<Connection> connect(const Dsn& dsn, const Target& target,
                                      const Session& session,
                                      const Wait& wait) const override {
    return std::make_unique<MysqlConnection>(dsn, target, session, wait);
  }

  std::vector<std::unique_ptr<Connection>> connect_group(
      const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
      const Statement& statement, const Partition& partition,
      std::string* why) const override {
    return connect_to_one_version(dsn, target, session, wait, statement, partition, why);
  }
};

}  // namespace

std::unique_ptr<Dialect> make_dialect() { return std::make_unique<MysqlDialect>(); }

}  // namespace penstock::mysql
