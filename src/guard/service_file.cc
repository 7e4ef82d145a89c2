// libpq's connection service file, read by us so that libpq never does.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// Where Debian's libpq looks; another's is named by PGSYSCONFDIR.
constexpr std::string_view kSystemFolder = "/etc/postgresql-common";
constexpr std::uintmax_t kMostBytes = 1024 * 1024;

using Settings = std::map<std::string, Secret, std::less<>>;

[[noreturn]] void refuse(std::string_view code, std::string message,
                         std::string hint = {}) {
  throw Error(Category::kDataSource, std::string(code), std::move(message),
              std::move(hint));
}

class ServiceFile {
 public:
  ServiceFile(std::string path, std::string service)
      : path_(std::move(path)), service_(std::move(service)) {}

  /// What the file says of the service; nothing if it does not name it. The first section
  /// of that name counts, and in it the first of equal keys.
  std::optional<Settings> read() {
    struct stat info{};
    if (::stat(path_.c_str(), &info) != 0) fail(std::strerror(errno));
    if (!S_ISREG(info.st_mode)) fail("it is not a regular file");
    if (static_cast<std::uintmax_t>(info.st_size) > kMostBytes) fail("it is too large");
    std::ifstream in(path_, std::ios::binary);
    if (!in) fail(std::strerror(errno));
    std::optional<Settings> settings;
    std::string line;
    while (std::getline(in, line)) {
      ++number_;
      const std::string_view text = trim(line);
      if (text.empty() || text.starts_with('#')) continue;
      if (text.starts_with('[')) {
        if (settings) break;
        if (text.substr(1).starts_with(service_) &&
            text.substr(1 + service_.size()).starts_with(']')) {
          settings.emplace();
        }
      } else if (settings) {
        take(text, &*settings);
      }
    }
    if (in.bad()) fail("it cannot be read");
    return settings;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    refuse("service_file",
           fmt::format("cannot read the service file '{}': {}", printable(path_), why));
  }

  std::string here() const { return fmt::format("{}:{}", printable(path_), number_); }

  void take(std::string_view text, Settings* settings) const {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
      refuse("service_file", fmt::format("{}: a line that is not key=value", here()));
    }
    const std::string name(text.substr(0, equals));
    const auto& allowed = allowed_options("postgresql");
    if (name == "service" ||
        std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      std::vector<std::string> shown = allowed;
      std::erase(shown, "service");
      refuse("service_option",
             fmt::format("{}: the key '{}' is not allowed in a service", here(),
                         safe_option_name(name)),
             fmt::format("allowed: {}", fmt::join(shown, ", ")));
    }
    if (name == "port" && port_of(text.substr(equals + 1)) == 0) {
      refuse("service_file",
             fmt::format("{}: the port is not a number from 1 to 65535", here()));
    }
    if (text.find('\0') != std::string_view::npos) {
      refuse("service_file", fmt::format("{}: a NUL", here()));
    }
    settings->emplace(name, Secret(std::string(text.substr(equals + 1))));
  }

  const std::string path_;
  const std::string service_;
  int number_ = 0;
};

bool exists(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

// The files in the order libpq looks into them. The one that PGSERVICEFILE names must be
// there.
std::vector<std::string> service_files(const Environment& environment) {
  std::vector<std::string> files;
  const std::string home = environment.get("HOME").value_or("");
  if (const auto named = environment.get("PGSERVICEFILE")) {
    files.push_back(*named);
  } else if (!home.empty() && exists(home + "/.pg_service.conf")) {
    files.push_back(home + "/.pg_service.conf");
  }
  const std::string system =
      environment.get("PGSYSCONFDIR").value_or(std::string(kSystemFolder)) +
      "/pg_service.conf";
  if (exists(system)) files.push_back(system);
  return files;
}

Settings settings_of(const std::string& service, const Environment& environment) {
  for (const std::string& file : service_files(environment)) {
    if (auto found = ServiceFile(file, service).read()) return *std::move(found);
  }
  refuse("service_not_found",
         fmt::format("there is no definition of service '{}'", printable(service)),
         "it is looked for in the file that PGSERVICEFILE names, or ~/.pg_service.conf, "
         "and in pg_service.conf of PGSYSCONFDIR");
}

}  // namespace

void apply_service(const Environment& environment, Dsn* dsn) {
  const std::string service(dsn->option("service"));
  dsn->options.erase("service");
  const auto fill = [](std::string* place, const std::string& value) {
    if (place->empty()) *place = value;
  };
  for (const auto& [name, secret] : settings_of(service, environment)) {
    const std::string value(secret.reveal());
    if (value.empty()) continue;
    if (name == "password") {
      if (dsn->password.empty()) dsn->password = secret;
    } else if (name == "sslpassword") {
      if (dsn->key_password.empty()) dsn->key_password = secret;
    } else if (name == "user") {
      fill(&dsn->user, value);
    } else if (name == "dbname") {
      fill(&dsn->database, value);
    } else if (name == "port") {
      if (dsn->port == 0) dsn->port = port_of(value);
    } else if (name != "host" || dsn->host.empty()) {
      dsn->options.emplace(name, value);
    }
  }
}

}  // namespace penstock
