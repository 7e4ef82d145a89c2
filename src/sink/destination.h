// What a path stands for on this machine, decided before anything is written.
#pragma once

#include <optional>
#include <string>
#include <sys/stat.h>

#include "sink/descriptor.h"

namespace penstock {

/// Where an output goes.
///
///  - "-", a FIFO or a character device (/dev/null, /dev/stdout on a pipe): a stream.
///  Bytes go there as they come; there
///    is no lock and nothing is ever renamed over it.
///  - a regular file, or nothing yet: a file in `folder()`. A symbolic link is followed,
///  as a shell's `>` does, so that
///    `latest.parquet -> 2026.parquet` stays a link: the lock, the temporary and the
///    rename happen in the folder of what it names. Where the kernel would not follow it
///    (fs.protected_symlinks), nor is it followed here.
///  - a directory, a socket, a block device: refused.
class Destination {
 public:
  /// Makes the folders that are missing. Throws Error{kOutput}.
  explicit Destination(const std::string& path);

  bool is_stream() const noexcept { return stream_; }
  bool is_stdout() const noexcept { return path_ == "-"; }
  /// As the user wrote it, for messages.
  const std::string& path() const noexcept { return path_; }

  /// Files only: the folder, open, and the names in it.
  int folder() const noexcept { return folder_.get(); }
  const std::string& name() const noexcept { return name_; }
  /// The lock's path, for messages.
  std::string lock_path() const;

  /// The permissions of the file that is there now, or nothing. Throws Error{kOutput} if
  /// what is there now is not a regular file, since a rename would replace it.
  std::optional<mode_t> current_mode() const;

 private:
  std::string path_;
  bool stream_ = false;
  std::string folder_path_;
  std::string name_;
  Descriptor folder_;
};

}  // namespace penstock
