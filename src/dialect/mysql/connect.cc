#include "dialect/mysql/connect.h"

#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <openssl/x509.h>

#include "base/socket_wait.h"
#include "base/text.h"
#include "dialect/mysql/errors.h"
#include "guard/dial.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

// Nothing that sends the password in clear, or lets the server ask what it likes.
constexpr const char* kAuthentications =
    "caching_sha2_password,mysql_native_password,client_ed25519";
constexpr unsigned kPluginNotAllowed = 5010;  // CR_PLUGIN_NOT_ALLOWED

[[noreturn]] void refuse(const Dsn& dsn, std::string_view what) {
  throw Error(
      Category::kDataSource, "dsn_option", fmt::format("{} {}", dsn.place(), what),
      "ssl_mode is DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY; ssl, "
      "ssl_verify_cert and ssl_verify_identity are true or false");
}

std::optional<bool> flag(const Dsn& dsn, std::string_view name) {
  const std::string word = to_lower(dsn.option(name));
  if (word.empty()) return std::nullopt;
  if (word == "true" || word == "1") return true;
  if (word == "false" || word == "0") return false;
  refuse(dsn, fmt::format("has an {} that is neither true nor false", name));
}

TlsMode named_mode(const Dsn& dsn, std::string_view word) {
  static constexpr std::array<std::string_view, 5> kNames{
      "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (equals_ignoring_case(word, kNames[i])) return static_cast<TlsMode>(i);
  }
  refuse(dsn, "has an ssl_mode that is not one");
}

void set_options(MYSQL* connection, const Target& target, const Tls& tls) {
  const auto set = [connection](mysql_option option, const void* value) {
    if (mysql_optionsv(connection, option, value) != 0) {
      throw Error(Category::kUnexpected, "driver_option",
                  fmt::format("this libmariadb does not take its option {}",
                              static_cast<int>(option)));
    }
  };
  const unsigned int protocol =
      target.unix_socket().empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  const unsigned int off = 0;
  const my_bool no = 0;
  const my_bool yes = 1;
  set(MYSQL_OPT_PROTOCOL, &protocol);
  set(MYSQL_OPT_LOCAL_INFILE, &off);
  set(MYSQL_OPT_RECONNECT, &no);
  set(MYSQL_ENABLE_CLEARTEXT_PLUGIN, &no);
  set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
  set(MARIADB_OPT_RESTRICTED_AUTH, kAuthentications);
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "penstock");
  if (tls.mode == TlsMode::kDisabled) return;
  set(MYSQL_OPT_SSL_ENFORCE, &yes);
  set(MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
  if (!tls.certificate.empty()) set(MYSQL_OPT_SSL_CERT, tls.certificate.c_str());
  if (!tls.key.empty()) set(MYSQL_OPT_SSL_KEY, tls.key.c_str());
  if (tls.mode < TlsMode::kVerifyCa) return;
  // With a root named, libmariadb verifies the chain; with the next option, the name,
  // too.
  if (tls.ca.empty()) {
    set(MYSQL_OPT_SSL_CAPATH, X509_get_default_cert_dir());
  } else {
    set(MYSQL_OPT_SSL_CA, tls.ca.c_str());
  }
  if (tls.mode == TlsMode::kVerifyIdentity) set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

std::string place_of(const Target& target) {
  return target.unix_socket().empty()
             ? fmt::format("{}:{}", printable(target.name()), target.port())
             : printable(target.unix_socket());
}

Error connect_error(MYSQL* connection, const Target& target) {
  const unsigned number = mysql_errno(connection);
  // libmariadb's own words have bytes of the server's in place of the plug-in's name.
  // MySQL asks a user that it does not know for any of its plug-ins.
  if (number == kPluginNotAllowed) {
    return Error(
        Category::kUnavailable, "authentication_failed",
        fmt::format("cannot connect to {}: the server asks for a way to authenticate "
                    "that is not allowed",
                    place_of(target)),
        "check the user in the DSN; if it is right: ALTER USER ... IDENTIFIED WITH "
        "caching_sha2_password (MySQL) or VIA ed25519 (MariaDB), and use verified TLS");
  }
  Classified found = classify(number, mysql_sqlstate(connection));
  const bool silent = number == 2002 || number == 2006 || number == 2012 ||
                      number == 2013 || number == 2055;
  if (silent) {
    found = {Category::kUnavailable, "connect_failed",
             "check that a MySQL or MariaDB server runs there and can be reached"};
  } else if (found.code == "query_failed") {
    found = {Category::kUnavailable, "connect_failed", ""};
  }
  return Error(found.category, std::string(found.code),
               fmt::format("cannot connect to {}: {}", place_of(target),
                           printable(trim(mysql_error(connection)), 400)),
               std::string(found.hint));
}

void check_tls(MYSQL* connection, const Tls& tls) {
  if (tls.mode < TlsMode::kRequired || mysql_get_ssl_cipher(connection) != nullptr)
    return;
  throw Error(Category::kRefused, "tls_not_used",
              "the connection is not encrypted, which the DSN asks for");
}

Connected connect_once(const Dsn& dsn, const Target& target, std::size_t route,
                       const Tls& tls, SocketWait& wait) {
  const bool local = !target.unix_socket().empty();
  Connected connected{
      std::make_unique<Link>(target, route, tls.mode >= TlsMode::kRequired,
                             local || tls.mode >= TlsMode::kVerifyCa),
      Handle(mysql_init(nullptr)), route};
  MYSQL* raw = connected.handle.get();
  if (raw == nullptr)
    throw Error(Category::kLimit, "out_of_memory", "not enough memory to connect");
  set_options(raw, target, tls);
  connected.link->attach(raw);
  connected.link->use(&wait);
  const std::string password(dsn.password.reveal());
  const char* database = dsn.database.empty() ? nullptr : dsn.database.c_str();
  const MYSQL* opened = mysql_real_connect(
      raw, target.name().empty() ? "localhost" : target.name().c_str(), dsn.user.c_str(),
      password.c_str(), database, static_cast<unsigned>(target.port()),
      local ? target.unix_socket().c_str() : nullptr, 0);
  connected.link->use(nullptr);
  if (opened == nullptr) {
    connected.link->rethrow();
    throw connect_error(raw, target);
  }
  check_tls(raw, tls);
  return connected;
}

}  // namespace

