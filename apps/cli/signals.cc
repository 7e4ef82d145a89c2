#include "cli/signals.h"

#include <csignal>
#include <pthread.h>
#include <unistd.h>

namespace penstock::cli {
namespace {

bool is_ignored(int number) {
  struct sigaction action{};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM}) {
    if (!is_ignored(number)) sigaddset(&set, number);
  }
  sigaddset(&set, SIGUSR1);  // sent by the destructor alone
  return set;
}

}  // namespace

Signals::Signals() {
  for (const int number : {SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
  const sigset_t set = awaited();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait(); });
}

Signals::~Signals() {
  finished_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void Signals::wait() {
  const sigset_t set = awaited();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (number == SIGUSR1) {
      if (finished_) return;
      continue;
    }
    if (received_ != 0) _exit(128 + number);
    received_ = number;
    source_.request_stop();
  }
}

}  // namespace penstock::cli
