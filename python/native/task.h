// penstock.run_task for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace penstock::python {

void bind_tasks(nanobind::module_& module);

}  // namespace penstock::python
