#include "sink/unnamed_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "sink/file_error.h"

namespace penstock {

std::string temporary_folder(const Environment& environment) {
  return environment.get("TMPDIR").value_or("/tmp");
}

std::unique_ptr<Descriptor> open_unnamed(const std::string& folder) {
  auto file = std::make_unique<Descriptor>(
      ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file->valid()) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR)
    throw output_error("create a temporary file in", folder, errno);
  // A file system without O_TMPFILE.
  std::string name = folder + "/penstock-XXXXXX";
  file->reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!file->valid()) throw output_error("create a temporary file in", folder, errno);
  ::unlink(name.c_str());
  return file;
}

}  // namespace penstock
