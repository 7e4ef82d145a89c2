#include "dialect/sqlite/worker.h"

#include <chrono>

#include "penstock/error.h"

namespace penstock::sqlite {
namespace {

using namespace std::chrono_literals;

// A call that looks at the clock ends by itself in the first; one that only listens to an
// interrupt (a count of a whole table) in the second. Both end before a second has
// passed.
constexpr auto kToEndByItself = 150ms;
constexpr auto kToEndInterrupted = 450ms;

[[noreturn]] void give_up(const Wait& wait) {
  if (wait.stop.stop_requested()) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted; the query was given up");
  }
  throw Error(Category::kTimeout, "statement_timeout",
              "the query ran past its time limit inside one call of a function and was "
              "given up");
}

}  // namespace

Worker::Worker() : thread_([shared = shared_] { serve(shared); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
  }
  shared_->changed.notify_all();
  given_up_ ? thread_.detach() : thread_.join();
}

void Worker::serve(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->call || shared->closed; });
    if (!shared->call) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      shared->call();  // nobody else touches it until it is empty
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    shared->failure = std::move(failure);
    shared->call = nullptr;
    shared->changed.notify_all();
  }
}

void Worker::run_and_wait(std::function<void()> call, const Wait& wait,
                          const std::function<void()>& interrupt) {
  if (given_up_) give_up(wait);
  std::unique_lock lock(shared_->mutex);
  shared_->call = std::move(call);
  shared_->changed.notify_all();
  const auto ended = [this] { return !shared_->call; };
  const auto end = wait.deadline.at();
  const bool in_time = end == Deadline::Clock::time_point::max()
                           ? shared_->changed.wait(lock, wait.stop, ended)
                           : shared_->changed.wait_until(lock, wait.stop, end, ended);
  if (!in_time && !shared_->changed.wait_for(lock, kToEndByItself, ended)) {
    if (interrupt) interrupt();
    if (!shared_->changed.wait_for(lock, kToEndInterrupted, ended)) {
      given_up_ = true;
      give_up(wait);
    }
  }
  if (auto failure = std::exchange(shared_->failure, nullptr)) {
    std::rethrow_exception(failure);
  }
}

}  // namespace penstock::sqlite
