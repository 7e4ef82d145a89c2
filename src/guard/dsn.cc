#include "guard/dsn.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"
#include "guard/target.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::string_view kSchemeCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_-.";

// A "+driver" suffix names another program's driver and means nothing here.
std::string canonical_dialect(std::string_view scheme) {
  std::string name = to_lower(scheme.substr(0, scheme.find('+')));
  if (name == "postgres") return "postgresql";
  if (name == "mariadb") return "mysql";
  return name;
}

}  // namespace

void refuse_dsn(const std::string& variable, std::string_view code, std::string_view what,
                std::string_view hint) {
  throw Error(Category::kDataSource, std::string(code),
              fmt::format("{} {}", place_of_dsn(variable), what), std::string(hint));
}

std::string place_of_dsn(const std::string& variable) {
  return variable.empty() ? "connection.uri"
                          : fmt::format("the DSN in env var {}", variable);
}

std::string Dsn::place() const { return place_of_dsn(variable); }

std::string_view safe_option_name(std::string_view name) {
  const bool plain =
      name.size() <= 32 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
  return plain ? name : "...";
}

std::string_view Dsn::option(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::string_view() : found->second;
}

Dsn parse_dsn(const Secret& text, const std::string& variable) {
  const std::string_view dsn = trim(text.reveal());
  const auto colon = dsn.find(':');
  const std::string_view scheme = dsn.substr(0, colon);
  const bool named = !scheme.empty() && scheme.find_first_not_of(kSchemeCharacters) ==
                                            std::string_view::npos;
  if (colon == std::string_view::npos || !named || dsn.substr(colon, 3) != "://") {
    refuse_dsn(
        variable, "dsn_scheme", "does not begin with DIALECT://",
        "for example postgresql://user:pass@host/db or sqlite:////absolute/path.db");
  }
  Dsn result;
  result.dialect = canonical_dialect(scheme);
  result.variable = variable;
  const std::string_view rest = dsn.substr(colon + 3);
  if (result.dialect == "sqlite") {
    parse_sqlite_dsn(rest, &result);
  } else if (result.dialect == "postgresql" || result.dialect == "mysql") {
    parse_network_dsn(rest, &result);
  } else {
    throw Error(
        Category::kDataSource, "unsupported_dialect",
        fmt::format("unsupported SQL dialect '{}'; officially supported: ['mysql', "
                    "'postgres', 'sqlite'].",
                    result.dialect));
  }
  return result;
}

Dsn read_dsn(const ConnectionConfig& connection, const Environment& environment) {
  if (connection.dsn_env.empty()) {
    if (trim(connection.uri.reveal()).empty()) {
      throw Error(Category::kTask, "no_connection",
                  "connection has neither uri nor dsn_env",
                  "name the variable with the DSN: dsn_env: PENSTOCK_SHOP_DSN");
    }
    return parse_dsn(connection.uri, "");
  }
  if (!connection.uri.empty()) {
    throw Error(Category::kTask, "two_connections", "connection has both uri and dsn_env",
                "keep one of the two");
  }
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

Dsn resolve_dsn(const ConnectionConfig& connection, const Environment& environment) {
  Dsn dsn = read_dsn(connection, environment);
  apply_arguments(connection, &dsn);
  if (!dsn.option("service").empty() && Policy::of(environment).allow_private) {
    apply_service(environment, &dsn);
  }
  apply_settings(&dsn);
  dsn.redactor.add(dsn.password);
  dsn.redactor.add(dsn.key_password);
  for (const auto& [name, secret] : connection.secret_connect_args) {
    dsn.redactor.add(secret);
  }
  return dsn;
}

std::chrono::milliseconds connect_limit(const Dsn& dsn, std::chrono::milliseconds limit) {
  if (dsn.connect_timeout) return *dsn.connect_timeout;
  const std::string_view text = dsn.option("connect_timeout");
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds < 1 || seconds > 86'400) return limit;  // libpq: 0 and less are no limit
  return std::min<std::chrono::milliseconds>(limit, std::chrono::seconds(seconds));
}

bool tls_not_configured(const Dsn& dsn) {
  if (dsn.dialect == "postgresql") {
    const std::string_view mode = dsn.option("sslmode");
    return mode.empty() || mode == "disable" || mode == "allow" || mode == "prefer";
  }
  if (dsn.dialect != "mysql") return false;
  const std::string mode = to_upper(dsn.option("ssl_mode"));
  if (mode == "DISABLED" || mode == "PREFERRED") return true;
  const std::string ssl = to_lower(dsn.option("ssl"));
  if (ssl == "false" || ssl == "0") return true;
  for (const auto& [name, value] : dsn.options) {
    if (name.starts_with("ssl")) return false;
  }
  return true;
}

void require_writable(const Dsn& dsn) {
  if (!dsn.read_only) return;
  throw Error(Category::kRefused, "dsn_read_only",
              fmt::format("{} has mode=ro, and the task may write", dsn.place()),
              "leave out mode=ro, or declare access: read_only");
}

}  // namespace penstock
