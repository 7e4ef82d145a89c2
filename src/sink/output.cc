#include "sink/output.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <arrow/io/compressed.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "penstock/version.h"
#include "sink/atomic_file.h"
#include "sink/descriptor.h"
#include "sink/destination.h"
#include "sink/file_error.h"
#include "sink/lock.h"
#include "sink/stream.h"
#include "sink/unnamed_file.h"
#include "sink/writer.h"

namespace penstock {
namespace {

constexpr int kGzipLevel =
    6;  // gzip(1)'s own; Arrow's default of 9 is several times slower for a percent
constexpr std::chrono::milliseconds kReaderPause{20};
constexpr std::size_t kCopyBytes = 256 * 1024;

Error late(const std::string& output, const TimeLimit& limit) {
  return Error(Category::kTimeout, "statement_timeout",
               "the time limit has passed while waiting for a reader of " + output,
               limit.hint);
}

// Opens a FIFO or a device; a FIFO that nobody reads yet is waited for, as a shell's `>`
// does.
void open_stream(const std::string& path, const std::stop_token& stop,
                 const TimeLimit& limit, Descriptor& file) {
  while (true) {
    file.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (file.valid()) break;
    if (errno != ENXIO && errno != EINTR) throw output_error("open", path, errno);
    if (stop.stop_requested()) {
      throw Error(Category::kInterrupted, "interrupted",
                  fmt::format("interrupted while waiting for a reader of {}",
                              printable(path, 1024)));
    }
    if (limit.passed()) throw late(printable(path, 1024), limit);
    std::this_thread::sleep_for(kReaderPause);
  }
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    throw output_error("open", path, errno);
  }
}

std::shared_ptr<arrow::Schema> with_provenance(
    const std::shared_ptr<arrow::Schema>& schema, const Provenance& provenance) {
  auto metadata = schema->metadata() ? schema->metadata()->Copy()
                                     : std::make_shared<arrow::KeyValueMetadata>();
  const std::pair<const char*, std::string> entries[] = {
      {"penstock.recipe", provenance.recipe},
      {"penstock.query_sha256", provenance.query_hash},
      {"penstock.dialect", provenance.dialect},
      {"penstock.version", kVersion},
  };
  for (const auto& [key, value] : entries) {
    if (!value.empty()) static_cast<void>(metadata->Set(key, value));
  }
  return schema->WithMetadata(std::move(metadata));
}

}  // namespace

