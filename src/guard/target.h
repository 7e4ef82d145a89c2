// Dsn -> Routes -> Target: what a driver could open or dial, and what of it was admitted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/address.h"
#include "guard/dsn.h"
#include "guard/resolver.h"
#include "penstock/environment.h"

namespace penstock {

/// Everything a driver could open or dial for a Dsn, every form of it. A dialect lists
/// them; none may be left out.
struct Routes {
  struct File {
    std::string path;  // as written, relative to the working directory; empty: a database
                       // in memory
  };
  std::vector<File> files;

  std::string dialect;   // for the messages
  bool network = false;  // the next ones count
  std::vector<std::string>
      hosts;              // every name or address that was given, in whatever place
  std::string dial_host;  // the one the driver would dial: hostaddr, else the query's
                          // host, else the authority's
  std::string hostaddr;   // of those, the one that must be a number (PostgreSQL)
  std::string name;       // what a certificate must be for
  int port = 0;
  std::string
      unix_socket;  // a path given as ?unix_socket= (MySQL) or as a host (PostgreSQL)
  bool socket_by_host = false;
  std::string service;  // PostgreSQL's ?service=; opted in, the guard has replaced it
};

/// Which routes are allowed beyond the public ones.
struct Policy {
  bool allow_private = false;
  std::string variable = "RECOTEM_SQL_ALLOW_PRIVATE";  // the name to give the user

  /// RS-018: {1, true, yes, on}, in any case, opts in. Throws Error{kConfiguration} for a
  /// word that is neither yes nor no.
  static Policy of(const Environment& environment);
};

/// What was admitted. Only `admit` makes one, so a dialect cannot open or dial anything
/// else.
class Target {
 public:
  /// SQLite. Absolute and without symbolic links at the time of admission; empty: a
  /// database in memory.
  const std::string& path() const noexcept { return path_; }

  /// The addresses to try, in order; each was checked. Empty for a socket.
  const std::vector<IpAddress>& addresses() const noexcept { return addresses_; }
  /// The host name to verify the certificate against; may be an address in text.
  const std::string& name() const noexcept { return name_; }
  int port() const noexcept { return port_; }
  /// The folder (PostgreSQL) or file (MySQL) of a Unix socket, absolute and without
  /// symbolic links at the time of admission; empty: none.
  const std::string& unix_socket() const noexcept { return unix_socket_; }

 private:
  friend Target admit(const Routes&, const Policy&, const Resolver&, Deadline,
                      const std::stop_token&);
  Target() = default;
  static Target of_file(const Routes& routes);
  static Target of_network(const Routes& routes, const Policy& policy,
                           const Resolver& resolver, Deadline deadline,
                           const std::stop_token& stop);

  std::string path_;
  std::vector<IpAddress> addresses_;
  std::string name_;
  int port_ = 0;
  std::string unix_socket_;
};

/// Files: a regular file that exists, or a database in memory. Throws Error{kUnavailable}
/// for a file that is not there (nothing is ever created) and Error{kRefused} for a FIFO,
/// device, socket or folder and for anything under /proc, /sys or /dev, also behind a
/// symbolic link; for a -journal, -wal or -shm beside it that is no regular file or has a
/// second name; and for a -wal beside an empty file.
///
/// Network: each host is resolved once; every address of every host must be public unless
/// `policy` opts in (RS-016 to RS-019), and only those of `dial_host` are in the Target.
/// Lists of hosts, an '@' in a host, a zone and a name in the place of an address are
/// refused always. Opted in, a Unix socket may be the target, if it is one. Throws
/// Error{kRefused} with the document's messages.
Target admit(const Routes& routes, const Policy& policy, const Resolver& resolver,
             Deadline deadline, const std::stop_token& stop);

}  // namespace penstock
