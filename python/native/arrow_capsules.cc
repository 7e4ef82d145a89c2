#include "native/arrow_capsules.h"

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

#include <arrow/c/abi.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>

#include "native/gil.h"
#include "penstock/error.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;

void check(const arrow::Status& status) {
  if (!status.ok()) throw Error(Category::kUnexpected, "arrow", status.ToString());
}

// A capsule of `Struct`, which is released with it unless a consumer has taken it out.
template <typename Struct>
nb::object capsule(std::unique_ptr<Struct> filled, const char* name) {
  PyObject* const made = PyCapsule_New(filled.get(), name, [](PyObject* self) {
    auto* const held =
        static_cast<Struct*>(PyCapsule_GetPointer(self, PyCapsule_GetName(self)));
    if (held->release != nullptr) held->release(held);
    delete held;
  });
  if (made == nullptr) {
    filled->release(filled.get());
    throw nb::python_error();
  }
  filled.release();  // NOLINT(bugprone-unused-return-value): the capsule's now
  return nb::steal<nb::object>(made);
}

// What a handler raised cannot pass through C: the interpreter is told to raise its like
// as soon as the consumer is back in Python.
void raise_later(const nb::python_error& raised) {
  const WithGil gil;
  PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), raised.type().ptr());
}

struct StreamState {
  std::shared_ptr<arrow::Schema> schema;
  NextBatch next;
  std::string error;
};

StreamState& state_of(ArrowArrayStream* stream) {
  return *static_cast<StreamState*>(stream->private_data);
}

// Runs `call`; what it throws becomes the stream's last error and an errno.
template <typename Call>
int guarded(StreamState& state, Call call) noexcept {
  try {
    call();
    return 0;
  } catch (const Error& error) {
    state.error = error.message();
    if (!error.hint().empty()) state.error += " (hint: " + error.hint() + ")";
    return error.category() == Category::kTimeout ? ETIMEDOUT : EIO;
  } catch (const nb::python_error& raised) {
    raise_later(raised);
    state.error = "interrupted";
    return EINTR;
  } catch (const std::exception& other) {
    state.error = other.what();
    return EIO;
  }
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  StreamState& state = state_of(stream);
  return guarded(state, [&] { check(arrow::ExportSchema(*state.schema, out)); });
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  StreamState& state = state_of(stream);
  return guarded(state, [&] {
    const auto batch = state.next();
    if (batch) {
      check(arrow::ExportRecordBatch(*batch, out));
    } else {
      out->release = nullptr;  // the end
    }
  });
}

const char* get_last_error(ArrowArrayStream* stream) {
  const StreamState& state = state_of(stream);
  return state.error.empty() ? nullptr : state.error.c_str();
}

void release(ArrowArrayStream* stream) {
  delete &state_of(stream);
  stream->release = nullptr;
}

}  // namespace

nb::object schema_capsule(const arrow::Schema& schema) {
  auto exported = std::make_unique<ArrowSchema>();
  check(arrow::ExportSchema(schema, exported.get()));
  return capsule(std::move(exported), "arrow_schema");
}

nb::tuple array_capsules(const arrow::RecordBatch& batch) {
  nb::object first = schema_capsule(*batch.schema());
  auto array = std::make_unique<ArrowArray>();
  check(arrow::ExportRecordBatch(batch, array.get()));
  return nb::make_tuple(std::move(first), capsule(std::move(array), "arrow_array"));
}

nb::tuple array_capsules(const arrow::Field& field, const arrow::Array& values) {
  auto schema = std::make_unique<ArrowSchema>();
  check(arrow::ExportField(field, schema.get()));
  nb::object first = capsule(std::move(schema), "arrow_schema");
  auto array = std::make_unique<ArrowArray>();
  check(arrow::ExportArray(values, array.get()));
  return nb::make_tuple(std::move(first), capsule(std::move(array), "arrow_array"));
}

nb::object stream_capsule(std::shared_ptr<arrow::Schema> schema, NextBatch next) {
  auto stream = std::make_unique<ArrowArrayStream>();
  stream->get_schema = get_schema;
  stream->get_next = get_next;
  stream->get_last_error = get_last_error;
  stream->release = release;
  stream->private_data = new StreamState{std::move(schema), std::move(next), {}};
  return capsule(std::move(stream), "arrow_array_stream");
}

}  // namespace penstock::python
