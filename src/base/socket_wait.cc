#include "base/socket_wait.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "penstock/error.h"

namespace penstock {

SocketWait::SocketWait(Deadline deadline, const std::stop_token& stop,
                       const Silence& silence)
    : deadline_(deadline),
      stop_(stop),
      silence_(silence),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) {
    throw Error(Category::kUnexpected, "no_descriptor",
                std::string("cannot make an event descriptor: ") + std::strerror(errno));
  }
  wake_.emplace(stop_, [event = event_] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event, &one, sizeof(one));
  });
}

SocketWait::~SocketWait() {
  wake_.reset();
  ::close(event_);
}

void SocketWait::check() const {
  if (stop_.stop_requested()) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted; the query was stopped");
  }
  if (deadline_.passed()) {
    throw Error(Category::kTimeout, "deadline_passed",
                "the time limit has passed; the query was stopped",
                "narrow the query, or raise statement_timeout_seconds or limits.seconds");
  }
}

bool SocketWait::until(int socket, bool readable, std::chrono::milliseconds at_most) {
  const auto silence = readable ? silence_.read : silence_.write;
  const Deadline silent = Deadline::after(silence);
  const Deadline end = deadline_.sooner(silent);
  while (true) {
    check();
    if (silent.passed()) {
      throw Error(Category::kTimeout, "server_silent",
                  fmt::format("the server was silent for {:g} seconds",
                              static_cast<double>(silence.count()) / 1000),
                  "raise read_timeout or write_timeout, or check the network");
    }
    int wait_ms = at_most == kForEver ? -1 : static_cast<int>(at_most.count());
    if (end.at() != Deadline::Clock::time_point::max()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end.at() - Deadline::Clock::now());
      wait_ms = static_cast<int>(
          std::min<std::int64_t>({left.count(), at_most.count(), 1'000'000}));
    }
    pollfd polled[2] = {{socket, static_cast<short>(readable ? POLLIN : POLLOUT), 0},
                        {event_, POLLIN, 0}};
    const int ready = ::poll(polled, 2, wait_ms);
    if (ready < 0 && errno != EINTR) {
      throw Error(Category::kUnexpected, "poll_failed",
                  std::string("cannot wait for a socket: ") + std::strerror(errno));
    }
    if (ready > 0 && polled[0].revents != 0) return true;
    if (ready == 0 && at_most != kForEver) return false;
  }
}

}  // namespace penstock
