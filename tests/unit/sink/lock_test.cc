#include "sink/lock.h"

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "child.h"
#include "sink_testing.h"

namespace penstock {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr char kHint[] =
    "wait for it with --lock-timeout SECONDS (-1: as long as it takes), or write to "
    "another path";

LockOptions waiting(double seconds) {
  LockOptions options;
  options.timeout_seconds = seconds;
  return options;
}

class Lock : public testing::Test {
 protected:
  Output open(const LockOptions& options = {}, std::stop_token stop = {}) {
    return Output(options_for(path_, Format::kCsv), options, std::move(stop));
  }
  Thrown refused(const LockOptions& options = {}, std::stop_token stop = {}) {
    return thrown_by([&] { open(options, stop); });
  }
  // A child that has the lock, says so through the pipe, and after `time` writes its
  // file.
  Child start(milliseconds time, const int (&ends)[2], char& ready) {
    return Child([&] {
      Output output = open();
      static_cast<void>(!::write(ends[1], &ready, 1));
      std::this_thread::sleep_for(time);
      output.begin(numbers(0, 3)->schema(), {});
      output.write(numbers(0, 3));
      output.commit();
      return 0;
    });
  }

  TempFolder folder_;
  std::string path_ = folder_ / "out.csv";
  std::string lock_ = path_ + ".lock";
  Thrown contested_{Category::kLocked, "lock_contested",
                    "another run holds the lock " + lock_, kHint};
};

// RS-027 RS-024
TEST_F(Lock, ASecondRunIsToldWhichLockIsHeld) {
  const Output first = open();
  EXPECT_EQ(refused(), contested_);
  EXPECT_EQ(traits(Category::kLocked).exit_code, 6);
}

// RS-027
TEST_F(Lock, AnotherProcessIsToldToo) {
  const Output first = open();
  Child child([&] { return refused() == contested_ ? 0 : 1; });
  EXPECT_EQ(child.wait(), 0);
}

// RS-027
TEST_F(Lock, ItIsFreeWhenTheRunEndsAndItsFileStays) {
  {
    const Output first = open();
  }
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv.lock"));
  EXPECT_EQ(refused(), Thrown{});
  {
    const Output first = open();
  }
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv.lock"));
}

// RS-027
TEST_F(Lock, ItIsHeldUntilTheOutputIsGoneNotOnlyCommitted) {
  Output first = open();
  first.begin(numbers(0, 3)->schema(), {});
  first.commit();
  EXPECT_EQ(refused(), contested_);
}

// RS-027
TEST_F(Lock, AKilledRunHoldsItNoLonger) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  char ready = 'r';
  Child child = start(std::chrono::minutes(10), ends, ready);
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  EXPECT_EQ(refused(), contested_);
  child.kill();
  child.wait();
  EXPECT_EQ(refused(), Thrown{});
  ::close(ends[0]);
  ::close(ends[1]);
}

