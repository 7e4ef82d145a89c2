// A thread of its own for calls that nothing can end from outside.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "dialect/dialect.h"

namespace penstock::sqlite {

/// SQLite looks at the clock between its steps, but one call of one function, such as
/// instr() on a long text, is one step and may take hours. A Worker's owner waits no
/// longer than its Wait and a moment; a call that is then still running is left to
/// itself: its thread ends with it, and what it holds lives until then.
///
/// One owner thread at a time. Destroying it waits for nothing but an idle thread.
class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `call` on the thread and returns what it returns, or throws what it throws.
  /// `interrupt` is called here soon after the wait is over; if that does not help,
  /// throws Error{kTimeout} or Error{kInterrupted}, and so does every later call. `call`
  /// must own all it uses.
  template <typename Call>
  auto run(Call call, const Wait& wait, const std::function<void()>& interrupt = {}) {
    using Value = std::invoke_result_t<Call>;
    auto value = std::make_shared<std::optional<Value>>();
    run_and_wait([value, call = std::move(call)]() mutable { value->emplace(call()); },
                 wait, interrupt);
    return std::move(value->value());
  }

  /// Whether a call was left to itself.
  bool given_up() const { return given_up_; }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::function<void()> call;  // empty: none, or it has ended
    std::exception_ptr failure;  // of the last call
    bool closed = false;
  };

  static void serve(const std::shared_ptr<Shared>& shared);
  void run_and_wait(std::function<void()> call, const Wait& wait,
                    const std::function<void()>& interrupt);

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  bool given_up_ = false;
  std::thread thread_;
};

}  // namespace penstock::sqlite
