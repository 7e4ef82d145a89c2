// penstock::Store for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace penstock::python {

void bind_store(nanobind::module_& module);

}  // namespace penstock::python
