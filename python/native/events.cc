#include "native/events.h"

#include <nanobind/stl/string.h>
#include <utility>
#include <variant>

#include "native/gil.h"

namespace penstock::python {

namespace nb = nanobind;

namespace {

struct ToPython {
  nb::object operator()(std::monostate) const { return nb::none(); }
  nb::object operator()(bool value) const { return nb::cast(value); }
  nb::object operator()(std::int64_t value) const { return nb::cast(value); }
  nb::object operator()(double value) const { return nb::cast(value); }
  nb::object operator()(const std::string& value) const {
    return nb::steal<nb::object>(PyUnicode_DecodeUTF8(
        value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
  }
  // No event has a date or one of the other values that only an input may have.
  template <class Other>
  nb::object operator()(const Other&) const {
    return nb::none();
  }
};

const char* level_name(Event::Level level) {
  switch (level) {
    case Event::Level::kDebug:
      return "debug";
    case Event::Level::kInfo:
      return "info";
    case Event::Level::kWarning:
      return "warning";
    case Event::Level::kError:
      break;
  }
  return "error";
}

}  // namespace

Callbacks::Callbacks(nb::object on_event, nb::object on_progress, std::stop_source stop)
    : on_event_(std::move(on_event)),
      on_progress_(std::move(on_progress)),
      stop_(std::move(stop)) {}

void Callbacks::guarded(const std::function<void()>& call) {
  const WithGil gil;
  if (raised_) return;
  try {
    call();
  } catch (const nb::python_error&) {
    raised_ = std::current_exception();
    stop_.request_stop();
  }
}

Events Callbacks::events() {
  if (on_event_.is_none()) return {};
  return [this](const Event& event) {
    guarded([&] {
      nb::dict fields;
      for (const auto& [name, value] : event.fields) {
        fields[name.c_str()] = std::visit(ToPython(), value);
      }
      on_event_(level_name(event.level), event.name, fields);
    });
  };
}

void Callbacks::progress(std::int64_t rows, std::int64_t bytes,
                         std::int64_t expected_rows, double seconds) {
  guarded([&] {
    const nb::object expected = expected_rows < 0 ? nb::none() : nb::cast(expected_rows);
    on_progress_(rows, bytes, expected, seconds);
  });
}

void Callbacks::rethrow() {
  if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
}

}  // namespace penstock::python
