// The receipt's file: there whole, or not at all.
#pragma once

#include <optional>
#include <string>

#include "sink/atomic_file.h"
#include "sink/destination.h"

namespace penstock::cli {

/// Makes sure at construction that the file can be written; until publish() it is what it
/// was before.
class ReportFile {
 public:
  /// Throws Error{kUsage} if `path` is also the output, Error{kOutput} if it cannot be
  /// written.
  ReportFile(const std::string& path, const std::string& output_path);

  void publish(const std::string& json);

 private:
  const FileCalls calls_;
  const Destination destination_;
  std::optional<AtomicFile> file_;  // none for a stream (/dev/stderr, a FIFO)
};

}  // namespace penstock::cli
