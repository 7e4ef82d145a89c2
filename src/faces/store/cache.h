// Results on disk, each under the hash of all that it depends on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "penstock/manifest.h"
#include "penstock/output.h"
#include "penstock/store.h"
#include "sink/descriptor.h"
#include "sink/output.h"

namespace penstock {

/// Invariants:
///  1. A file is under its name whole, or not at all: the sink writes it.
///  2. A file's modification time is when its query began. It is served while it is
///  younger than the time to live, and never after.
///  3. Of all threads and processes one runs a query; the others wait for its file. The
///  sink's lock does it.
///  4. After each write the files together are no larger than the cap: the oldest go. A
///  file that somebody reads stays readable.
///  5. The folder is the user's own: nobody else may write into it.
/// Thread contract: immutable; any number of threads.
class Cache {
 public:
  explicit Cache(CacheChoice choice);

  struct Found {
    std::unique_ptr<Descriptor> file;
    std::int64_t size;
    StoreTime made_at;
  };
  /// The result at `address`, if it is there and fresh, or of any age for the run that
  /// has just made it. Throws Error{kOutput}, code "cache_not_private", if others may
  /// write into the folder.
  std::optional<Found> find(const std::string& address, bool any_age = false) const;

  /// Takes the address for writing: waits until no other run writes it. The folders are
  /// made. Throws Error{kInterrupted} if `stop` comes first.
  Output begin(const std::string& address, OutputOptions options,
               const std::stop_token& stop) const;

  /// Removes what is too old or too much, and what crashed runs left.
  void trim() const noexcept;

 private:
  std::string path_of(const std::string& address) const;
  void require_private() const;
  bool is_fresh(std::chrono::sys_time<std::chrono::nanoseconds> made_at) const;

  const CacheChoice choice_;
};

}  // namespace penstock
