#include "guard/target.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
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
  return "not a regular file";
}

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw Error(Category::kRefused, "not_a_database_file",
              fmt::format("refusing to open '{}': it is {}", printable(path), why),
              "a SQLite DSN names a regular file");
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

}  // namespace

Target admit(const Routes& routes) {
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
    target.path_ = path;
  }
  return target;
}

}  // namespace penstock
