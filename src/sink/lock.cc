#include "sink/lock.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "sink/atomic_file.h"

namespace penstock {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{100};
constexpr double kForeverSeconds = 1e9;

// Returns at once when a stop is asked for.
void pause(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock hold(mutex);
  wake.wait_for(hold, stop, time, [] { return false; });
}

Error lock_error(const std::string& path, std::string_view what) {
  return Error(
      Category::kOutput, "lock_failed",
      fmt::format("cannot lock {}: {}", printable(path, 1024), what),
      "remove what is in the lock file's place, or run without a lock (--no-lock)");
}

Error lock_error(const std::string& path, int error) {
  return lock_error(path, std::generic_category().message(error));
}

void open_lock_file(const Destination& destination, Descriptor& file) {
  const std::string name = destination.name() + ".lock";
  // O_NONBLOCK: a FIFO or device in the lock's place must not hang us.
  file.reset(::openat(destination.folder(), name.c_str(),
                      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                      0600));
  if (!file.valid()) {
    if (errno == ELOOP)
      throw lock_error(destination.lock_path(), "it is a symbolic link");
    throw lock_error(destination.lock_path(), errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw lock_error(destination.lock_path(), errno);
  if (!S_ISREG(status.st_mode)) {
    throw lock_error(destination.lock_path(), "it is not a regular file");
  }
}

// Someone who removed the lock file while we waited may have made a new one, which
// another run can hold: then ours excludes nobody.
bool still_in_place(const Destination& destination, const Descriptor& file) {
  const std::string name = destination.name() + ".lock";
  struct stat held{};
  struct stat found{};
  return ::fstat(file.get(), &held) == 0 &&
         ::fstatat(destination.folder(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

bool try_flock(const Descriptor& file, const std::string& path) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw lock_error(path, errno);
  }
  return true;
}

Clock::time_point time_after(double seconds) {
  const std::chrono::duration<double> wait(
      seconds < 0 ? kForeverSeconds : std::min(seconds, kForeverSeconds));
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(wait);
}

}  // namespace

OutputLock::OutputLock(const Destination& destination, const LockOptions& options,
                       std::stop_token stop)
    : destination_(destination) {
  const auto give_up = time_after(options.timeout_seconds);
  milliseconds wait = kFirstPause;
  while (true) {
    if (stop.stop_requested()) {
      throw Error(Category::kInterrupted, "interrupted",
                  fmt::format("interrupted while waiting for the lock {}",
                              printable(destination_.lock_path(), 1024)));
    }
    const State state = try_once();
    if (state == State::kHeld) return;
    const auto left = std::chrono::ceil<milliseconds>(give_up - Clock::now());
    if (left <= milliseconds{0}) throw contested(state);
    pause(std::min(wait, left), stop);
    wait = std::min(wait * 2, kLongestPause);
  }
}

void OutputLock::confirm() {
  if (still_in_place(destination_, file_)) return;
  if (const State state = try_once(); state != State::kHeld) throw contested(state);
}

OutputLock::State OutputLock::try_once() {
  while (true) {
    open_lock_file(destination_, file_);
    const bool locked = try_flock(file_, destination_.lock_path());
    if (!still_in_place(destination_, file_)) continue;
    if (!locked) return State::kHeldByOther;
    // A run whose lock file was removed has nothing left to show for it but its
    // temporary.
    if (!AtomicFile::sweep(destination_)) return State::kHeld;
    file_.reset();
    return State::kWrittenByOther;
  }
}

Error OutputLock::contested(State state) const {
  const std::string lock = printable(destination_.lock_path(), 1024);
  return Error(
      Category::kLocked, "lock_contested",
      state == State::kHeldByOther
          ? fmt::format("another run holds the lock {}", lock)
          : fmt::format("another run writes {}, though the lock {} is free",
                        printable(destination_.path(), 1024), lock),
      "wait for it with --lock-timeout SECONDS (-1: as long as it takes), or write "
      "to another path");
}

}  // namespace penstock
