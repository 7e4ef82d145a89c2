// Dsn -> Routes -> Target: what a driver could open, and what of it was admitted.
#pragma once

#include <string>
#include <vector>

namespace penstock {

/// Everything a driver could open for a Dsn. A dialect lists them; none may be left out.
struct Routes {
  struct File {
    std::string path;  // as written, relative to the working directory; empty: a database
                       // in memory
  };
  std::vector<File> files;
};

/// What was admitted. Only `admit` makes one, so a dialect cannot open anything else.
class Target {
 public:
  /// Absolute and without symbolic links at the time of admission; empty: a database in
  /// memory.
  const std::string& path() const noexcept { return path_; }

 private:
  friend Target admit(const Routes& routes);
  Target() = default;
  std::string path_;
};

/// Admits a regular file that exists, or a database in memory. Throws Error{kUnavailable}
/// for a file that is not there (nothing is ever created) and Error{kRefused} for a FIFO,
/// device, socket or folder and for anything under /proc, /sys or /dev, also behind a
/// symbolic link.
Target admit(const Routes& routes);

}  // namespace penstock