// RS-027
TEST_F(Lock, AWaitEndsWhenTheOtherRunDoes) {
  for (const double seconds : {60.0, -1.0}) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    char ready = 'r';
    Child child = start(milliseconds(150), ends, ready);
    ASSERT_EQ(::read(ends[0], &ready, 1), 1);
    EXPECT_EQ(refused(waiting(seconds)), Thrown{});
    EXPECT_EQ(read_file(path_), "\"n\"\n0\n1\n2\n");
    EXPECT_EQ(child.wait(), 0);
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

// RS-027
TEST_F(Lock, AWaitGivesUpAtItsTimeoutAndNotBefore) {
  const Output first = open();
  const auto start = Clock::now();
  EXPECT_EQ(refused(waiting(0.15)), contested_);
  EXPECT_GE(Clock::now() - start, milliseconds(150));
}

// RS-027
TEST_F(Lock, AStopEndsTheWait) {
  const Output first = open();
  std::stop_source stop;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  EXPECT_EQ(refused(waiting(-1), stop.get_token()),
            (Thrown{Category::kInterrupted, "interrupted",
                    "interrupted while waiting for the lock " + lock_, ""}));
  later.join();
}

// RS-027
TEST_F(Lock, WithoutItTwoRunsGoOnAndTheLastOneWins) {
  LockOptions none;
  none.enabled = false;
  const Output locked = open();
  Output first = open(none);
  Output second = open(none);
  first.begin(numbers(0, 3)->schema(), {});
  second.begin(numbers(0, 3)->schema(), {});
  second.write(numbers(7, 1));
  second.commit();
  first.commit();
  EXPECT_EQ(read_file(path_), "\"n\"\n");
  EXPECT_THAT(folder_.names(), ElementsAre("out.csv", "out.csv.lock"));
}

// RS-027
TEST_F(Lock, OneForTwoNamesOfAFile) {
  ASSERT_EQ(::symlink("out.csv", (folder_ / "latest.csv").c_str()), 0);
  const Output first = open();
  EXPECT_EQ(thrown_by([&] {
              Output(options_for(folder_ / "latest.csv", Format::kCsv), {}, {});
            }),
            contested_);
}

TEST_F(Lock, OtherOutputsOfAFolderAreFree) {
  const Output first = open();
  EXPECT_EQ(
      thrown_by([&] { Output(options_for(folder_ / "b.csv", Format::kCsv), {}, {}); }),
      Thrown{});
}

TEST_F(Lock, ItsFileIsPrivateAndNotInherited) {
  const mode_t before = ::umask(0);
  const Output first = open();
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(lock_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  bool found = false;
  for (int fd = 3; fd < 256; ++fd) {
    // By its link: fstat() of what a query that was left to itself has open, and closes
    // some time, would be a race to ThreadSanitizer.
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    struct stat opened{};
    if (::stat(link.c_str(), &opened) != 0 || opened.st_ino != status.st_ino) continue;
    found = true;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_TRUE(found);
}

TEST_F(Lock, ASymbolicLinkInItsPlaceIsNotFollowed) {
  ASSERT_EQ(::symlink("victim", lock_.c_str()), 0);
  EXPECT_EQ(
      refused(),
      (Thrown{
          Category::kOutput, "lock_failed",
          "cannot lock " + lock_ + ": it is a symbolic link",
          "remove what is in the lock file's place, or run without a lock (--no-lock)"}));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "victim"));
}

TEST_F(Lock, AFifoInItsPlaceDoesNotHang) {
  ASSERT_EQ(::mkfifo(lock_.c_str(), 0600), 0);
  EXPECT_EQ(refused().message, "cannot lock " + lock_ + ": it is not a regular file");
}

// RS-027
TEST_F(Lock, AFileRemovedWhileARunWritesGivesNoSecondHolder) {
  Output first = open();
  first.begin(numbers(0, 3)->schema(), {});
  ASSERT_EQ(::unlink(lock_.c_str()), 0);
  EXPECT_EQ(refused(), (Thrown{Category::kLocked, "lock_contested",
                               "another run writes " + path_ + ", though the lock " +
                                   lock_ + " is free",
                               kHint}));
  first.write(numbers(0, 3));
  first.commit();
  EXPECT_EQ(refused(), Thrown{});
}

// RS-027
TEST_F(Lock, AFileRemovedBeforeARunBeginsIsTakenAgain) {
  Output first = open();
  ASSERT_EQ(::unlink(lock_.c_str()), 0);
  first.begin(numbers(0, 3)->schema(), {});
  EXPECT_EQ(refused(), contested_);
}

// RS-027
TEST_F(Lock, AFileRemovedAndTakenByAnotherRunEndsTheFirst) {
  Output first = open();
  ASSERT_EQ(::unlink(lock_.c_str()), 0);
  const Output second = open();
  EXPECT_EQ(thrown_by([&] { first.begin(numbers(0, 3)->schema(), {}); }), contested_);
}

// RS-027
TEST_F(Lock, AFileRemovedWhileARunWaitsGivesNoSecondHolder) {
  auto first = std::make_unique<Output>(open());
  std::atomic<bool> got{false};
  std::thread waiter([&] {
    const Output late = open(waiting(-1));
    got = true;
  });
  std::this_thread::sleep_for(milliseconds(50));
  ASSERT_EQ(::unlink(lock_.c_str()), 0);
  auto second = std::make_unique<Output>(open(waiting(-1)));
  if (!got) {  // else the waiter was first, and has ended
    first.reset();
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_FALSE(got);
  }
  second.reset();
  waiter.join();
  EXPECT_TRUE(got);
}

// RS-027
TEST_F(Lock, OfManyWritersAtOnceOneWinsAndNoFileIsMixed) {
  constexpr int kWriters = 8;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<Child>> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.push_back(std::make_unique<Child>([&, writer] {
        try {
          write_all(options_for(path_, Format::kCsv), {numbers(writer * 1000, 1000)});
          return 0;
        } catch (const Error& error) {
          if (error.message() == contested_.message) return 6;
          std::cerr << error.code() << ": " << error.message() << '\n';
          return 1;
        }
      }));
    }
    int winners = 0;
    for (const auto& writer : writers) {
      const int code = writer->wait();
      winners += code == 0 ? 1 : 0;
      EXPECT_TRUE(code == 0 || code == 6) << code;
    }
    EXPECT_GE(winners, 1);
    const std::string text = read_file(path_);
    const std::int64_t first = std::strtoll(text.c_str() + 4, nullptr, 10);
    EXPECT_EQ(text, text_of(numbers(first, 1000), Format::kCsv));
    EXPECT_THAT(folder_.names(), ElementsAre("out.csv", "out.csv.lock"));
    // Someone tidies up between the rounds.
    if (round % 3 == 0) ::unlink(lock_.c_str());
  }
}

}  // namespace
}  // namespace penstock
