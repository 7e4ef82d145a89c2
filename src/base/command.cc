#include "base/command.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace penstock {
namespace {

// Closed when it goes.
struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  void close_end(int which) {
    ::close(ends[which]);
    ends[which] = -1;
  }
};

int start(const std::vector<std::string>& command, int output, pid_t* child) {
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // so that its children end with it
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                            POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawnp(child, command.front().c_str(), &actions, &attributes,
                                 arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

// Reads to the end of the output; what ended it sooner.
CommandEnd read_output(int from, std::size_t most_bytes, Deadline deadline,
                       const std::stop_token& stop, std::string& output) {
  char buffer[4096];
  while (true) {
    if (stop.stop_requested()) return CommandEnd::kStopped;
    if (deadline.passed()) return CommandEnd::kTimeout;
    pollfd wait{from, POLLIN, 0};
    if (::poll(&wait, 1, 50) <= 0) continue;
    const ssize_t got = ::read(from, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return CommandEnd::kDone;
    output.append(buffer, static_cast<std::size_t>(got));
    if (output.size() > most_bytes) return CommandEnd::kTooLong;
  }
}

// A program may close its output and go on.
CommandEnd wait_for(pid_t child, Deadline deadline, const std::stop_token& stop,
                    int* status) {
  while (true) {
    const pid_t ended = ::waitpid(child, status, WNOHANG);
    if (ended == child) return CommandEnd::kDone;
    if (ended < 0 && errno != EINTR) return CommandEnd::kFailed;
    if (stop.stop_requested()) return CommandEnd::kStopped;
    if (deadline.passed()) return CommandEnd::kTimeout;
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& command, std::size_t most_bytes,
                          Deadline deadline, const std::stop_token& stop) {
  CommandResult result;
  Pipe pipe;
  pid_t child = -1;
  int error = ::pipe2(pipe.ends, O_CLOEXEC) == 0 ? 0 : errno;
  if (error == 0) error = start(command, pipe.ends[1], &child);
  if (error != 0) return {CommandEnd::kNotStarted, error, {}};
  pipe.close_end(1);
  result.end = read_output(pipe.ends[0], most_bytes, deadline, stop, result.output);
  int status = 0;
  if (result.end == CommandEnd::kDone)
    result.end = wait_for(child, deadline, stop, &status);
  if (result.end != CommandEnd::kDone) {
    ::kill(-child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return result;
  }
  if (status == 0) return result;
  result.end = CommandEnd::kFailed;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace penstock
