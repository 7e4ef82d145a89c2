// Streams that get nothing before the commit.
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

#include "sink/descriptor.h"
#include "unit/sink/child.h"
#include "unit/sink/sink_testing.h"

namespace penstock {
namespace {

// A FIFO with a reader that does not wait.
class Fifo {
 public:
  Fifo() {
    if (::mkfifo(path().c_str(), 0600) != 0) throw std::runtime_error("no FIFO");
    reader_.reset(::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  std::string path() const { return folder_ / "fifo"; }
  const std::string& folder() const { return folder_.path(); }
  void close() { reader_.reset(); }
  /// What is there now; nothing where a writer is there and has written nothing.
  std::optional<std::string> read() const {
    std::string bytes(1 << 16, '\0');
    const ssize_t got = ::read(reader_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  TempFolder folder_;
  Descriptor reader_;
};

Output held(const Fifo& fifo, Format format, const FileCalls& calls = {}) {
  Output output(options_for(fifo.path(), format), {}, {}, calls);
  output.hold_back(fifo.folder());
  output.begin(numbers(0, 3)->schema(), kProvenance);
  output.write(numbers(0, 3));
  return output;
}

// FT-006
TEST(HeldOutput, AStreamGetsAllAtOnceAndNothingBefore) {
  for (const Format format : {Format::kCsv, Format::kParquet, Format::kArrowStream}) {
    const Fifo fifo;
    Output output = held(fifo, format);
    EXPECT_EQ(fifo.read(), std::nullopt);
    output.finish();
    EXPECT_EQ(fifo.read(), std::nullopt);
    const std::string expected = text_of(numbers(0, 3), format);
    EXPECT_EQ(output.commit().bytes, static_cast<std::int64_t>(expected.size()));
    EXPECT_EQ(fifo.read(), expected);
    EXPECT_EQ(fifo.read(), "") << "its end";
  }
}

// FT-006
TEST(HeldOutput, WhatIsNotCommittedReachesNobody) {
  const Fifo fifo;
  held(fifo, Format::kCsv).finish();
  EXPECT_EQ(fifo.read(), "");
}

// FT-006
TEST(HeldOutput, AReaderThatIsGoneIsKnownBeforeTheCommit) {
  Fifo fifo;
  Output output = held(fifo, Format::kCsv);
  fifo.close();
  const Thrown thrown = thrown_by([&] { output.finish(); });
  EXPECT_EQ(thrown.category, Category::kBrokenPipe);
  EXPECT_EQ(thrown.message, "the reader of " + fifo.path() + " went away");
}

// Runs with standard output in the file at `path`.
int with_stdout(const std::string& path, int flags, const std::function<int()>& run) {
  Child child([&] {
    const int file = ::open(path.c_str(), O_WRONLY | flags, 0600);
    ::dup2(file, STDOUT_FILENO);
    return run();
  });
  return child.wait();
}

int write_held(const TempFolder& folder, const FileCalls& calls, std::string* failed) {
  try {
    Output output(options_for("-", Format::kCsv), {}, {}, calls);
    output.hold_back(folder.path());
    output.begin(numbers(0, 3)->schema(), kProvenance);
    output.write(numbers(0, 3));
    output.finish();
    output.commit();
    return 0;
  } catch (const Error& error) {
    *failed = error.code();
    return 1;
  }
}

// FT-006
TEST(HeldOutput, NoRoomForStandardOutputIsKnownBeforeTheCommit) {
  const TempFolder folder;
  for (const int error : {ENOSPC, EDQUOT, EFBIG}) {
    FileCalls calls;
    calls.reserve = [error](int, off_t offset, off_t length) {
      errno = error;
      return offset == 4 && length == 10 ? -1 : 0;
    };
    write_file(folder / "out", "old\n");
    EXPECT_EQ(with_stdout(folder / "out", O_APPEND,
                          [&] {
                            std::string code;
                            const int result = write_held(folder, calls, &code);
                            return result == 1 && code.starts_with("output_") ? 7 : 1;
                          }),
              7);
    EXPECT_EQ(read_file(folder / "out"), "old\n");
  }
}

// FT-006
TEST(HeldOutput, AFileSystemThatReservesNothingIsNoObstacle) {
  const TempFolder folder;
  FileCalls calls;
  calls.reserve = [](int, off_t, off_t) {
    errno = EOPNOTSUPP;
    return -1;
  };
  std::string unused;
  for (const FileCalls& one : {FileCalls{}, calls}) {
    EXPECT_EQ(with_stdout(folder / "out", O_CREAT | O_TRUNC,
                          [&] { return write_held(folder, one, &unused); }),
              0);
    EXPECT_EQ(read_file(folder / "out"), text_of(numbers(0, 3), Format::kCsv));
  }
}

// FT-006
TEST(HeldOutput, AFileIsAsItWouldBe) {
  const TempFolder folder;
  Output output(options_for(folder / "out.csv", Format::kCsv), {}, {});
  output.hold_back(folder.path());
  output.begin(numbers(0, 3)->schema(), kProvenance);
  output.write(numbers(0, 3));
  output.finish();
  EXPECT_EQ(read_file(folder / "out.csv"), "");
  output.commit();
  EXPECT_EQ(read_file(folder / "out.csv"), text_of(numbers(0, 3), Format::kCsv));
}

}  // namespace
}  // namespace penstock
