#include "guard/target.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISREG(mode)) return "a regular file";
  return "not a regular file";
}

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Error(Category::kRefused, "not_a_database_file",
              fmt::format("refusing to open '{}': it is {}", printable(path), why),
              "a SQLite DSN names a regular file");
}

// SQLite takes these for the database's own by their names alone. It writes the -shm also
// of a database that it opens read-only, through whatever other name that file has, and
// deletes a -wal beside an empty database.
void check_companions(const std::string& path, const struct stat& database) {
  for (const std::string_view end : {"-journal", "-wal", "-shm"}) {
    const std::string companion = fmt::format("{}{}", path, end);
    struct stat info{};
    if (::lstat(companion.c_str(), &info) != 0) continue;
    std::string why;
    if (!S_ISREG(info.st_mode)) {
      why = fmt::format("is {}", kind_of(info.st_mode));
    } else if (info.st_nlink > 1) {
      why = fmt::format("is a file of {} names (hard links)", info.st_nlink);
    } else if (end == "-wal" && database.st_size == 0) {
      why = "stands beside an empty database, and SQLite would delete it";
    } else {
      continue;
    }
    throw Error(Category::kRefused, "bad_companion_file",
                fmt::format("refusing to open '{}': '{}' {}", printable(path),
                            printable(companion), why),
                "SQLite takes it for the database's own; move it away if it is not");
  }
}

// "sqlite:///data/x.db" is relative although it looks absolute: a slip so common that it
// gets a hint.
std::string missing_hint(const std::string& path) {
  struct stat info{};
  if (!path.starts_with('/') && ::stat(("/" + path).c_str(), &info) == 0) {
    return "the path is relative to the working directory; an absolute one has four "
           "slashes: sqlite:////...";
  }
  return "penstock never creates a database; check the path, and the working directory "
         "of a relative one";
}

std::string canonical(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(path.c_str(), nullptr), &std::free);
  if (real) return real.get();
  const int error = errno;
  throw Error(Category::kUnavailable, "database_file_missing",
              fmt::format("cannot open database file '{}': {}", printable(path),
                          std::strerror(error)),
              error == ENOENT ? missing_hint(path) : "");
}

Error refused(std::string_view code, std::string message, std::string hint = {}) {
  return Error(Category::kRefused, std::string(code), std::move(message),
               std::move(hint));
}

// RS-017, in the document's words; the variable is the one that would opt in.
void check_forms(const Routes& routes, const Policy& policy) {
  const auto bypass = [&policy](std::string_view what) {
    return fmt::format("{}; this bypasses the network SSRF guard. Set {}=1 to opt in.",
                       what, policy.variable);
  };
  if (!routes.service.empty()) {
    throw refused("service_route",
                  bypass("DSN routes via libpq service file (?service=...)"));
  }
  if (!routes.unix_socket.empty()) {
    throw refused("socket_route",
                  bypass(routes.socket_by_host
                             ? "DSN host is an absolute path (libpq Unix-socket form)"
                             : "DSN routes via Unix socket (?unix_socket=...)"));
  }
  if (routes.hosts.empty()) {
    throw refused("no_host", fmt::format("DSN for dialect '{}' does not specify a host; "
                                         "the driver would default to the local "
                                         "socket / 127.0.0.1 which is rejected by the "
                                         "SSRF guard. Specify a host explicitly or "
                                         "set {}=1 to opt in.",
                                         routes.dialect, policy.variable));
  }
}

// Refused whatever was opted in to: forms that drivers and parsers read differently.
void check_host(const std::string& host) {
  if (host.find(',') != std::string::npos) {
    throw refused("host_list", "refusing a DSN with a list of hosts",
                  "name a single host");
  }
  if (host.find_first_of("@%/?#\\") != std::string::npos || printable(host) != host ||
      host != trim(host)) {
    throw refused("bad_host",
                  "refusing a DSN whose host has a character that no host name has",
                  "percent-encode '@', '/' and ':' in the user and the password; an IPv6 "
                  "zone is not allowed");
  }
}

// libpq would take a list of folders apart, and what is not absolute for something else.
void check_socket(const std::string& path) {
  if (path.find(',') != std::string::npos) {
    throw refused("host_list", "refusing a DSN with a list of hosts",
                  "name a single host");
  }
  if (!path.starts_with('/') || printable(path, path.size()) != path) {
    throw refused("bad_socket",
                  "refusing a DSN whose socket is not an absolute path of plain text",
                  "a Unix socket is named by its whole path");
  }
}

