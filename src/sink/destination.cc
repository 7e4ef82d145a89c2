#include "sink/destination.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "sink/file_error.h"

namespace penstock {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit, path_resolution(7)

struct Parts {
  std::string folder;
  std::string name;
};

Parts split_path(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Error not_a_file(const std::string& path, std::string_view what) {
  return Error(Category::kOutput, "output_not_a_file",
               fmt::format("cannot write {}: it is {}", printable(path, 1024), what),
               "give the path of a file");
}

// The path that a chain of symbolic links ends at, whether or not something is there.
std::string follow_links(const std::string& path) {
  std::string at = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    struct stat status{};
    if (::lstat(at.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return at;
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(at.c_str(), target.data(), target.size());
    if (size < 0) throw output_error("follow the link", path, errno);
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    at = text.starts_with('/') ? std::string(text)
                               : split_path(at).folder + "/" + std::string(text);
  }
  throw output_error("follow the link", path, ELOOP);
}

// Whether `path` is the entry `name` of `folder`: a link of /proc/self/fd may read as a
// path that is gone, or is another file by now. Another run may put its file there
// between the two looks, so that they are taken again.
bool leads_to(const std::string& path, int folder, const std::string& name) {
  constexpr int kLooks = 32;
  for (int look = 0; look < kLooks; ++look) {
    struct stat status{};
    struct stat found{};
    if (::stat(path.c_str(), &status) != 0) return errno == ENOENT;
    if (::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        found.st_dev == status.st_dev && found.st_ino == status.st_ino) {
      return true;
    }
  }
  return false;
}

// Makes `folder` and what is missing above it; each new entry is made durable in its own
// parent.
void make_folders(const std::string& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw output_error("make the folder", folder, ENOTDIR);
  }
  if (errno != ENOENT) throw output_error("open the folder", folder, errno);
  const std::string parent = split_path(folder).folder;
  if (parent != folder) make_folders(parent);
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    throw output_error("make the folder", folder, errno);
  }
  const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.valid()) ::fsync(above.get());
}

}  // namespace

Destination::Destination(const std::string& path) : path_(path) {
  if (path == "-") {
    stream_ = true;
    return;
  }
  if (path.empty()) throw not_a_file(path, "an empty path");
  if (path.find('\0') != std::string::npos)
    throw not_a_file(path, "a path with a NUL byte");

  // stat(2) follows links where the kernel allows it, into /dev/fd and /proc too.
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) throw output_error("write", path, errno);
  if (exists && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
    stream_ = true;
    return;
  }
  if (exists && S_ISDIR(status.st_mode)) throw not_a_file(path, "a directory");
  if (exists && S_ISBLK(status.st_mode)) throw not_a_file(path, "a block device");
  if (exists && !S_ISREG(status.st_mode)) throw not_a_file(path, "a socket");

  const std::string resolved = follow_links(path);
  Parts parts = split_path(resolved);
  if (parts.name.empty() || parts.name == "." || parts.name == "..") {
    throw not_a_file(path, "the path of a directory");
  }
  make_folders(parts.folder);
  folder_path_ = std::move(parts.folder);
  name_ = std::move(parts.name);
  folder_.reset(::open(folder_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid()) throw output_error("open the folder", folder_path_, errno);
  if (::faccessat(folder_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    throw output_error("write into the folder", folder_path_, errno);
  }
  if (exists && !leads_to(path, folder_.get(), name_)) {
    throw not_a_file(path, "a link to a file that has no name");
  }
}

std::string Destination::lock_path() const {
  std::string lock = name_ + ".lock";
  if (folder_path_ == ".") return lock;
  return folder_path_ == "/" ? folder_path_ + lock : folder_path_ + "/" + lock;
}

std::optional<mode_t> Destination::current_mode() const {
  struct stat status{};
  if (::fstatat(folder(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw output_error("write", path_, errno);
  }
  if (!S_ISREG(status.st_mode)) throw not_a_file(path_, "no longer a regular file");
  return status.st_mode & 0777;
}

}  // namespace penstock
