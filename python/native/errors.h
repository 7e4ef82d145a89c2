// penstock::Error as the Python class that its category names.
#pragma once

#include <nanobind/nanobind.h>

#include "penstock/error.h"

namespace penstock::python {

/// An instance of the class of penstock._errors that traits().python_class names. The
/// caller holds the GIL.
nanobind::object to_python(const Error& error);

/// From now on a penstock::Error that leaves a bound function is raised so, and any other
/// std::exception as kUnexpected; but what Python raised stays that, and a std::bad_alloc
/// is MemoryError.
void translate_errors(nanobind::module_& module);

}  // namespace penstock::python
