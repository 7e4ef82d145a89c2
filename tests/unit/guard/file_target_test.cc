// Which files may be opened as a database.
#include <filesystem>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <type_traits>
#include <unistd.h>

#include <gtest/gtest.h>

#include "guard/target.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using testing::Folder;

// Only admit() makes one, so that nothing else can be opened.
static_assert(!std::is_default_constructible_v<Target>);
static_assert(!std::is_constructible_v<Target, std::string>);
static_assert(!std::is_aggregate_v<Target>);

std::vector<IpAddress> no_resolver(const std::string& /*host*/, Deadline /*deadline*/,
                                   const std::stop_token& /*stop*/) {
  ADD_FAILURE() << "a file needs no address";
  return {};
}

Target admit_file(const std::string& path) {
  Routes routes;
  routes.dialect = "sqlite";
  routes.files.push_back({path});
  return admit(routes, Policy{}, no_resolver, Deadline::never(), {});
}

Failure refused(const std::string& path) {
  return failure_of([&] { admit_file(path); });
}

Failure not_a_file(const std::string& path, const std::string& why) {
  return {Category::kRefused, "not_a_database_file",
          "refusing to open '" + path + "': it is " + why,
          "a SQLite DSN names a regular file"};
}

// The working directory for the length of a test.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::filesystem::path& path)
      : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_;
};

// RS-010
TEST(FileTarget, ARegularFileIsAdmittedByItsRealPath) {
  const Folder folder;
  const std::string real = folder.file("a.db");
  testing::write_bytes(real, "x");
  std::filesystem::create_symlink("a.db", folder.path() / "link.db");
  std::filesystem::create_directory(folder.path() / "sub");
  EXPECT_EQ(admit_file(real).path(), real);
  EXPECT_EQ(admit_file(folder.file("link.db")).path(), real);
  EXPECT_EQ(admit_file(folder.file("sub/../a.db")).path(), real);
}

// RS-010
TEST(FileTarget, ARelativePathIsTakenFromTheWorkingDirectory) {
  const Folder folder;
  testing::write_bytes(folder.file("a.db"), "x");
  testing::write_bytes(folder.file("file:a.db"), "x");
  const WorkingDirectory inside(folder.path());
  EXPECT_EQ(admit_file("a.db").path(), folder.file("a.db"));
  EXPECT_EQ(admit_file("./file:a.db").path(), folder.file("file:a.db"));
}

// RS-010
TEST(FileTarget, NoPathIsADatabaseInMemory) { EXPECT_EQ(admit_file("").path(), ""); }

