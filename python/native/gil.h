// Taking and giving away the GIL, also while the interpreter ends.
#pragma once

#include <nanobind/nanobind.h>

namespace penstock::python {

/// Has the GIL for its lifetime, on any thread, whether this one held it or not.
///
/// A thread that asks for the GIL when the interpreter has begun to end (a daemon thread,
/// or a pool's of another library) never gets it: up to Python 3.13 it would be unwound
/// from within (https://docs.python.org/3/c-api/init.html#c.PyEval_RestoreThread), which
/// ends the process by std::terminate where a frame between may not throw. It is halted
/// here instead, as Python 3.14 does, until the process is gone.
class WithGil {
 public:
  WithGil();
  WithGil(const WithGil&) = delete;
  WithGil& operator=(const WithGil&) = delete;
  ~WithGil();

 private:
  PyGILState_STATE state_;
};

/// Gives the GIL away for its lifetime, whether this thread held it or not: a consumer of
/// an Arrow stream may call either way. Takes it back as WithGil does.
class WithoutGil {
 public:
  WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;
  ~WithoutGil();

 private:
  WithGil held_;
  PyThreadState* thread_;
};

}  // namespace penstock::python
