// Faults: every system call that brings a file to disk fails once, or the process is
// killed at it.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "sink/output.h"
#include "sink_testing.h"

namespace penstock {
namespace {

using testing::ElementsAre;

enum class Call { kWrite, kFsync, kRename, kClose };

constexpr Call kCalls[] = {Call::kWrite, Call::kFsync, Call::kRename, Call::kClose};
const char* const kNames[] = {"write", "fsync", "rename", "close"};

// What happens at call number `at` (from 0) of one kind, in place of it or after it.
struct Fault {
  Call call;
  int at;
  std::function<int()>
      instead;  // -1 with errno: it fails; else the call is made after all
  bool after = false;
};

template <typename Result, typename Real, typename... Arguments>
std::function<Result(Arguments...)> faulty(const Fault& fault, std::shared_ptr<int> seen,
                                           Real real) {
  return [fault, seen, real](Arguments... arguments) -> Result {
    if ((*seen)++ != fault.at) return real(arguments...);
    if (fault.after) {
      const Result result = real(arguments...);
      fault.instead();
      return result;
    }
    return fault.instead() < 0 ? Result{-1} : real(arguments...);
  };
}

struct Faulty {
  FileCalls calls;
  std::shared_ptr<int> seen = std::make_shared<int>(0);
};

Faulty calls_with(const Fault& fault) {
  Faulty result;
  switch (fault.call) {
    case Call::kWrite:
      result.calls.write =
          faulty<ssize_t, decltype(FileCalls::write), int, const void*, size_t>(
              fault, result.seen, FileCalls{}.write);
      break;
    case Call::kFsync:
      result.calls.fsync = faulty<int, decltype(FileCalls::fsync), int>(
          fault, result.seen, FileCalls{}.fsync);
      break;
    case Call::kRename:
      result.calls.rename =
          faulty<int, decltype(FileCalls::rename), int, const char*, const char*>(
              fault, result.seen, FileCalls{}.rename);
      break;
    case Call::kClose:
      result.calls.close = faulty<int, decltype(FileCalls::close), int>(
          fault, result.seen, FileCalls{}.close);
      break;
  }
  return result;
}

std::function<int()> failing(int error) {
  return [error] {
    errno = error;
    return -1;
  };
}

class Faults : public testing::TestWithParam<Format> {
 protected:
  // Rows enough for several writes, that no codec makes small.
  static std::vector<std::shared_ptr<arrow::RecordBatch>> rows() {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    std::uint64_t bits = 88172645463325252U;
    for (int batch = 0; batch < 4; ++batch) {
      arrow::Int64Builder builder;
      for (int i = 0; i < 20'000; ++i) {
        bits ^= bits << 13U;
        bits ^= bits >> 7U;
        bits ^= bits << 17U;
        if (!builder.Append(static_cast<std::int64_t>(bits)).ok())
          throw std::runtime_error("no memory");
      }
      batches.push_back(batch_of({{"n", value_or_die(builder.Finish())}}));
    }
    return batches;
  }
  OutputOptions options() const { return options_for(path_, GetParam()); }

