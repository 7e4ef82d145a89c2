// The system calls by which bytes get to disk and into place, as a value, so that a test
// can make any one of them fail.
#pragma once

#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <sys/types.h>
#include <unistd.h>

namespace penstock {

/// Each behaves as the call it is named after: -1 and errno on failure.
struct FileCalls {
  std::function<ssize_t(int fd, const void* data, size_t size)> write = ::write;
  std::function<int(int fd)> fsync = ::fsync;
  std::function<int(int folder, const char* from, const char* to)> rename =
      [](int folder, const char* from, const char* to) {
        return ::renameat(folder, from, folder, to);
      };
  std::function<int(int fd)> close = ::close;
  /// fallocate(2) that leaves the file's size alone.
  std::function<int(int fd, off_t offset, off_t length)> reserve =
      [](int fd, off_t offset, off_t length) {
        return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
      };
};

}  // namespace penstock