TEST(FileTarget, WhatIsNoRegularFileIsRefused) {
  const Folder folder;
  ASSERT_EQ(::mkfifo(folder.file("fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder.path() / "link");
  EXPECT_EQ(refused(folder.file("fifo")), not_a_file(folder.file("fifo"), "a FIFO"));
  EXPECT_EQ(refused(folder.file("link")), not_a_file(folder.file("link"), "a FIFO"))
      << "and opening it would have hung";
  EXPECT_EQ(refused(folder.path().string()),
            not_a_file(folder.path().string(), "a folder"));
}

TEST(FileTarget, ASocketIsRefused) {
  const Folder folder;
  const std::string path = folder.file("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(refused(path), not_a_file(path, "a socket"));
  ::close(fd);
}

TEST(FileTarget, WhatTheSystemShowsAsFilesIsRefused) {
  const Folder folder;
  std::filesystem::create_symlink("/proc/version", folder.path() / "link");
  EXPECT_EQ(refused("/proc/version"), not_a_file("/proc/version", "under /proc/"));
  EXPECT_EQ(refused(folder.file("link")),
            not_a_file(folder.file("link"), "under /proc/"));
  EXPECT_EQ(refused("/dev/zero"), not_a_file("/dev/zero", "under /dev/"));
  EXPECT_EQ(refused("/sys/kernel/notes").code, "not_a_database_file");
}

Failure bad_companion(const std::string& path, const std::string& end,
                      const std::string& why) {
  return {Category::kRefused, "bad_companion_file",
          "refusing to open '" + path + "': '" + path + end + "' " + why,
          "SQLite takes it for the database's own; move it away if it is not"};
}

// RS-017
TEST(FileTarget, WhatSqliteWouldWriteBesideItIsARegularFileOfOneName) {
  namespace fs = std::filesystem;
  for (const std::string end : {"-journal", "-wal", "-shm"}) {
    const Folder folder;
    const std::string path = folder.file("a.db");
    testing::write_bytes(path, "x");
    testing::write_bytes(folder.file("other"), "precious");
    fs::create_symlink("a.db", folder.path() / "link.db");

    testing::write_bytes(path + end, "its own");
    EXPECT_EQ(admit_file(path).path(), path);
    fs::remove(path + end);
    fs::create_hard_link(folder.file("other"), path + end);
    EXPECT_EQ(refused(path),
              bad_companion(path, end, "is a file of 2 names (hard links)"));
    EXPECT_EQ(refused(folder.file("link.db")),
              bad_companion(path, end, "is a file of 2 names (hard links)"))
        << "beside the real file";
    fs::remove(path + end);
    fs::create_symlink("other", path + end);
    EXPECT_EQ(refused(path), bad_companion(path, end, "is a symbolic link"));
    fs::remove(path + end);
    fs::create_symlink("nowhere", path + end);
    EXPECT_EQ(refused(path), bad_companion(path, end, "is a symbolic link"));
    fs::remove(path + end);
    ASSERT_EQ(::mkfifo((path + end).c_str(), 0600), 0);
    EXPECT_EQ(refused(path), bad_companion(path, end, "is a FIFO"));
    EXPECT_EQ(testing::bytes_of(folder.file("other")), "precious");
  }
}

// RS-013
TEST(FileTarget, ALogBesideAnEmptyDatabaseIsNotForSqliteToDelete) {
  const Folder folder;
  const std::string path = folder.file("a.db");
  testing::write_bytes(path, "");
  EXPECT_EQ(admit_file(path).path(), path);
  testing::write_bytes(path + "-wal", "the only copy");
  EXPECT_EQ(refused(path),
            bad_companion(path, "-wal",
                          "stands beside an empty database, and SQLite would delete it"));
}

TEST(FileTarget, AMissingFileIsNotCreated) {
  const Folder folder;
  const std::string path = folder.file("none.db");
  EXPECT_EQ(
      refused(path),
      (Failure{Category::kUnavailable, "database_file_missing",
               "cannot open database file '" + path + "': No such file or directory",
               "penstock never creates a database; check the path, and the working "
               "directory of a relative one"}));
  EXPECT_EQ(folder.names(), std::vector<std::string>{});
}

TEST(FileTarget, ALinkThatLeadsNowhereIsAMissingFile) {
  const Folder folder;
  std::filesystem::create_symlink("none.db", folder.path() / "link");
  std::filesystem::create_symlink("loop", folder.path() / "loop");
  EXPECT_EQ(refused(folder.file("link")).code, "database_file_missing");
  EXPECT_EQ(refused(folder.file("loop")).message,
            "cannot open database file '" + folder.file("loop") +
                "': Too many levels of symbolic links");
  EXPECT_EQ(refused(folder.file("link/below")).code, "database_file_missing");
}

// RS-010
TEST(FileTarget, ThreeSlashesWhereFourWereMeantGetAHint) {
  const Folder folder;
  testing::write_bytes(folder.file("a.db"), "x");
  const std::string slip = folder.file("a.db").substr(1);
  EXPECT_EQ(
      refused(slip),
      (Failure{Category::kUnavailable, "database_file_missing",
               "cannot open database file '" + slip + "': No such file or directory",
               "the path is relative to the working directory; an absolute one has "
               "four slashes: sqlite:////..."}));
}

TEST(FileTarget, AMessageShowsAPathWithoutItsControlCharacters) {
  EXPECT_EQ(refused("/none\n\x1b[2J").message,
            "cannot open database file '/none\\x0a\\x1b[2J': No such file or directory");
}

}  // namespace
}  // namespace penstock
