// A forked child that runs a function and exits with its result.
#pragma once

#include <functional>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace penstock {

class Child {
 public:
  /// `run` must not come back to the test; what it throws is exit code 99.
  explicit Child(const std::function<int()>& run) : pid_(::fork()) {
    if (pid_ < 0) throw std::runtime_error("no child");
    if (pid_ > 0) return;
    int code = 99;
    try {
      code = run();
    } catch (...) {  // NOLINT(bugprone-empty-catch): it is code 99
    }
    ::_exit(code);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill();
    wait();
  }

  void kill() const { ::kill(pid_, SIGKILL); }
  /// Its exit code, or 128 and the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

}  // namespace penstock
