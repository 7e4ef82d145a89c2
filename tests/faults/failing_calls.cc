// LD_PRELOAD: one system call of the program, on a file, fails or kills it, or its looks
// at sockets take long.
//
// FAULT_AT=CALL:NUMBER:WHAT, where CALL is write, fsync, rename or close, NUMBER counts
// from 0 the calls of that kind on a file whose path holds FAULT_PATH, and WHAT is an
// errno's number, "before" or "after" (SIGKILL). Calls that were counted are told, one
// character each, to the file FAULT_SEEN.
//
// FAULT_PEEK_MS: after each recv with MSG_PEEK, and each SSL_peek, the program is held up
// for so long, in which more may arrive.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Plan {
  char call[16] = "";
  int at = -1;
  char what[16] = "";
  const char* path = ::getenv("FAULT_PATH");
  int seen = -1;
  std::atomic<int> count = 0;

  Plan() {
    const char* text = ::getenv("FAULT_AT");
    if (text == nullptr || path == nullptr) return;
    if (std::sscanf(text, "%15[a-z]:%d:%15s", call, &at, what) != 3) std::abort();
    if (const char* file = ::getenv("FAULT_SEEN"); file != nullptr)
      seen = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
};

Plan& plan() {
  static Plan made;
  return made;
}

// Loaded before main, so that what the program does to its environment comes later.
__attribute__((constructor)) void load() { plan(); }

bool is_ours(int fd) {
  if (plan().path == nullptr || fd == plan().seen) return false;
  char link[64];
  char name[4096];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, name, sizeof(name) - 1);
  if (size < 0) return false;
  name[size] = '\0';
  return std::strstr(name, plan().path) != nullptr &&
         std::strstr(name, ".lock") == nullptr;
}

template <class Result, class Real>
Result call(const char* name, bool ours, Real make) {
  Plan& wanted = plan();
  if (!ours || std::strcmp(name, wanted.call) != 0) return make();
  const int number = wanted.count++;
  if (wanted.seen >= 0)
    static_cast<void>(
        real<ssize_t (*)(int, const void*, size_t)>("write")(wanted.seen, ".", 1));
  if (number != wanted.at) return make();
  if (std::strcmp(wanted.what, "before") == 0) ::raise(SIGKILL);
  if (std::strcmp(wanted.what, "after") == 0) {
    make();
    ::raise(SIGKILL);
  }
  // A close that fails has closed all the same.
  if (std::strcmp(name, "close") == 0) make();
  errno = std::atoi(wanted.what);
  return Result{-1};
}

void hold_up() {
  static const char* const milliseconds = ::getenv("FAULT_PEEK_MS");
  if (milliseconds != nullptr)
    ::usleep(static_cast<useconds_t>(std::atoi(milliseconds)) * 1000);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) ssize_t write(int fd, const void* data,
                                                     size_t size) {
  return call<ssize_t>("write", is_ours(fd), [&] {
    return real<ssize_t (*)(int, const void*, size_t)>("write")(fd, data, size);
  });
}

__attribute__((visibility("default"))) int fsync(int fd) {
  return call<int>("fsync", is_ours(fd), [&] { return real<int (*)(int)>("fsync")(fd); });
}

__attribute__((visibility("default"))) int close(int fd) {
  return call<int>("close", is_ours(fd), [&] { return real<int (*)(int)>("close")(fd); });
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void* to, size_t size,
                                                    int flags) {
  const ssize_t got =
      real<ssize_t (*)(int, void*, size_t, int)>("recv")(fd, to, size, flags);
  if ((flags & MSG_PEEK) != 0) hold_up();
  return got;
}

// Of OpenSSL; its SSL is not ours to look into.
__attribute__((visibility("default"))) int ssl_peek(void* ssl, void* to,
                                                    int size) __asm__("SSL_peek");
int ssl_peek(void* ssl, void* to, int size) {
  const int got = real<int (*)(void*, void*, int)>("SSL_peek")(ssl, to, size);
  hold_up();
  return got;
}

__attribute__((visibility("default"))) int renameat(int from_folder, const char* from,
                                                    int to_folder, const char* to) {
  const bool ours = plan().path != nullptr && std::strstr(from, plan().path) != nullptr;
  return call<int>("rename", ours, [&] {
    return real<int (*)(int, const char*, int, const char*)>("renameat")(
        from_folder, from, to_folder, to);
  });
}
}
