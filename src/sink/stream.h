// An Arrow output stream over a file descriptor that knows how to fail.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <openssl/evp.h>

#include "penstock/time_limit.h"
#include "sink/file_calls.h"

namespace penstock {

/// Gathers small writes, counts and hashes all bytes. Does not own the descriptor.
///
/// After the first failure, or abandon(), nothing more reaches the descriptor: Arrow's
/// writers write a format's end in their destructors, and a file that was not finished
/// must not look whole.
class DescriptorStream final : public arrow::io::OutputStream {
 public:
  /// Why the stream failed, for the one who knows the path.
  struct Failure {
    int error = 0;             // errno; or, while the reader would not take more:
    bool interrupted = false;  // the stop token came
    bool late = false;         // its time is over
  };

  DescriptorStream(int fd, const FileCalls& calls, std::stop_token stop, TimeLimit limit,
                   bool hash);

  arrow::Status Write(const void* data, std::int64_t size) override;
  using arrow::io::OutputStream::Write;
  arrow::Status Flush() override;
  arrow::Status Close() override;
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  /// From now on bytes are taken and dropped, without an error: Arrow prints errors of
  /// destructors.
  void abandon() noexcept { abandoned_ = true; }
  const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Of all bytes so far: "sha256:" and hex, or empty if not asked for.
  std::string content_hash();

 private:
  struct FreeDigest {
    void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
  };

  arrow::Status put(const char* data, std::size_t size);
  arrow::Status wait_for_room();
  arrow::Status fail(const Failure& failure);

  const int fd_;
  const FileCalls& calls_;
  const std::stop_token stop_;
  const TimeLimit limit_;
  bool regular_ = false;
  std::unique_ptr<EVP_MD_CTX, FreeDigest> digest_;
  std::vector<char> buffer_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  bool abandoned_ = false;
  std::optional<Failure> failure_;
};

}  // namespace penstock
