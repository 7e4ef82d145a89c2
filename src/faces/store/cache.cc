#include "faces/store/cache.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "sink/file_error.h"

namespace penstock {
namespace {

using Nanoseconds = std::chrono::sys_time<std::chrono::nanoseconds>;

constexpr std::size_t kFolderCharacters = 2;  // of an address

Nanoseconds time_of(const timespec& time) {
  return Nanoseconds(std::chrono::seconds(time.tv_sec) +
                     std::chrono::nanoseconds(time.tv_nsec));
}

std::vector<std::string> names_in(const std::string& folder) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  std::vector<std::string> names;
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

// A lock file, or a temporary, goes only while its own lock is ours: whoever waits for it
// sees that it is gone, and makes a new one.
void remove_unheld(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
}

}  // namespace

Cache::Cache(CacheChoice choice) : choice_(std::move(choice)) {}

std::string Cache::path_of(const std::string& address) const {
  return fmt::format("{}/{}/{}", choice_.folder, address.substr(0, kFolderCharacters),
                     address.substr(kFolderCharacters));
}

void Cache::require_private() const {
  struct stat status{};
  if (::stat(choice_.folder.c_str(), &status) != 0) {
    throw output_error("open the cache folder", choice_.folder, errno);
  }
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return;
  }
  throw Error(Category::kOutput, "cache_not_private",
              fmt::format("refusing the cache folder '{}': it is not a folder of this "
                          "user that nobody else may write into",
                          printable(choice_.folder)),
              "chmod go-w it, or name another under cache.path");
}

bool Cache::is_fresh(Nanoseconds made_at) const {
  const auto age = std::chrono::system_clock::now() - made_at;
  // Younger than now: a clock was set back, and nothing is known of its age.
  return age >= std::chrono::nanoseconds(0) && age < choice_.ttl;
}

std::optional<Cache::Found> Cache::find(const std::string& address, bool any_age) const {
  auto file = std::make_unique<Descriptor>(
      ::open(path_of(address).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file->valid()) return std::nullopt;
  require_private();
  struct stat status{};
  if (::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const Nanoseconds made_at = time_of(status.st_mtim);
  if (!any_age && !is_fresh(made_at)) return std::nullopt;
  return Found{std::move(file), status.st_size,
               std::chrono::floor<std::chrono::microseconds>(made_at)};
}

Output Cache::begin(const std::string& address, OutputOptions options,
                    const std::stop_token& stop) const {
  std::error_code ignored;  // mkdir says what is wrong
  std::filesystem::create_directories(std::filesystem::path(choice_.folder).parent_path(),
                                      ignored);
  if (::mkdir(choice_.folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw output_error("make the cache folder", choice_.folder, errno);
  require_private();
  options.path = path_of(address);
  return Output(std::move(options), LockOptions{true, -1}, stop);
}

void Cache::trim() const noexcept try {
  struct Entry {
    std::string path;
    Nanoseconds made_at;
    std::int64_t size;
  };
  std::vector<Entry> entries;
  std::int64_t total = 0;
  for (const std::string& folder : names_in(choice_.folder)) {
    for (const std::string& name : names_in(choice_.folder + "/" + folder)) {
      const std::string path = fmt::format("{}/{}/{}", choice_.folder, folder, name);
      struct stat status{};
      if (name.ends_with(".tmp")) remove_unheld(path);
      if (name.starts_with('.') || name.ends_with(".lock") ||
          ::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        continue;
      }
      entries.push_back({path, time_of(status.st_mtim), status.st_size});
      total += status.st_size;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.made_at < b.made_at; });
  for (const Entry& entry : entries) {
    if (total <= choice_.bytes && is_fresh(entry.made_at)) continue;
    ::unlink(entry.path.c_str());
    remove_unheld(entry.path + ".lock");
    total -= entry.size;
  }
} catch (const std::exception&) {
  return;  // a cache that is larger than it should be is no reason to fail a read
}

}  // namespace penstock
