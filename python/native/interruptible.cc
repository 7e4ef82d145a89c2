#include "native/interruptible.h"

#include <thread>

#include "native/gil.h"

namespace penstock::python {

namespace nb = nanobind;

std::exception_ptr run_signal_handlers() {
  if (PyErr_CheckSignals() == 0) return nullptr;
  return std::make_exception_ptr(nb::python_error());
}

void run_interruptible(std::stop_source stop, const std::function<void()>& work) {
  std::mutex mutex;
  std::condition_variable changed;
  bool finished = false;
  std::exception_ptr failure;
  std::exception_ptr raised;
  std::jthread worker([&] {
    std::exception_ptr thrown;
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    failure = std::move(thrown);
    finished = true;
    changed.notify_all();
  });
  const auto wait = [&] {
    const WithoutGil released;
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kSignalPoll, [&] { return finished; });
  };
  while (!wait()) {
    std::exception_ptr now = run_signal_handlers();
    if (now) {
      raised = std::move(now);
      stop.request_stop();
    }
  }
  worker.join();
  if (raised) std::rethrow_exception(raised);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace penstock::python
