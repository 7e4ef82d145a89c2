#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::string_view kForm =
    "the form is DIALECT://user:password@host:port/database?option=value; percent-encode "
    "'@', '/', "
    "':' and '%' in the user and the password";

class Parser {
 public:
  Parser(std::string_view rest, Dsn* dsn) : rest_(rest), dsn_(dsn) {}

  void parse() {
    const auto question = find_query();
    if (question != std::string_view::npos) {
      parse_options(rest_.substr(question + 1));
      rest_ = rest_.substr(0, question);
    }
    take_user();
    const auto slash = rest_.find('/');
    if (slash != std::string_view::npos) {
      dsn_->database = decoded(rest_.substr(slash + 1), "the database's name");
      rest_ = rest_.substr(0, slash);
    }
    take_host();
    adopt_options();
  }

 private:
  [[noreturn]] void refuse(std::string_view code, std::string_view what) const {
    refuse_dsn(dsn_->variable, code, what, kForm);
  }

  // A '?' may stand in a password that ends at '@', as hosts have none.
  std::size_t find_query() const {
    const auto at = user_end();
    return rest_.find('?', at == std::string_view::npos ? 0 : at);
  }

  // The '@' that ends "user[:password]", whose user has no ':' and no '/'; the password
  // anything but '@'.
  std::size_t user_end() const {
    const auto at = rest_.find('@');
    if (at == std::string_view::npos) return at;
    const auto stop = rest_.find_first_of(":/?");
    return stop > at || rest_[stop] == ':' ? at : std::string_view::npos;
  }

  std::string decoded(std::string_view text, std::string_view what) const {
    auto plain = percent_decode(text);
    if (!plain)
      refuse("dsn_percent",
             fmt::format("has a '%' in {} that is not followed by two hex digits", what));
    if (plain->find('\0') != std::string::npos)
      refuse("dsn_nul", fmt::format("has a NUL in {}", what));
    return *std::move(plain);
  }

  void take_user() {
    const auto at = user_end();
    if (at == std::string_view::npos) return;
    const std::string_view user_info = rest_.substr(0, at);
    const auto colon = user_info.find(':');
    dsn_->user = decoded(user_info.substr(0, colon), "the user");
    if (colon != std::string_view::npos) {
      dsn_->password = Secret(decoded(user_info.substr(colon + 1), "the password"));
    }
    rest_.remove_prefix(at + 1);
  }

  void take_host() {
    if (rest_.starts_with('[')) {
      const auto end = rest_.find(']');
      if (end == std::string_view::npos)
        refuse("dsn_host", "has a '[' without a ']' in its host");
      dsn_->host = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
      if (!rest_.empty() && rest_.front() != ':')
        refuse("dsn_host", "has text after the ']' of its host");
    } else {
      const auto colon = rest_.find(':');
      dsn_->host = rest_.substr(0, colon);
      rest_ = colon == std::string_view::npos ? std::string_view() : rest_.substr(colon);
    }
    if (rest_.size() > 1) dsn_->port = port(rest_.substr(1));
  }

  int port(std::string_view text) const {
    const int value = port_of(text);
    if (value == 0) refuse("dsn_port", "has a port that is not a number from 1 to 65535");
    return value;
  }

  void parse_options(std::string_view query) {
    if (query.empty()) return;
    const auto& allowed = allowed_options(dsn_->dialect);
    for (const std::string_view pair : split(query, '&')) {
      const auto equals = pair.find('=');
      const std::string name(pair.substr(0, equals));
      if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
        refuse_dsn(dsn_->variable, "dsn_option",
                   fmt::format("has the option '{}', which is not allowed for {}",
                               safe_option_name(name), dsn_->dialect),
                   fmt::format("allowed: {}", fmt::join(allowed, ", ")));
      }
      if (equals == std::string_view::npos)
        refuse("dsn_option", fmt::format("has the option '{}' without a value", name));
      if (dsn_->options.contains(name))
        refuse("dsn_option", fmt::format("has the option '{}' twice", name));
      dsn_->options[name] = decoded(pair.substr(equals + 1), "an option");
    }
  }

  // Options that say again what the authority says: they win, as the drivers have it.
  void adopt_options() {
    const auto take = [this](std::string_view name) {
      const auto found = dsn_->options.find(name);
      if (found == dsn_->options.end()) return std::optional<std::string>();
      std::optional<std::string> value(std::move(found->second));
      dsn_->options.erase(found);
      return value;
    };
    for (const std::string_view name : {"password", "passwd"}) {
      if (auto value = take(name)) dsn_->password = Secret(*std::move(value));
    }
    if (auto value = take("sslpassword")) dsn_->key_password = Secret(*std::move(value));
    if (auto value = take("user")) dsn_->user = *std::move(value);
    for (const std::string_view name : {"dbname", "db", "database"}) {
      if (auto value = take(name)) dsn_->database = *std::move(value);
    }
    if (auto value = take("port")) dsn_->port = port(*value);
    if (auto value = take("read_timeout")) dsn_->read_timeout = seconds(*value);
    if (auto value = take("write_timeout")) dsn_->write_timeout = seconds(*value);
    if (auto value = take("ssl_check_hostname")) {  // SQLAlchemy's name for it
      if (dsn_->options.contains("ssl_verify_identity"))
        refuse("dsn_option",
               "has ssl_check_hostname and ssl_verify_identity, which are one");
      dsn_->options["ssl_verify_identity"] = *std::move(value);
    }
  }

  std::chrono::milliseconds seconds(std::string_view text) const {
    const auto found = seconds_of(text);
    if (!found)
      refuse("dsn_option",
             "has a timeout that is not a number of seconds from above 0 to 86400");
    return *found;
  }

  std::string_view rest_;
  Dsn* dsn_;
};

}  // namespace

const std::vector<std::string>& allowed_options(std::string_view dialect) {
  static const std::vector<std::string> postgres{"sslmode",
                                                 "sslrootcert",
                                                 "sslcert",
                                                 "sslkey",
                                                 "sslpassword",
                                                 "sslcrl",
                                                 "sslsni",
                                                 "host",
                                                 "hostaddr",
                                                 "port",
                                                 "user",
                                                 "password",
                                                 "dbname",
                                                 "service",
                                                 "connect_timeout",
                                                 "application_name",
                                                 "client_encoding",
                                                 "options",
                                                 "channel_binding",
                                                 "keepalives",
                                                 "keepalives_idle",
                                                 "keepalives_interval",
                                                 "keepalives_count",
                                                 "tcp_user_timeout"};
  static const std::vector<std::string> mysql{"ssl",
                                              "ssl_ca",
                                              "ssl_cert",
                                              "ssl_key",
                                              "ssl_verify_cert",
                                              "ssl_verify_identity",
                                              "ssl_check_hostname",
                                              "ssl_mode",
                                              "host",
                                              "port",
                                              "user",
                                              "password",
                                              "passwd",
                                              "db",
                                              "database",
                                              "unix_socket",
                                              "connect_timeout",
                                              "read_timeout",
                                              "write_timeout",
                                              "charset"};
  return dialect == "postgresql" ? postgres : mysql;
}

int port_of(std::string_view text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value <= 65535 ? std::max(value, 0) : 0;
}

std::optional<std::chrono::milliseconds> seconds_of(std::string_view text) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds > 0) || seconds > 86'400)
    return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

void parse_network_dsn(std::string_view rest, Dsn* dsn) { Parser(rest, dsn).parse(); }

}  // namespace penstock
