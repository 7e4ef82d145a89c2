#include "dialect/sqlite/dialect.h"

#include <sqlite3.h>

#include "dialect/sqlite/bounded.h"
#include "dialect/sqlite/write_ahead_log.h"

namespace penstock::sqlite {
namespace {

class SqliteDialect final : public Dialect {
 public:
  std::string_view name() const override { return "sqlite"; }
  std::string client_version() const override { return sqlite3_libversion(); }
  const Lexicon& lexicon() const override { return Lexicon::sqlite(); }
  Routes routes(const Dsn& dsn) const override {
    Routes routes;
    routes.files.push_back({dsn.path});
    return routes;
  }
  std::unique_ptr<Connection> connect(const Dsn& /*dsn*/, const Target& target,
                                      const Session& session,
                                      const Wait& wait) const override {
    return connect_bounded(target, session, wait);
  }

  std::string_view views() const override {
    return "SELECT 'main', name FROM sqlite_schema WHERE type = 'view' ORDER BY name";
  }
  std::string quoted(std::string_view name) const override {
    return quote_identifier(name, '"');
  }
  std::string allow_writers(const Dsn& dsn, const Target& target, const Session& session,
                            const Wait& wait) const override {
    return dsn.path.empty() || dsn.read_only ? ""
                                             : set_write_ahead_log(target, session, wait);
  }

  std::vector<std::unique_ptr<Connection>> connect_group(
      const Dsn& /*dsn*/, const Target& target, const Session& session, const Wait& wait,
      const Statement& /*statement*/, const Partition& partition,
      std::string* why) const override {
    return connect_group_bounded(target, session, wait, partition.count, why);
  }
};

}  // namespace

std::unique_ptr<Dialect> make_dialect() { return std::make_unique<SqliteDialect>(); }

}  // namespace penstock::sqlite