struct Output::State {
  State(OutputOptions options, const LockOptions& lock, std::stop_token stop,
        FileCalls calls);
  State(OutputOptions options, int descriptor, std::stop_token stop);
  ~State() { abandon(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void begin(const std::shared_ptr<arrow::Schema>& schema, const Provenance& provenance);
  void write(const arrow::RecordBatch& batch);
  void finish();
  void sync();
  OutputSummary commit();
  OutputSummary copy(int from);

  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> modified;
  std::optional<std::string> hold_in;
  TimeLimit limit;

 private:
  void open();
  void publish();
  void abandon() noexcept;
  [[noreturn]] void fail(const arrow::Status& status);
  void check(const arrow::Status& status) {
    if (!status.ok()) fail(status);
  }
  void close_stream();
  void pour(int from);
  void require_room();
  std::string shown() const;

  // In the order in which they are made: the lock is the last that goes.
  const OutputOptions options_;
  const std::stop_token stop_;
  const FileCalls calls_;
  Destination destination_;
  const int callers_ = -1;  // the caller's own file
  std::optional<OutputLock> lock_;
  std::unique_ptr<AtomicFile> file_;
  Descriptor device_;
  int target_ = -1;                   // what the bytes are for
  std::unique_ptr<Descriptor> held_;  // where they are until commit()
  std::shared_ptr<DescriptorStream> stream_;
  std::shared_ptr<arrow::io::OutputStream> gzip_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<arrow::Schema> schema_;
  bool finished_ = false;
};

Output::State::State(OutputOptions options, const LockOptions& lock, std::stop_token stop,
                     FileCalls calls)
    : options_((check_options(options), std::move(options))),
      stop_(std::move(stop)),
      calls_(std::move(calls)),
      destination_(options_.path) {
  if (destination_.is_stream()) return;
  if (lock.enabled) {
    lock_.emplace(destination_, lock, stop_);
  } else {
    AtomicFile::sweep(destination_);
  }
}

Output::State::State(OutputOptions options, int descriptor, std::stop_token stop)
    : options_((check_options(options), std::move(options))),
      stop_(std::move(stop)),
      destination_("-"),
      callers_(descriptor) {}

void Output::State::open() {
  if (stream_)
    throw Error(Category::kUnexpected, "output_state", "the output is open already");
  if (lock_) lock_->confirm();
  int fd = callers_ >= 0 ? callers_ : STDOUT_FILENO;
  if (!destination_.is_stream()) {
    file_ = std::make_unique<AtomicFile>(destination_, calls_);
    fd = file_->fd();
  } else if (!destination_.is_stdout()) {
    open_stream(destination_.path(), stop_, limit, device_);
    fd = device_.get();
  }
  target_ = fd;
  if (hold_in && destination_.is_stream() && callers_ < 0) {
    held_ = open_unnamed(*hold_in);
    fd = held_->get();
  }
  stream_ =
      std::make_shared<DescriptorStream>(fd, calls_, stop_, limit, options_.content_hash);
}

void Output::State::begin(const std::shared_ptr<arrow::Schema>& schema,
                          const Provenance& provenance) {
  open();
  schema_ = schema;
  std::shared_ptr<arrow::io::OutputStream> out = stream_;
  if (options_.gzip) {
    auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP, kGzipLevel);
    check(codec.status());
    codec_ = *std::move(codec);
    auto gzip = arrow::io::CompressedOutputStream::Make(codec_.get(), stream_);
    check(gzip.status());
    gzip_ = out = *std::move(gzip);
  }
  auto encoder =
      make_encoder(std::move(out), with_provenance(schema, provenance), options_);
  check(encoder.status());
  encoder_ = *std::move(encoder);
}

void Output::State::write(const arrow::RecordBatch& batch) {
  if (!encoder_)
    throw Error(Category::kUnexpected, "output_state", "the output is not open");
  if (!batch.schema()->Equals(*schema_, false)) {
    abandon();
    throw Error(Category::kUnexpected, "output_schema",
                "a batch has another schema than the output");
  }
  check(encoder_->WriteRecordBatch(batch));
  // A reader of standard output sees each batch when it is there.
  if (destination_.is_stream()) check(stream_->Flush());
}

void Output::State::sync() {
  if (!file_ || calls_.fsync(file_->fd()) == 0) return;
  const int error = errno;
  abandon();
  throw output_error("write", destination_.path(), error);
}

void Output::State::finish() {
  if (finished_) return;
  if (!encoder_)
    throw Error(Category::kUnexpected, "output_state", "the output is not open");
  check(encoder_->Close());
  if (gzip_) check(gzip_->Close());
  check(stream_->Close());
  finished_ = true;
  if (held_) require_room();
}

// What can be known of the stream before anything is written to it.
void Output::State::require_room() {
  pollfd reader{target_, 0, 0};
  if (::poll(&reader, 1, 0) > 0 && (reader.revents & (POLLERR | POLLHUP)) != 0) {
    abandon();
    throw Error(Category::kBrokenPipe, "broken_pipe",
                "the reader of " + shown() + " went away");
  }
  struct stat status{};
  if (::fstat(target_, &status) != 0 || !S_ISREG(status.st_mode)) return;
  const bool appends = (::fcntl(target_, F_GETFL) & O_APPEND) != 0;
  const off_t begin = appends ? status.st_size : ::lseek(target_, 0, SEEK_CUR);
  const off_t bytes = *stream_->Tell();
  if (bytes == 0 || calls_.reserve(target_, begin, bytes) == 0) return;
  if (errno != ENOSPC && errno != EDQUOT && errno != EFBIG) return;
  const int error = errno;
  abandon();
  throw output_error("write", destination_.path(), error);
}

OutputSummary Output::State::copy(int from) {
  open();
  pour(from);
  finished_ = true;
  return commit();
}

void Output::State::pour(int from) {
  std::vector<char> buffer(kCopyBytes);
  off_t at = 0;
  while (true) {
    const ssize_t got = ::pread(from, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      abandon();
      throw output_error("read what is to be written to", destination_.path(), error);
    }
    if (got == 0) break;
    check(stream_->Write(buffer.data(), got));
    at += got;
  }
  check(stream_->Close());
}

OutputSummary Output::State::commit() {
  finish();
  OutputSummary summary;
  summary.bytes = *stream_->Tell();
  summary.content_hash = stream_->content_hash();
  if (held_) {
    stream_ = std::make_shared<DescriptorStream>(target_, calls_, stop_, limit, false);
    pour(held_->get());
  }
  if (file_) {
    publish();
  } else if (callers_ < 0) {
    close_stream();
  }
  abandon();
  return summary;
}

void Output::State::publish() try {
  if (modified) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*modified);
    const timespec time{seconds.time_since_epoch().count(),
                        (*modified - seconds).count()};
    const timespec both[] = {time, time};
    if (::futimens(file_->fd(), both) != 0)
      throw output_error("set the time of", destination_.path(), errno);
  }
  file_->publish();
} catch (...) {
  abandon();
  throw;
}