void check_always(const Routes& routes) {
  if (!routes.unix_socket.empty()) check_socket(routes.unix_socket);
  for (const std::string& host : routes.hosts) check_host(host);
  if (!routes.hostaddr.empty() && !parse_ip(routes.hostaddr)) {
    throw refused("bad_hostaddr", "refusing a DSN whose hostaddr is not an IP address",
                  "give the name as host, and only a number as hostaddr");
  }
}

// PostgreSQL names the folder a socket is in, MySQL the socket.
std::string admitted_socket(const Routes& routes) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(routes.unix_socket.c_str(), nullptr), &std::free);
  struct stat info{};
  if (!real || ::lstat(real.get(), &info) != 0) {
    throw Error(Category::kUnavailable, "socket_missing",
                fmt::format("cannot reach the socket at '{}': {}",
                            printable(routes.unix_socket), std::strerror(errno)),
                "check the path, and that the server runs");
  }
  if (routes.socket_by_host ? !S_ISDIR(info.st_mode) : !S_ISSOCK(info.st_mode)) {
    throw refused("not_a_socket",
                  fmt::format("refusing to connect to '{}': it is {}",
                              printable(routes.unix_socket), kind_of(info.st_mode)),
                  routes.socket_by_host ? "name the folder that the socket is in"
                                        : "name the socket itself");
  }
  return real.get();
}

std::vector<IpAddress> checked_addresses(const std::string& host, const Policy& policy,
                                         const Resolver& resolver, Deadline deadline,
                                         const std::stop_token& stop) {
  std::vector<IpAddress> addresses;
  if (const auto numeric = parse_ip(host)) {
    addresses.push_back(*numeric);
  } else {
    addresses = resolver(host, deadline, stop);
  }
  for (const IpAddress& address : addresses) {
    if (policy.allow_private || is_public(address)) continue;
    throw refused("private_host",
                  fmt::format("refusing to connect to private/loopback host '{}'; set "
                              "{}=1 to opt in (intended for "
                              "in-cluster or compose service-name destinations)",
                              host, policy.variable));
  }
  return addresses;
}

}  // namespace

Policy Policy::of(const Environment& environment) {
  Policy policy;
  const auto control = environment.control("SQL_ALLOW_PRIVATE");
  if (!control) return policy;
  policy.variable = control->name;
  const std::string word = to_lower(control->value);
  policy.allow_private = word == "1" || word == "true" || word == "yes" || word == "on";
  if (!policy.allow_private && word != "0" && word != "false" && word != "no" &&
      word != "off") {
    throw Error(Category::kConfiguration, "bad_control_value",
                fmt::format("{} is neither yes nor no", control->name),
                "set it to 1, true, yes or on to opt in, or unset it");
  }
  return policy;
}

Target Target::of_file(const Routes& routes) {
  Target target;
  for (const Routes::File& file : routes.files) {
    if (file.path.empty()) continue;
    const std::string path = canonical(file.path);
    for (const std::string_view system : {"/proc/", "/sys/", "/dev/"}) {
      if (path.starts_with(system)) refuse(file.path, fmt::format("under {}", system));
    }
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
      refuse(file.path, kind_of(info.st_mode));
    }
    check_companions(path, info);
    target.path_ = path;
  }
  return target;
}

Target Target::of_network(const Routes& routes, const Policy& policy,
                          const Resolver& resolver, Deadline deadline,
                          const std::stop_token& stop) {
  if (!policy.allow_private) check_forms(routes, policy);
  check_always(routes);
  Target target;
  target.name_ = routes.name;
  target.port_ = routes.port;
  if (!routes.unix_socket.empty()) {
    target.unix_socket_ = admitted_socket(routes);
    return target;
  }
  if (routes.hosts
          .empty()) {  // opted in: the drivers' own default, without their sockets
    target.name_ = "localhost";
    target.addresses_ = checked_addresses(target.name_, policy, resolver, deadline, stop);
  }
  // A name that is given in two places is asked for once (RS-019).
  for (const std::string& host :
       std::set<std::string>(routes.hosts.begin(), routes.hosts.end())) {
    auto addresses = checked_addresses(host, policy, resolver, deadline, stop);
    if (host == routes.dial_host) target.addresses_ = std::move(addresses);
  }
  return target;
}

Target admit(const Routes& routes, const Policy& policy, const Resolver& resolver,
             Deadline deadline, const std::stop_token& stop) {
  return routes.network ? Target::of_network(routes, policy, resolver, deadline, stop)
                        : Target::of_file(routes);
}

}  // namespace penstock
