#include "guard/dsn.h"

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::string_view kSqliteForms =
    "the forms are sqlite:///relative/path.db, sqlite:////absolute/path.db, "
    "sqlite:///file:path.db?mode=ro&uri=true and sqlite:// (in memory)";

[[noreturn]] void refuse(const std::string& variable, std::string_view code,
                         std::string what, std::string_view hint = kSqliteForms) {
  throw Error(Category::kDataSource, std::string(code),
              fmt::format("the DSN in env var {} {}", variable, what), std::string(hint));
}

std::string canonical_dialect(std::string_view scheme) {
  std::string name = to_lower(scheme.substr(0, scheme.find('+')));
  if (name == "postgres") return "postgresql";
  if (name == "mariadb") return "mysql";
  return name;
}

struct SqliteOptions {
  bool uri = false;
  bool read_only = false;
};

SqliteOptions sqlite_options(std::string_view query, const std::string& variable) {
  SqliteOptions options;
  if (query.empty()) return options;
  for (const std::string_view pair : split(query, '&')) {
    const auto equals = pair.find('=');
    const std::string key(pair.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? ""
                                                             : pair.substr(equals + 1));
    if (key == "mode") {
      if (value != "ro") refuse(variable, "dsn_mode", "asks for a mode other than ro");
      options.read_only = true;
    } else if (key == "uri") {
      if (value != "true") refuse(variable, "dsn_uri", "has a uri= other than true");
      options.uri = true;
    } else {
      refuse(variable, "dsn_option",
             fmt::format("has the option '{}', which is not allowed for sqlite",
                         printable(key, 40)),
             "allowed: mode=ro, uri=true");
    }
  }
  return options;
}

// RFC 8089: file:path, file:/path and file:///path; an authority other than the empty one
// is refused.
std::string path_of_file_uri(std::string_view uri, const std::string& variable) {
  uri.remove_prefix(5);
  if (!uri.starts_with("//")) return std::string(uri);
  uri.remove_prefix(2);
  if (!uri.starts_with('/'))
    refuse(variable, "dsn_file_host", "has a host in its file: path");
  return std::string(uri);
}

std::string sqlite_path(std::string_view rest, const std::string& variable) {
  const auto question = rest.find('?');
  const SqliteOptions options = sqlite_options(
      question == std::string_view::npos ? "" : rest.substr(question + 1), variable);
  rest = rest.substr(0, question);
  if (rest.empty()) return {};
  if (!rest.starts_with('/')) {
    refuse(variable, "dsn_sqlite_host", "names a host, which sqlite does not have");
  }
  const auto decoded = percent_decode(rest.substr(1));
  if (!decoded)
    refuse(variable, "dsn_percent", "has a '%' that is not followed by two hex digits");
  std::string path = *decoded;
  if (path.find('\0') != std::string::npos)
    refuse(variable, "dsn_nul", "has a NUL in its path");
  if (path == ":memory:") return {};
  if (to_lower(path).starts_with("file:")) {
    if (!options.uri || !options.read_only) {
      refuse(variable, "dsn_file_uri", "has a file: path without ?mode=ro&uri=true");
    }
    path = path_of_file_uri(path, variable);
    if (path.empty())
      refuse(variable, "dsn_file_uri", "has a file: path with nothing after it");
  } else if (options.uri) {
    refuse(variable, "dsn_uri", "has uri=true without a file: path");
  }
  return path;
}

}  // namespace

Dsn parse_dsn(const Secret& text, const std::string& variable) {
  const std::string_view dsn = trim(text.reveal());
  const auto colon = dsn.find(':');
  const std::string_view scheme = dsn.substr(0, colon);
  const bool named =
      !scheme.empty() && scheme.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789+_-.") == std::string_view::npos;
  if (colon == std::string_view::npos || !named || dsn.substr(colon, 3) != "://") {
    refuse(variable, "dsn_scheme", "does not begin with DIALECT://",
           "for example postgresql://user:pass@host/db or sqlite:////absolute/path.db");
  }
  Dsn result{canonical_dialect(scheme), variable, {}};
  if (result.dialect == "sqlite") {
    result.path = sqlite_path(dsn.substr(colon + 3), variable);
  } else if (result.dialect != "postgresql" && result.dialect != "mysql") {
    throw Error(
        Category::kDataSource, "unsupported_dialect",
        fmt::format("unsupported SQL dialect '{}'; officially supported: ['mysql', "
                    "'postgres', 'sqlite'].",
                    to_lower(scheme.substr(0, scheme.find('+')))));
  }
  return result;
}

Dsn resolve_dsn(const ConnectionConfig& connection, const Environment& environment) {
  const auto text = environment.get(connection.dsn_env);
  if (!text || trim(*text).empty()) {
    throw Error(
        Category::kDataSource, "dsn_env_unset",
        fmt::format("env var {} is not set or is empty; set it to the database DSN (e.g. "
                    "postgresql://user:pass@host/db)",
                    connection.dsn_env));
  }
  return parse_dsn(Secret(*text), connection.dsn_env);
}

}  // namespace penstock
