#include "sink/atomic_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/text.h"
#include "sink/file_error.h"

namespace penstock {
namespace {

constexpr std::size_t kRandomBytes = 8;
constexpr std::size_t kMaxNameBytes =
    200;  // of the output's name, to stay below NAME_MAX with the rest
constexpr std::string_view kSuffix = ".tmp";
constexpr int kMaxTries = 100;

std::string temporary_prefix(const std::string& name) {
  return "." + name.substr(0, kMaxNameBytes) + ".";
}

std::string random_hex() {
  std::array<char, kRandomBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw output_error("draw a random name for", "a temporary file", errno);
  }
  return to_hex({bytes.data(), bytes.size()});
}

bool is_temporary(std::string_view entry, std::string_view prefix) {
  if (!entry.starts_with(prefix) || !entry.ends_with(kSuffix)) return false;
  entry.remove_prefix(prefix.size());
  if (entry.size() != kRandomBytes * 2 + kSuffix.size()) return false;
  entry.remove_suffix(kSuffix.size());
  return entry.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Holds the temporary's lock while it unlinks, so that a writer between creating and
// locking notices. False: its writer lives.
bool remove_if_stale(int folder, const char* name) {
  const Descriptor file(
      ::openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return true;
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
  ::unlinkat(folder, name, 0);
  return true;
}

}  // namespace

AtomicFile::AtomicFile(const Destination& destination, const FileCalls& calls)
    : destination_(destination), calls_(calls) {
  try {
    create();
  } catch (...) {
    remove();
    throw;
  }
}

AtomicFile::~AtomicFile() { remove(); }

void AtomicFile::create() {
  old_mode_ = destination_.current_mode();
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const std::string name =
        temporary_prefix(destination_.name()) + random_hex() + std::string(kSuffix);
    file_.reset(::openat(destination_.folder(), name.c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         old_mode_ ? 0600 : 0666));
    if (!file_.valid()) {
      if (errno == EEXIST) continue;
      throw output_error("create a temporary file for", destination_.path(), errno);
    }
    name_ = name;
    struct stat status{};
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        throw output_error("lock a temporary file for", destination_.path(), errno);
      }
    } else if (::fstat(file_.get(), &status) == 0 && status.st_nlink > 0) {
      return;
    }
    remove();  // another run's sweep came between; try another name
  }
  throw output_error("create a temporary file for", destination_.path(), EEXIST);
}

void AtomicFile::remove() noexcept {
  if (!name_.empty()) ::unlinkat(destination_.folder(), name_.c_str(), 0);
  name_.clear();
  file_.reset();
}

void AtomicFile::publish() {
  try {
    // Not sooner: the next run must be able to open a leftover to see that nobody holds
    // it.
    if (old_mode_ && ::fchmod(file_.get(), *old_mode_) != 0) {
      throw output_error("set the permissions of", destination_.path(), errno);
    }
    if (calls_.fsync(file_.get()) != 0)
      throw output_error("write", destination_.path(), errno);
    // Some file systems tell of a failed write only when a descriptor is closed. The
    // second descriptor keeps the lock until the rename.
    const Descriptor holder(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
    if (!holder.valid() || (calls_.close(file_.release()) != 0 && errno != EINTR)) {
      throw output_error("write", destination_.path(), errno);
    }
    static_cast<void>(destination_.current_mode());  // never rename over a device
    if (calls_.rename(destination_.folder(), name_.c_str(),
                      destination_.name().c_str()) != 0) {
      throw output_error("rename a temporary file to", destination_.path(), errno);
    }
    name_.clear();
    // EINVAL: a file system that cannot sync a folder (some network ones).
    if (calls_.fsync(destination_.folder()) != 0 && errno != EINVAL) {
      throw output_error("sync the folder of", destination_.path(), errno);
    }
  } catch (...) {
    remove();
    throw;
  }
}

bool AtomicFile::sweep(const Destination& destination) noexcept {
  Descriptor listed(
      ::openat(destination.folder(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listed.valid()) return false;
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(listed.get()));
  if (!folder) return false;
  listed.release();
  const std::string prefix = temporary_prefix(destination.name());
  bool held = false;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (is_temporary(entry->d_name, prefix) &&
        !remove_if_stale(destination.folder(), entry->d_name)) {
      held = true;
    }
  }
  return held;
}

}  // namespace penstock