Tls tls_of(const Dsn& dsn) {
  Tls tls;
  tls.ca = dsn.option("ssl_ca");
  tls.certificate = dsn.option("ssl_cert");
  tls.key = dsn.option("ssl_key");
  const bool files = !tls.ca.empty() || !tls.certificate.empty() || !tls.key.empty();
  const auto wanted = flag(dsn, "ssl");
  const auto verify = flag(dsn, "ssl_verify_cert");
  const auto identity = flag(dsn, "ssl_verify_identity");
  const std::string_view mode = dsn.option("ssl_mode");
  if (!mode.empty()) {
    if (wanted || verify || identity)
      refuse(dsn, "has an ssl_mode and also ssl, ssl_verify_cert or ssl_verify_identity");
    tls.mode = named_mode(dsn, mode);
    if (!tls.ca.empty() && tls.mode < TlsMode::kVerifyCa)
      refuse(dsn, "has an ssl_ca that its ssl_mode does not verify with");
    if (files && tls.mode == TlsMode::kDisabled)
      refuse(dsn, "has ssl files and turns TLS off");
    return tls;
  }
  const bool asked = wanted.value_or(false) || files || verify || identity;
  if (wanted && !*wanted) {
    if (files || verify.value_or(false) || identity.value_or(false))
      refuse(dsn, "turns TLS off and has other ssl options");
    tls.mode = TlsMode::kDisabled;
  } else if (asked) {
    if (!verify.value_or(true) && (identity.value_or(false) || !tls.ca.empty()))
      refuse(dsn, "has ssl_verify_cert=false with ssl_ca or ssl_verify_identity");
    tls.mode = !verify.value_or(true)     ? TlsMode::kRequired
               : !identity.value_or(true) ? TlsMode::kVerifyCa
                                          : TlsMode::kVerifyIdentity;
  }
  return tls;
}

Connected connect(const Dsn& dsn, const Target& target, const Wait& wait) {
  if (dsn.user.empty()) {
    throw Error(Category::kDataSource, "dsn_user",
                fmt::format("{} names no user", dsn.place()),
                "the form is mysql://user:password@host:port/database");
  }
  const Tls tls = tls_of(dsn);
  set_up_driver();
  SocketWait socket_wait(wait.deadline, wait.stop);
  try {
    for (std::size_t route = 0; route + 1 < routes_of(target); ++route) {
      try {
        return connect_once(dsn, target, route, tls, socket_wait);
      } catch (const Error& error) {
        if (error.code() != "connect_failed") throw;
      }
    }
    return connect_once(dsn, target, routes_of(target) - 1, tls, socket_wait);
  } catch (const Error& error) {
    if (error.category() != Category::kTimeout) throw;
    throw Error(
        Category::kTimeout, "connect_timeout",
        fmt::format("no connection to {} within the time limit", place_of(target)),
        "raise connect_timeout_seconds, or check the network");
  }
}

void kill_query(const Dsn& dsn, const Target& target, std::size_t route, unsigned long id,
                const StopLimits& limits) noexcept {
  try {
    SocketWait wait(Deadline::after(limits.total), {}, {limits.silence, limits.silence});
    const Connected other = connect_once(dsn, target, route, tls_of(dsn), wait);
    other.link->use(&wait);
    const std::string sql = fmt::format("KILL QUERY {}", id);
    mysql_real_query(other.handle.get(), sql.data(), sql.size());
    other.link->use(nullptr);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it is closed anyway
  }
}

}  // namespace penstock::mysql
