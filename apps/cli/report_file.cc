#include "cli/report_file.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "penstock/error.h"
#include "sink/descriptor.h"
#include "sink/file_error.h"

namespace penstock::cli {
namespace {

bool same_file(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  std::error_code error;
  return fs::weakly_canonical(fs::absolute(a), error) ==
         fs::weakly_canonical(fs::absolute(b), error);
}

Destination checked(const std::string& path, const std::string& output_path) {
  if (path == "-") {
    throw Error(Category::kUsage, "report_to_stdout", "--report takes a file, not -",
                "/dev/stderr shows it");
  }
  if (output_path != "-" && same_file(path, output_path)) {
    throw Error(Category::kUsage, "report_is_output",
                "--report and the output are the same file");
  }
  return Destination(path);
}

}  // namespace

ReportFile::ReportFile(const std::string& path, const std::string& output_path)
    : destination_(checked(path, output_path)) {
  if (destination_.is_stream()) return;
  AtomicFile::sweep(destination_);
  file_.emplace(destination_, calls_);
}

void ReportFile::publish(const std::string& json) {
  const auto failed = [&](int error) {
    return output_error("write", destination_.path(), error);
  };
  Descriptor stream;
  if (!file_) {
    stream.reset(open(destination_.path().c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!stream.valid()) throw failed(errno);
  }
  const int descriptor = file_ ? file_->fd() : stream.get();
  std::string_view rest = json;
  while (!rest.empty()) {
    const ssize_t written = calls_.write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failed(errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file_) file_->publish();
}

}  // namespace penstock::cli
