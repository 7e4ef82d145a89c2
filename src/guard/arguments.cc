// The arguments a task gives besides its URI: what Python's drivers call connect_args.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// Names of Python's drivers for what a DSN calls otherwise.
struct Alias {
  std::string_view dialect;
  std::string_view argument;
  std::string_view option;
};
constexpr Alias kAliases[] = {
    {"postgresql", "database", "dbname"},
    {"mysql", "passwd", "password"},
    {"mysql", "db", "database"},
    {"mysql", "ssl.ca", "ssl_ca"},
    {"mysql", "ssl.cert", "ssl_cert"},
    {"mysql", "ssl.key", "ssl_key"},
    {"mysql", "ssl.check_hostname", "ssl_verify_identity"},
};

// Taken, and without a meaning here: how a Python object behaves, or what is always so.
constexpr std::string_view kMeaningless[] = {"autocommit", "check_same_thread",
                                             "isolation_level"};
constexpr std::string_view kMeaninglessSqlite[] = {"cached_statements", "detect_types",
                                                   "uri"};

std::vector<std::string> known_arguments(std::string_view dialect) {
  std::vector<std::string> known(std::begin(kMeaningless), std::end(kMeaningless));
  if (dialect == "sqlite") {
    known.emplace_back("timeout");
    known.insert(known.end(), std::begin(kMeaninglessSqlite),
                 std::end(kMeaninglessSqlite));
  } else {
    const auto& options = allowed_options(dialect);
    known.insert(known.end(), options.begin(), options.end());
    for (const Alias& alias : kAliases) {
      if (alias.dialect == dialect) known.emplace_back(alias.argument);
    }
    if (dialect == "mysql") known.emplace_back("ssl_disabled");
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

[[noreturn]] void refuse(std::string_view name, std::string_view what,
                         std::string hint = {}) {
  throw Error(Category::kTask, "connect_arg",
              fmt::format("connect_args.{} {}", name, what), std::move(hint));
}

// As a DSN would have it. A bool is 1 or 0, which libpq and we both take.
std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "1" : "0";
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return {};  // NULL; a file of ours gives no other
}

std::chrono::milliseconds timeout_of(std::string_view name, const std::string& text) {
  const auto timeout = seconds_of(text);
  if (!timeout) refuse(name, "is not a number of seconds from above 0 to 86400");
  return *timeout;
}

class Arguments {
 public:
  explicit Arguments(Dsn* dsn) : dsn_(dsn), known_(known_arguments(dsn->dialect)) {}

  void apply(const std::string& name, const Secret& value) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      throw Error(Category::kTask, "connect_arg",
                  fmt::format("connect_args has '{}', which is not known for {}",
                              printable(name), dsn_->dialect),
                  fmt::format("known: {}", fmt::join(known_, ", ")));
    }
    const std::string text(value.reveal());
    if (text.empty() || is_meaningless(name)) return;
    if (text.find('\0') != std::string::npos) refuse(name, "has a NUL in its value");
    set(name, option_of(name), text);
  }

 private:
  bool is_meaningless(std::string_view name) const {
    const auto among = [name](const auto& names) {
      return std::find(std::begin(names), std::end(names), name) != std::end(names);
    };
    return among(kMeaningless) ||
           (dsn_->dialect == "sqlite" && among(kMeaninglessSqlite));
  }

  std::string_view option_of(std::string_view name) const {
    for (const Alias& alias : kAliases) {
      if (alias.dialect == dsn_->dialect && alias.argument == name) return alias.option;
    }
    return name;
  }

  void set(const std::string& name, std::string_view option, const std::string& text) {
    if (option == "user") {
      dsn_->user = text;
    } else if (option == "password") {
      dsn_->password = Secret(text);
    } else if (option == "sslpassword") {
      dsn_->key_password = Secret(text);
    } else if (option == "dbname" || option == "database") {
      dsn_->database = text;
    } else if (option == "connect_timeout" || option == "timeout") {
      dsn_->connect_timeout = timeout_of(name, text);
    } else if (option == "read_timeout") {
      dsn_->read_timeout = timeout_of(name, text);
    } else if (option == "write_timeout") {
      dsn_->write_timeout = timeout_of(name, text);
    } else if (option == "port") {
      dsn_->port = port_of(text);
      if (dsn_->port == 0) refuse(name, "is not a number from 1 to 65535");
    } else if (option == "ssl_disabled") {
      const std::string word = to_lower(text);
      if (word == "1" || word == "true") dsn_->options["ssl"] = "false";
    } else {
      dsn_->options[std::string(option)] = text;
    }
  }

  Dsn* dsn_;
  const std::vector<std::string> known_;
};

}  // namespace

void apply_arguments(const ConnectionConfig& connection, Dsn* dsn) {
  if (connection.connect_args.empty() && connection.secret_connect_args.empty()) return;
  Arguments arguments(dsn);
  for (const auto& [name, value] : connection.connect_args) {
    if (!connection.secret_connect_args.contains(name)) {
      arguments.apply(name, Secret(text_of(value)));
    }
  }
  // Last, so that they win also under another name for the same.
  for (const auto& [name, value] : connection.secret_connect_args) {
    arguments.apply(name, value);
  }
}

}  // namespace penstock
