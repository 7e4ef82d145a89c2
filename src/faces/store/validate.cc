#include <fmt/format.h>

#include "base/text.h"
#include "declare/statement.h"
#include "engine/registry.h"
#include "faces/store/state.h"
#include "guard/dsn.h"
#include "penstock/error.h"
#include "penstock/store.h"

namespace penstock {
namespace {

// A value that the parameter could have.
Value example_of(const KeyParameter& parameter) {
  if (parameter.fallback) return *parameter.fallback;
  if (!parameter.choices.empty()) return parameter.choices.front();
  switch (parameter.type) {
    case KeyParameter::Type::kInt:
      return std::int64_t{1};
    case KeyParameter::Type::kFloat:
      return 1.0;
    case KeyParameter::Type::kBool:
      return true;
    case KeyParameter::Type::kText:
      break;
  }
  return std::string("x");
}

}  // namespace

Error in_words_of_a_manifest(const Error& error) {
  if (error.code() != "parameter_missing") return error;
  return Error(error.category(), error.code(), error.message(),
               "declare it under the key's parameters; a colon that is not a parameter "
               "is written \\:");
}

StoreValidation validate(const Engine& engine, const Manifest& manifest, bool offline,
                         std::stop_token stop) {
  const Store store(engine, manifest);
  StoreValidation result;
  result.templates = static_cast<std::int64_t>(store.templates().size());
  result.keys = static_cast<std::int64_t>(manifest.entries.size()) - result.templates;
  const Query& defaults = manifest.defaults;
  const auto variable = engine.environment().get(defaults.connection.dsn_env);
  if (offline && (!variable || trim(*variable).empty())) return result;

  const Dialect& dialect =
      dialect_for(resolve_dsn(defaults.connection, engine.environment()));
  result.dialect = dialect.name();
  for (const ManifestEntry& entry : manifest.entries) {
    Params params;
    for (const auto& [name, parameter] : entry.parameters)
      params.emplace(name, example_of(parameter));
    try {  // named in full: for a std::map that is not const, std::bind fits better
      penstock::bind(entry.query, dialect.lexicon(), params);
    } catch (const Error& error) {
      throw in_words_of_a_manifest(error);
    }
  }
  if (offline) return result;

  engine.probe(defaults, std::move(stop));
  result.connected = true;
  return result;
}

}  // namespace penstock