// Some file systems tell of a failed write only when a descriptor is closed; standard
// output itself stays open.
void Output::State::close_stream() {
  const int fd =
      device_.valid() ? device_.release() : ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || (calls_.close(fd) != 0 && errno != EINTR)) {
    const int error = errno;
    abandon();
    throw output_error("write", destination_.path(), error);
  }
}

// Closes the stream to all writers first: their destructors would write a format's end.
void Output::State::abandon() noexcept {
  if (stream_) stream_->abandon();
  finished_ = false;
  encoder_.reset();
  gzip_.reset();
  codec_.reset();
  stream_.reset();
  held_.reset();
  file_.reset();
  device_.reset();
}

std::string Output::State::shown() const {
  if (callers_ >= 0) return "a temporary file";
  return destination_.is_stdout() ? "standard output"
                                  : printable(destination_.path(), 1024);
}

void Output::State::fail(const arrow::Status& status) {
  const auto failure = stream_->failure();
  abandon();
  const std::string path = shown();
  if (failure && failure->interrupted) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted while writing " + path);
  }
  if (failure && failure->late) throw late(path, limit);
  if (failure && failure->error == EPIPE) {
    throw Error(Category::kBrokenPipe, "broken_pipe",
                "the reader of " + path + " went away");
  }
  if (failure) throw output_error("write", path, failure->error);
  throw Error(Category::kOutput, "cannot_encode",
              fmt::format("cannot write {} as {}: {}", path, to_string(options_.format),
                          printable(status.message(), 500)),
              status.IsNotImplemented() ? "cast the column to text in the query" : "");
}

Output::Output(OutputOptions options, const LockOptions& lock, std::stop_token stop,
               FileCalls calls)
    : state_(std::make_unique<State>(std::move(options), lock, std::move(stop),
                                     std::move(calls))) {}
Output::Output(int descriptor, OutputOptions options, std::stop_token stop)
    : state_(std::make_unique<State>(std::move(options), descriptor, std::move(stop))) {}
Output::Output(Output&&) noexcept = default;
Output::~Output() = default;

void Output::hold_back(std::string folder) { state_->hold_in = std::move(folder); }

void Output::limit_time(const TimeLimit& limit) { state_->limit = limit; }

void Output::set_modified(std::chrono::sys_time<std::chrono::nanoseconds> time) {
  state_->modified = time;
}

void Output::begin(const std::shared_ptr<arrow::Schema>& schema,
                   const Provenance& provenance) {
  state_->begin(schema, provenance);
}

void Output::write(const std::shared_ptr<arrow::RecordBatch>& batch) {
  state_->write(*batch);
}

void Output::finish() {
  state_->finish();
  state_->sync();
}

OutputSummary Output::commit() { return state_->commit(); }

OutputSummary Output::copy(int from) { return state_->copy(from); }

}  // namespace penstock
