#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "penstock/error.h"
#include "penstock/store.h"
#include "sink/descriptor.h"
#include "sink/file_error.h"

namespace penstock {
namespace {

constexpr const char* kFile = "a temporary file";

}  // namespace

StoreFile::StoreFile(std::unique_ptr<Descriptor> file) : file_(std::move(file)) {
  struct stat status{};
  if (::fstat(file_->get(), &status) == 0) size_ = status.st_size;
}

StoreFile::StoreFile(StoreFile&&) noexcept = default;
StoreFile& StoreFile::operator=(StoreFile&&) noexcept = default;
StoreFile::~StoreFile() = default;

void StoreFile::seek(std::int64_t position) {
  if (position < 0) {
    throw Error(Category::kUsage, "negative_position",
                "a position in a file is 0 or more");
  }
  position_ = position;
}

std::size_t StoreFile::read(void* into, std::size_t count) {
  auto* to = static_cast<char*>(into);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(file_->get(), to + done, count - done, position_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw output_error("read", kFile, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    position_ += got;
  }
  return done;
}

std::string StoreFile::read_all() {
  std::string bytes(
      static_cast<std::size_t>(std::max<std::int64_t>(size_ - position_, 0)), '\0');
  bytes.resize(read(bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace penstock
