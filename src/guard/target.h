// Dsn -> Routes -> Target: what a driver could open, and what of it was admitted.
#pragma once

#include <string>
#include <vector>

#include "guard/dsn.h"

namespace penstock {

/// Everything a driver could open or dial for a Dsn.
struct Routes {
  struct File {
    std::string path;  // as written; relative to the working directory
    bool memory = false;
  };
  std::vector<File> files;
};

/// What was admitted. Only `admit` makes one, so a dialect cannot open anything else.
class Target {
 public:
  /// Absolute, without symbolic links in its last component at the time of admission; empty for a database in memory.
  const std::string& path() const noexcept { return path_; }

 private:
  friend Target admit(const Routes& routes);
  Target() = default;
  std::string path_;
};

/// Admits a regular file that exists, or a database in memory. Throws Error{kUnavailable} for a file that is not there
/// (nothing is ever created), Error{kRefused} for a FIFO, device, socket, directory, or anything under /proc or /sys.
Target admit(const Routes& routes);

}  // namespace penstock
