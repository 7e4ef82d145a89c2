#include "sink/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "child.h"
#include "sink_testing.h"

namespace penstock {
namespace {

using testing::ElementsAre;

constexpr char kCsv[] = "\"n\"\n0\n1\n2\n";

mode_t mode_of(const std::string& path) {
  struct stat status{};
  ::lstat(path.c_str(), &status);
  return status.st_mode & 07777;
}

// The umask of a test, put back at its end.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

class OutputFile : public testing::Test {
 protected:
  void fetch(const std::string& path) {
    write_all(options_for(path, Format::kCsv), {numbers(0, 3)});
  }
  Thrown refused(const std::string& path) {
    return thrown_by([&] { Output(options_for(path, Format::kCsv), {}, {}); });
  }

  TempFolder folder_;
  std::string path_ = folder_ / "out.csv";
};

TEST_F(OutputFile, OnlyTheFileAndItsLockAreLeft) {
  fetch(path_);
  EXPECT_EQ(read_file(path_), kCsv);
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv", "out.csv.lock"));
}

TEST_F(OutputFile, NothingIsUnderItsNameUntilCommit) {
  write_file(path_, "old");
  {
    Output output(options_for(path_, Format::kCsv), {}, {});
    output.begin(numbers(0, 3)->schema(), {});
    output.write(numbers(0, 100'000));
    EXPECT_EQ(read_file(path_), "old");
    EXPECT_EQ(folder_.names().size(), 3U);
  }
  EXPECT_EQ(read_file(path_), "old");
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv", "out.csv.lock"));
}

TEST_F(OutputFile, NothingIsOpenedBeforeItBegins) {
  {
    Output output(options_for(path_, Format::kCsv), {}, {});
  }
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv.lock"));
}

TEST_F(OutputFile, MissingFoldersAreMade) {
  fetch(folder_ / "a/b/c/out.csv");
  EXPECT_EQ(read_file(folder_ / "a/b/c/out.csv"), kCsv);
}

TEST_F(OutputFile, ANewFileHasThePermissionsOfAnyNewFile) {
  const Umask mask(027);
  fetch(folder_ / "new/out.csv");
  EXPECT_EQ(mode_of(folder_ / "new/out.csv"), 0640U);
  EXPECT_EQ(mode_of(folder_ / "new"), 0750U);
  EXPECT_EQ(mode_of(folder_ / "new/out.csv.lock"), 0600U);
}

TEST_F(OutputFile, AFileThatIsReplacedKeepsItsPermissions) {
  const Umask mask(022);
  write_file(path_, "old");
  ::chmod(path_.c_str(), 0600);
  mode_t while_writing = 0;
  {
    Output output(options_for(path_, Format::kCsv), {}, {});
    output.begin(numbers(0, 3)->schema(), {});
    while_writing = mode_of(folder_ / folder_.names().at(0));
    output.write(numbers(0, 3));
    output.commit();
  }
  EXPECT_EQ(while_writing, 0600U);
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(read_file(path_), kCsv);
}

TEST_F(OutputFile, ANameMayBeAsLongAsItsLockAllows) {
  const std::string name = std::string(246, 'n') + ".csv";
  fetch(folder_ / name);
  EXPECT_EQ(read_file(folder_ / name), kCsv);
  const std::string longer = folder_ / (std::string(252, 'n'));
  EXPECT_EQ(refused(longer).message,
            "cannot lock " + longer + ".lock: File name too long");
}

TEST_F(OutputFile, ANameMayHoldAnything) {
  for (const std::string name :
       {" ", "-", "a\nb", "*", "\xff\xfe", "-rf", "%s", ".hidden"}) {
    fetch(folder_ / name);
    EXPECT_EQ(read_file(folder_ / name), kCsv) << name;
  }
}

// RS-024
TEST_F(OutputFile, ADirectoryIsRefusedBeforeAnyQuery) {
  EXPECT_EQ(refused(folder_.path()),
            (Thrown{Category::kOutput, "output_not_a_file",
                    "cannot write " + folder_.path() + ": it is a directory",
                    "give the path of a file"}));
  EXPECT_EQ(refused(folder_ / "new/").message,
            "cannot write " + folder_ / "new/" + ": it is the path of a directory");
  EXPECT_EQ(refused(folder_ / "new/..").message,
            "cannot write " + folder_ / "new/.." + ": it is the path of a directory");
  EXPECT_EQ(refused("").message, "cannot write : it is an empty path");
  EXPECT_THAT(folder_.names(), ElementsAre());
  EXPECT_EQ(traits(Category::kOutput).exit_code, 5);
}

TEST_F(OutputFile, AFileInAFoldersPlaceIsNamed) {
  write_file(folder_ / "a", "");
  EXPECT_EQ(refused(folder_ / "a/out.csv"),
            (Thrown{Category::kOutput, "output_failed",
                    "cannot write " + folder_ / "a/out.csv" + ": Not a directory", ""}));
}

TEST_F(OutputFile, ASocketIsRefused) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  EXPECT_EQ(refused(path_).message, "cannot write " + path_ + ": it is a socket");
  ::close(server);
}

TEST_F(OutputFile, ASymbolicLinkStaysALinkAndWhatItNamesIsWritten) {
  ::mkdir((folder_ / "data").c_str(), 0777);
  write_file(folder_ / "data/2026.csv", "old");
  ASSERT_EQ(::symlink("data/2026.csv", (folder_ / "latest.csv").c_str()), 0);
  fetch(folder_ / "latest.csv");
  EXPECT_EQ(read_file(folder_ / "data/2026.csv"), kCsv);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "latest.csv"));
  // One lock for both names.
  EXPECT_THAT(folder_.names(), ElementsAre("data", "latest.csv"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "data/2026.csv.lock"));
}

TEST_F(OutputFile, ALinkToNothingYetMakesWhatItNames) {
  ASSERT_EQ(::symlink((folder_ / "b").c_str(), (folder_ / "a").c_str()), 0);
  ASSERT_EQ(::symlink("real.csv", (folder_ / "b").c_str()), 0);
  fetch(folder_ / "a");
  EXPECT_EQ(read_file(folder_ / "real.csv"), kCsv);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "b"));
}

