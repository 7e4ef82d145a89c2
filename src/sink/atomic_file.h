// A file that appears under its name whole, or not at all.
#pragma once

#include <optional>
#include <string>

#include "sink/descriptor.h"
#include "sink/destination.h"
#include "sink/file_calls.h"

namespace penstock {

/// A temporary `.<name>.<16 hex digits>.tmp` beside the output, locked by its writer,
/// until publish() gives it the final name. Destroyed before that, it is removed; if the
/// process is killed, the next run's sweep removes it.
class AtomicFile {
 public:
  /// Throws Error{kOutput}. The file has the permissions of the one it replaces, else
  /// 0666 less the umask.
  AtomicFile(const Destination& destination, const FileCalls& calls);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  int fd() const noexcept { return file_.get(); }

  /// Makes the bytes durable, then the name. Throws Error{kOutput}; the final name is
  /// then what it was before, but for a failure of the very last step, the folder's
  /// fsync, which can only leave the new file, complete.
  void publish();

  /// Removes temporaries of this output that no living process holds. True: one is held.
  static bool sweep(const Destination& destination) noexcept;

 private:
  void create();
  void remove() noexcept;

  const Destination& destination_;
  const FileCalls& calls_;
  std::optional<mode_t> old_mode_;
  Descriptor file_;
  std::string name_;  // of the temporary; empty: there is none
};

}  // namespace penstock
