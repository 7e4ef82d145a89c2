// Several calls at the same time.
#pragma once

#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace penstock {

/// Calls work(0) to work(count - 1), each on a thread of its own, and returns when all
/// have returned. Rethrows what was thrown first.
template <typename Work>
void at_once(std::size_t count, const Work& work) {
  std::mutex mutex;
  std::exception_ptr first;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&work, &mutex, &first, i] {
        try {
          work(i);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!first) first = std::current_exception();
        }
      });
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace penstock
