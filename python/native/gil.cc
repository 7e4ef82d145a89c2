#include "native/gil.h"

#include <cxxabi.h>
#include <unistd.h>

namespace penstock::python {
namespace {

template <typename Take>
auto or_halt(Take take) {
  try {
    return take();
  } catch (const abi::__forced_unwind&) {  // pthread_exit()'s
    while (true) pause();
  }
}

}  // namespace

WithGil::WithGil() : state_(or_halt(PyGILState_Ensure)) {}
WithGil::~WithGil() { PyGILState_Release(state_); }

WithoutGil::WithoutGil() : thread_(PyEval_SaveThread()) {}
WithoutGil::~WithoutGil() {
  or_halt([this] { PyEval_RestoreThread(thread_); });
}

}  // namespace penstock::python
