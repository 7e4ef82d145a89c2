#include "sink/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace penstock {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr int kPollMs = 100;

}  // namespace

DescriptorStream::DescriptorStream(int fd, const FileCalls& calls, std::stop_token stop,
                                   TimeLimit limit, bool hash)
    : fd_(fd), calls_(calls), stop_(std::move(stop)), limit_(std::move(limit)) {
  struct stat status{};
  regular_ = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  buffer_.reserve(kBufferBytes);
  if (hash) {
    digest_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
  }
}

arrow::Status DescriptorStream::Write(const void* data, std::int64_t size) {
  if (abandoned_) return arrow::Status::OK();
  if (failure_) return arrow::Status::IOError("the output has failed");
  const auto* bytes = static_cast<const char*>(data);
  const auto count = static_cast<std::size_t>(size);
  if (buffer_.size() + count > kBufferBytes) ARROW_RETURN_NOT_OK(Flush());
  if (count >= kBufferBytes) {
    ARROW_RETURN_NOT_OK(put(bytes, count));
  } else {
    buffer_.insert(buffer_.end(), bytes, bytes + count);
  }
  position_ += size;
  return arrow::Status::OK();
}

arrow::Status DescriptorStream::Flush() {
  if (abandoned_) return arrow::Status::OK();
  if (failure_) return arrow::Status::IOError("the output has failed");
  const arrow::Status status = put(buffer_.data(), buffer_.size());
  buffer_.clear();
  return status;
}

arrow::Status DescriptorStream::Close() {
  if (closed_) return arrow::Status::OK();
  closed_ = true;
  return Flush();
}

arrow::Status DescriptorStream::put(const char* data, std::size_t size) {
  if (digest_) EVP_DigestUpdate(digest_.get(), data, size);
  while (size > 0) {
    // A reader that stalls must not make us deaf to a stop, or to the time: a pipe that
    // poll(2) calls writable takes PIPE_BUF bytes without blocking.
    std::size_t part = size;
    if (!regular_) {
      ARROW_RETURN_NOT_OK(wait_for_room());
      part = std::min<std::size_t>(part, PIPE_BUF);
    }
    const ssize_t written = calls_.write(fd_, data, part);
    if (written < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return fail({errno});
    }
    if (written == 0) return fail({EIO});
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return arrow::Status::OK();
}

arrow::Status DescriptorStream::wait_for_room() {
  pollfd room{fd_, POLLOUT, 0};
  while (true) {
    if (stop_.stop_requested()) return fail({.error = EINTR, .interrupted = true});
    if (limit_.passed()) return fail({.error = ETIMEDOUT, .late = true});
    const int ready = ::poll(&room, 1, kPollMs);
    if (ready > 0)
      return arrow::Status::OK();  // an error or hang-up too: write(2) will say which
    if (ready < 0 && errno != EINTR) return fail({errno});
  }
}

arrow::Status DescriptorStream::fail(const Failure& failure) {
  failure_ = failure;
  return arrow::Status::IOError(std::generic_category().message(failure.error));
}

std::string DescriptorStream::content_hash() {
  if (!digest_) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(digest_.get(), digest.data(), &size);
  return "sha256:" + to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace penstock