TEST_F(OutputFile, ALoopOfLinksIsNamed) {
  ASSERT_EQ(::symlink("b", (folder_ / "a").c_str()), 0);
  ASSERT_EQ(::symlink("a", (folder_ / "b").c_str()), 0);
  EXPECT_EQ(refused(folder_ / "a").message,
            "cannot write " + folder_ / "a" + ": Too many levels of symbolic links");
}

TEST_F(OutputFile, ALinkToAFileWithoutANameIsRefused) {
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT, 0600);
  ::unlink(path_.c_str());
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  EXPECT_EQ(refused(link).message,
            "cannot write " + link + ": it is a link to a file that has no name");
  ::close(fd);
}

TEST_F(OutputFile, ADeviceThatComesInItsPlaceMeanwhileIsNotReplaced) {
  Output output(options_for(path_, Format::kCsv), {}, {});
  output.begin(numbers(0, 3)->schema(), {});
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(thrown_by([&] { output.commit(); }).message,
            "cannot write " + path_ + ": it is no longer a regular file");
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv", "out.csv.lock"));
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
}

TEST_F(OutputFile, AFolderThatIsMovedMeanwhileGetsItsFile) {
  ::mkdir((folder_ / "a").c_str(), 0777);
  Output output(options_for(folder_ / "a/out.csv", Format::kCsv), {}, {});
  output.begin(numbers(0, 3)->schema(), {});
  ASSERT_EQ(::rename((folder_ / "a").c_str(), (folder_ / "b").c_str()), 0);
  output.write(numbers(0, 3));
  output.commit();
  EXPECT_EQ(read_file(folder_ / "b/out.csv"), kCsv);
}

TEST_F(OutputFile, ABatchOfAnotherSchemaIsADefectAndEndsIt) {
  Output output(options_for(path_, Format::kCsv), {}, {});
  output.begin(numbers(0, 3)->schema(), {});
  const auto other = batch_of({{"n", array_of(arrow::utf8(), R"(["x"])")}});
  EXPECT_EQ(thrown_by([&] { output.write(other); }),
            (Thrown{Category::kUnexpected, "output_schema",
                    "a batch has another schema than the output", ""}));
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv.lock"));
  EXPECT_EQ(thrown_by([&] { output.commit(); }).code, "output_state");
}

TEST_F(OutputFile, TheSummaryHasTheBytesAndTheirHash) {
  for (const auto format : {Format::kCsv, Format::kParquet, Format::kArrowFile}) {
    auto options = options_for(path_, format);
    EXPECT_EQ(write_all(options, {numbers(0, 3)}).content_hash, "");
    options.content_hash = true;
    const auto summary = write_all(options, {numbers(0, 300'000), numbers(0, 300'000)});
    const std::string bytes = read_file(path_);
    EXPECT_EQ(summary.bytes, static_cast<std::int64_t>(bytes.size()));
    EXPECT_EQ(summary.content_hash, "sha256:" + sha256_hex(bytes));
  }
}

