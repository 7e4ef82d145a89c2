#include "native/errors.h"

#include <array>
#include <exception>
#include <new>
#include <string>

namespace penstock::python {

namespace nb = nanobind;

nb::object to_python(const Error& error) {
  const CategoryTraits& kind = traits(error.category());
  // What a server says need not be UTF-8.
  const auto text = [](const std::string& bytes) {
    return nb::steal<nb::object>(PyUnicode_DecodeUTF8(
        bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
  };
  const std::string name(kind.python_class);
  return nb::module_::import_("penstock._errors")
      .attr(name.c_str())(text(error.message()), nb::arg("code") = text(error.code()),
                          nb::arg("hint") = text(error.hint()),
                          nb::arg("sqlstate") = text(error.sqlstate()),
                          nb::arg("error_type") = std::string(kind.error_type).c_str(),
                          nb::arg("exit_code") = kind.exit_code);
}

namespace {

void raise(const Error& error) {
  const nb::object instance = to_python(error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(instance.ptr())), instance.ptr());
}

}  // namespace

void translate_errors(nb::module_& module) {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    } catch (const nb::python_error&) {
      throw;
    } catch (const nb::builtin_exception&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      raise(Error(Category::kUnexpected, "unexpected", error.what(),
                  "this is a defect of penstock; please report it"));
    }
  });
  // (error_type, exit code, Python class) of every category, for the tests of the
  // classes.
  module.def(
      "categories",
      [] {
        nb::list rows;
        for (int i = 0; i <= static_cast<int>(Category::kBrokenPipe); ++i) {
          const CategoryTraits& kind = traits(static_cast<Category>(i));
          rows.append(nb::make_tuple(std::string(kind.error_type).c_str(), kind.exit_code,
                                     std::string(kind.python_class).c_str()));
        }
        return rows;
      },
      nb::sig("def categories() -> list[tuple[str, int, str]]"),
      "Every category of errors: its error_type, exit code and Python class.");
}

}  // namespace penstock::python