  TempFolder folder_;
  std::string path_ = folder_ / "out";
};

INSTANTIATE_TEST_SUITE_P(EveryFormat, Faults,
                         testing::Values(Format::kParquet, Format::kCsv,
                                         Format::kJsonLines, Format::kArrowFile,
                                         Format::kArrowStream),
                         [](const auto& tested) {
                           return std::string(to_string(tested.param));
                         });

// RS-024
TEST_P(Faults, ACallThatFailsIsAnOutputErrorAndTheOldFileStays) {
  const auto batches = rows();
  write_all(options(), batches);
  const std::string whole = read_file(path_);
  for (const Call call : kCalls) {
    int at = 0;
    for (;; ++at) {
      write_file(path_, "old");
      const Faulty faulty = calls_with({call, at, failing(EIO)});
      const Thrown thrown =
          thrown_by([&] { write_all(options(), batches, faulty.calls); });
      EXPECT_THAT(folder_.names(), ElementsAre("out", "out.lock"));
      if (*faulty.seen <= at)
        break;  // it was never reached: all calls of this kind have had their turn
      const std::string where =
          std::string(kNames[static_cast<int>(call)]) + " " + std::to_string(at);
      EXPECT_EQ(thrown.category, Category::kOutput) << where;
      EXPECT_EQ(thrown.code, "output_failed") << where;
      EXPECT_THAT(thrown.message, testing::HasSubstr(path_ + ": Input/output error"))
          << where;
      // After the rename only the folder's fsync is left: the file is there, whole.
      const bool renamed = call == Call::kFsync && at == 1;
      EXPECT_EQ(read_file(path_) == "old", !renamed) << where;
      if (renamed) {
        EXPECT_TRUE(read_file(path_) == whole) << where;
      }
    }
    EXPECT_GE(at, call == Call::kFsync ? 2 : 1);
    EXPECT_TRUE(read_file(path_) == whole);
  }
}

// RS-024
TEST_P(Faults, ACallThatFailsWhereNothingWasLeavesNothing) {
  for (const Call call : kCalls) {
    const Faulty faulty = calls_with({call, 0, failing(EIO)});
    EXPECT_EQ(thrown_by([&] { write_all(options(), rows(), faulty.calls); }).category,
              Category::kOutput);
    EXPECT_THAT(folder_.names(), ElementsAre("out.lock"));
  }
}

TEST_P(Faults, AKilledProcessLeavesNoTornFileAndTheNextRunSweeps) {
  const auto batches = rows();
  write_all(options(), batches);
  const std::string whole = read_file(path_);
  const auto die = [] { return ::raise(SIGKILL); };
  int kills = 0;
  for (const Call call : kCalls) {
    for (const bool after : {false, true}) {
      for (int at = 0;; ++at) {
        write_file(path_, "old");
        Child child([&] {
          write_all(options(), batches, calls_with({call, at, die, after}).calls);
          return 0;
        });
        if (child.wait() == 0) break;
        ++kills;
        const std::string left = read_file(path_);
        EXPECT_TRUE(left == "old" || left == whole)
            << kNames[static_cast<int>(call)] << " " << at;
        write_all(options(), batches);
        EXPECT_TRUE(read_file(path_) == whole);
        EXPECT_THAT(folder_.names(), ElementsAre("out", "out.lock"));
      }
    }
  }
  EXPECT_GE(kills, 10);
}

TEST_P(Faults, ShortAndInterruptedWritesAreContinued) {
  const auto batches = rows();
  write_all(options(), batches);
  const std::string whole = read_file(path_);
  FileCalls calls;
  auto turn = std::make_shared<unsigned>(0);
  calls.write = [turn](int fd, const void* data, size_t size) -> ssize_t {
    if (++*turn % 3 == 0) {
      errno = EINTR;
      return -1;
    }
    return ::write(fd, data, std::min<size_t>(size, 1 + *turn % 7000));
  };
  const auto summary = write_all(options(), batches, calls);
  EXPECT_TRUE(read_file(path_) == whole);
  EXPECT_EQ(summary.bytes, static_cast<std::int64_t>(whole.size()));
  EXPECT_GT(*turn, 10U);
}

// RS-024
TEST_P(Faults, AFileSizeLimitIsAnOutputError) {
  write_file(path_, "old");
  Child child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{64 * 1024, 64 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const Thrown thrown = thrown_by([&] { write_all(options(), rows()); });
    return thrown ==
                   Thrown{Category::kOutput, "output_too_large",
                          "cannot write " + path_ + ": File too large",
                          "raise the limit on file sizes (ulimit -f), or write to a file "
                          "system that holds larger files"}
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(read_file(path_), "old");
  EXPECT_THAT(folder_.names(), ElementsAre("out", "out.lock"));
}

class FaultReasons : public testing::Test {
 protected:
  TempFolder folder_;
  std::string path_ = folder_ / "out.csv";
  OutputOptions options_ = options_for(path_, Format::kCsv);
  Thrown thrown_at(Call call, int error) {
    const Faulty faulty = calls_with({call, 0, failing(error)});
    return thrown_by([&] { write_all(options_, {numbers(0, 3)}, faulty.calls); });
  }
};

// RS-024
TEST_F(FaultReasons, EachIsSaidWithWhatToDo) {
  EXPECT_EQ(thrown_at(Call::kWrite, ENOSPC),
            (Thrown{Category::kOutput, "output_full",
                    "cannot write " + path_ + ": No space left on device",
                    "free some space there, or write to another place"}));
  EXPECT_EQ(thrown_at(Call::kClose, EDQUOT),
            (Thrown{Category::kOutput, "output_full",
                    "cannot write " + path_ + ": Disk quota exceeded",
                    "the quota there is used up; free some space, or write elsewhere"}));
  EXPECT_EQ(
      thrown_at(Call::kRename, EROFS),
      (Thrown{Category::kOutput, "output_denied",
              "cannot rename a temporary file to " + path_ + ": Read-only file system",
              "write to a folder that this account may write to"}));
  EXPECT_EQ(thrown_at(Call::kFsync, ENOSPC).code, "output_full");
}

TEST_F(FaultReasons, AfterAFailureNothingMoreIsWritten) {
  const Faulty faulty = calls_with({Call::kWrite, 0, failing(ENOSPC)});
  Output output(options_for(path_, Format::kParquet), {}, {}, faulty.calls);
  output.begin(numbers(0, 3)->schema(), {});
  output.write(numbers(0, 3));
  EXPECT_EQ(thrown_by([&] { output.commit(); }).code, "output_full");
  EXPECT_EQ(*faulty.seen, 1);
  EXPECT_EQ(thrown_by([&] { output.commit(); }).code, "output_state");
  EXPECT_EQ(thrown_by([&] { output.write(numbers(0, 3)); }).code, "output_state");
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv.lock"));
}

TEST_F(FaultReasons, AFileSystemThatCannotSyncAFolderIsNoFailure) {
  const Faulty faulty = calls_with({Call::kFsync, 1, failing(EINVAL)});
  write_all(options_, {numbers(0, 3)}, faulty.calls);
  EXPECT_EQ(*faulty.seen, 2);
  EXPECT_EQ(read_file(path_), "\"n\"\n0\n1\n2\n");
}

// RS-026
TEST_F(FaultReasons, AMessageHasNoControlCharactersOfThePath) {
  const std::string path = folder_ / "a\nb\x1b[31m";
  const Faulty faulty = calls_with({Call::kWrite, 0, failing(EIO)});
  EXPECT_EQ(thrown_by([&] {
              write_all(options_for(path, Format::kCsv), {numbers(0, 3)}, faulty.calls);
            }).message,
            "cannot write " + folder_.path() + "/a\\x0ab\\x1b[31m: Input/output error");
}

}  // namespace
}  // namespace penstock