TEST_F(OutputFile, OneThatIsNotCommittedEndsInSilence) {
  testing::internal::CaptureStderr();
  for (const auto format : {Format::kCsv, Format::kParquet, Format::kArrowFile}) {
    auto options = options_for(path_, format);
    options.gzip = format == Format::kCsv;
    Output output(options, {}, {});
    output.begin(numbers(0, 3)->schema(), {});
    output.write(numbers(0, 3));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

std::string temporary(const std::string& name, char digit) {
  return "." + name + "." + std::string(16, digit) + ".tmp";
}

TEST_F(OutputFile, LeftoversOfDeadRunsAreSweptAndNothingElseIs) {
  const std::vector<std::string> kept = {".out.csv.tmp",
                                         ".out.csv.0123.tmp",
                                         temporary("out.csv", 'g'),
                                         temporary("out.csv", 'A'),
                                         temporary("other.csv", '0'),
                                         temporary("out.csv.b", '0'),
                                         "out.csv.0000000000000000.tmp"};
  for (const auto& name : kept) write_file(folder_ / name, "x");
  write_file(folder_ / temporary("out.csv", '0'), "leftover");
  write_file(folder_ / temporary("out.csv", 'f'), "");
  ASSERT_EQ(::mkdir((folder_ / temporary("out.csv", '1')).c_str(), 0777), 0);
  ASSERT_EQ(::symlink("other", (folder_ / temporary("out.csv", '2')).c_str()), 0);
  ASSERT_EQ(::mkfifo((folder_ / temporary("out.csv", '3')).c_str(), 0600), 0);
  fetch(path_);
  for (const auto& name : kept)
    EXPECT_TRUE(std::filesystem::exists(folder_ / name)) << name;
  EXPECT_FALSE(std::filesystem::exists(folder_ / temporary("out.csv", '0')));
  EXPECT_FALSE(std::filesystem::exists(folder_ / temporary("out.csv", 'f')));
  EXPECT_EQ(folder_.names().size(), kept.size() + 3 + 2);
}

TEST_F(OutputFile, ATemporaryThatIsHeldIsKept) {
  LockOptions unlocked;
  unlocked.enabled = false;
  Output first(options_for(path_, Format::kCsv), unlocked, {});
  first.begin(numbers(0, 3)->schema(), {});
  first.write(numbers(0, 3));
  {
    Output second(options_for(path_, Format::kCsv), unlocked, {});
    second.begin(numbers(0, 3)->schema(), {});
    second.commit();
  }
  EXPECT_EQ(read_file(path_), "\"n\"\n");
  first.commit();
  EXPECT_EQ(read_file(path_), kCsv);
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv"));
}

// ---- streams

// What a child writes to its standard output; `size` bytes are read, then the pipe is
// closed.
struct Piped {
  std::string bytes;
  int exit_code;
};

Piped piped(std::size_t size, const std::function<int()>& run) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  Child child([&] {
    ::signal(SIGPIPE, SIG_IGN);
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    return run();
  });
  ::close(ends[1]);
  Piped result;
  char buffer[4096];
  while (result.bytes.size() < size) {
    const ssize_t count =
        ::read(ends[0], buffer, std::min(sizeof(buffer), size - result.bytes.size()));
    if (count <= 0) break;
    result.bytes.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  result.exit_code = child.wait();
  return result;
}

TEST(StandardOutput, GetsTheBytesOfTheFile) {
  const auto batch = numbers(0, 100'000);
  const std::string expected = text_of(batch, Format::kParquet);
  const Piped result = piped(1 << 30, [&] {
    return write_all(options_for("-", Format::kParquet), {batch}).bytes > 100'000 ? 0 : 1;
  });
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.bytes == expected);
}

TEST(StandardOutput, IsWrittenBatchByBatch) {
  const Piped result = piped(8, [] {
    Output output(options_for("-", Format::kCsv), {}, {});
    output.begin(numbers(0, 3)->schema(), {});
    output.write(numbers(0, 2));
    // The reader goes when it has its rows: only then does this end.
    pollfd gone{STDOUT_FILENO, 0, 0};
    ::poll(&gone, 1, -1);
    return 0;
  });
  EXPECT_EQ(result.bytes, "\"n\"\n0\n1\n");
  EXPECT_EQ(result.exit_code, 0);
}

// RS-024
TEST(StandardOutput, AReaderThatGoesAwayIsABrokenPipe) {
  const Piped result = piped(1, [] {
    const Thrown thrown = thrown_by([] {
      Output output(options_for("-", Format::kCsv), {}, {});
      output.begin(numbers(0, 3)->schema(), {});
      while (true) output.write(numbers(0, 10'000));
    });
    const bool right = thrown == Thrown{Category::kBrokenPipe, "broken_pipe",
                                        "the reader of standard output went away", ""};
    return right ? traits(thrown.category).exit_code : 1;
  });
  EXPECT_EQ(result.exit_code, 141);
}

TEST(StandardOutput, AFormatThatNeedsItsEndGetsNoneWithoutCommit) {
  for (const auto format : {Format::kParquet, Format::kArrowFile, Format::kArrowStream}) {
    const auto run = [&](bool commit) {
      return piped(1 << 30,
                   [&] {
                     Output output(options_for("-", format), {}, {});
                     output.begin(numbers(0, 3)->schema(), {});
                     output.write(numbers(0, 3));
                     if (commit) output.commit();
                     return 0;
                   })
          .bytes;
    };
    const std::string whole = run(true);
    const std::string part = run(false);
    EXPECT_LT(part.size(), whole.size()) << to_string(format);
    EXPECT_EQ(part, whole.substr(0, part.size())) << to_string(format);
    EXPECT_FALSE(part.ends_with("PAR1") && part.size() > 4) << to_string(format);
    EXPECT_FALSE(part.ends_with("ARROW1")) << to_string(format);
    EXPECT_FALSE(part.ends_with(std::string("\xff\xff\xff\xff\0\0\0\0", 8)))
        << to_string(format);
  }
}

TEST(StandardOutput, AGzipStreamGetsNoEndWithoutCommit) {
  const Piped result = piped(1 << 30, [] {
    auto options = options_for("-", Format::kCsv);
    options.gzip = true;
    Output output(options, {}, {});
    output.begin(numbers(0, 3)->schema(), {});
    output.write(numbers(0, 3));
    return 0;
  });
  EXPECT_LT(result.bytes.size(), 18U);  // RFC 1952: a header is 10, a trailer 8
}

TEST(StandardOutput, AStalledReaderDoesNotHoldUpAStop) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Child child([&] {
    ::dup2(ends[1], STDOUT_FILENO);
    std::stop_source stop;
    std::thread later([&] {
      ::usleep(200'000);
      stop.request_stop();
    });
    const Thrown thrown = thrown_by([&] {
      Output output(options_for("-", Format::kCsv), {}, stop.get_token());
      output.begin(numbers(0, 3)->schema(), {});
      while (true) output.write(numbers(0, 10'000));
    });
    later.join();
    return thrown == Thrown{Category::kInterrupted, "interrupted",
                            "interrupted while writing standard output", ""}
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(StandardOutput, APipeThatDoesNotBlockIsWaitedFor) {
  const std::string expected = text_of(numbers(0, 200'000), Format::kCsv);
  const Piped result = piped(1 << 30, [] {
    ::fcntl(STDOUT_FILENO, F_SETFL, ::fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
    write_all(options_for("-", Format::kCsv), {numbers(0, 200'000)});
    return 0;
  });
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.bytes == expected);
}

TEST_F(OutputFile, AFifoIsWrittenToAndStaysAFifo) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  std::string bytes;
  std::thread reader([&] { bytes = read_file(path_); });
  fetch(path_);
  reader.join();
  EXPECT_EQ(bytes, kCsv);
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv"));
}

TEST_F(OutputFile, AFifoWithoutAReaderIsWaitedForUntilTheStop) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  std::stop_source stop;
  std::thread later([&] {
    ::usleep(100'000);
    stop.request_stop();
  });
  Output output(options_for(path_, Format::kCsv), {}, stop.get_token());
  EXPECT_EQ(thrown_by([&] { output.begin(numbers(0, 3)->schema(), {}); }),
            (Thrown{Category::kInterrupted, "interrupted",
                    "interrupted while waiting for a reader of " + path_, ""}));
  later.join();
}

TEST(Devices, TheNullDeviceTakesAllAndStaysADevice) {
  EXPECT_EQ(write_all(options_for("/dev/null", Format::kCsv), {numbers(0, 3)}).bytes, 10);
  struct stat status{};
  ::lstat("/dev/null", &status);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_FALSE(std::filesystem::exists("/dev/null.lock"));
}

// RS-024
TEST(Devices, AFullDeviceIsAnOutputError) {
  EXPECT_EQ(thrown_by([] {
              write_all(options_for("/dev/full", Format::kCsv), {numbers(0, 3)});
            }),
            (Thrown{Category::kOutput, "output_full",
                    "cannot write /dev/full: No space left on device",
                    "free some space there, or write to another place"}));
}

}  // namespace
}  // namespace penstock
