#include "penstock/validate.h"

#include "base/text.h"
#include "declare/statement.h"
#include "engine/registry.h"
#include "guard/dsn.h"

namespace penstock {
Validation validate(const Engine& engine, const Recipe& recipe, const Params& params,
                    bool offline, std::stop_token stop) {
  Validation result;
  const Query& query = recipe.query;
  const auto variable = engine.environment().get(query.connection.dsn_env);
  if (offline && (!variable || trim(*variable).empty())) return result;

  const Dialect& dialect =
      dialect_for(resolve_dsn(query.connection, engine.environment()));
  result.dialect = dialect.name();
  result.parameters = bind(query, dialect.lexicon(), params).names;
  if (offline) return result;

  engine.probe(query, std::move(stop));
  result.connected = true;
  return result;
}

}  // namespace penstock
