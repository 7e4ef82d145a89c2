#include "native/store.h"

#include <algorithm>
#include <memory>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "native/calls.h"
#include "native/convert.h"
#include "native/gil.h"
#include "native/job.h"
#include "penstock/manifest.h"
#include "penstock/store.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;
using nb::literals::operator""_a;

// The job whose question this thread answers: what a store tells goes to that one.
thread_local const Events* t_events = nullptr;

void tell(const Event& event) {
  if (t_events != nullptr && *t_events) (*t_events)(event);
}

template <typename Question>
using Answer = std::invoke_result_t<Question&, Store&, std::stop_token>;

// What stops a read from outside of the call that began it.
struct Stop {
  std::stop_source source;
};

// Stops when it is dropped: a consumer's generator is, with a signal pending, when no
// Python code of its own could run any more.
class StopGuard {
 public:
  StopGuard() = default;
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;
  ~StopGuard() { request(); }

  void request() { stop_.source.request_stop(); }
  const Stop& stop() const { return stop_; }

 private:
  Stop stop_;
};

// A store. Every question is asked on a thread of its own, since any may ask the
// database.
class StoreHandle {
 public:
  StoreHandle(const std::string& text, const std::string& file, const nb::dict& variables,
              nb::object on_event)
      : on_event_(std::move(on_event)),
        store_(Engine(to_environment(variables), tell),
               parse_manifest(text, file, read_text)) {}

  template <typename Question>
  Answer<Question> ask(Question question) {
    Job job(on_event_);
    return ask_by(job, question);
  }

  std::shared_ptr<RowStream> rows(const std::string& key, const Stop* by) {
    Job job(on_event_, nb::none(), by == nullptr ? std::stop_source() : by->source);
    BatchStream stream = ask_by(job, [&](Store& store, std::stop_token stop) {
      return store.rows(key, std::move(stop));
    });
    return std::make_shared<RowStream>(RowSource(std::move(stream)), job.stop);
  }

  Store& store() { return store_; }

  // Reads that run have a reference of their own.
  void close() {
    store_.close();
    forget_callback();
  }

  // on_event may lead back to the one who holds the store: without these two Python's
  // collector could not see that nobody else does.
  static int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    if (!nb::inst_ready(self)) return 0;
    Py_VISIT(nb::inst_ptr<StoreHandle>(self)->on_event_.ptr());
    return 0;
  }
  static int clear(PyObject* self) {
    if (nb::inst_ready(self)) nb::inst_ptr<StoreHandle>(self)->forget_callback();
    return 0;
  }

 private:
  void forget_callback() { const nb::object last = std::exchange(on_event_, nb::none()); }

  template <typename Question>
  Answer<Question> ask_by(Job& job, Question question) {
    std::optional<Answer<Question>> answer;
    job.run([&] {
      t_events = &job.events;
      answer.emplace(question(store_, job.stop.get_token()));
    });
    return std::move(*answer);
  }

  nb::object on_event_;
  Store store_;
};

// (path, name, size, microseconds since 1970, materialized).
nb::tuple to_tuple(const FileInfo& info) {
  return nb::make_tuple(info.path, info.name, info.size,
                        info.modified_at.time_since_epoch().count(), info.materialized);
}

nb::list to_list(const std::vector<FileInfo>& files) {
  nb::list list;
  for (const FileInfo& info : files) list.append(to_tuple(info));
  return list;
}

nb::tuple to_tuple(const FolderInfo& info) {
  const nb::object modified = info.modified_at
                                  ? nb::cast(info.modified_at->time_since_epoch().count())
                                  : nb::none();
  return nb::make_tuple(info.path, info.file_count, info.total_size, modified);
}

void bind_file(nb::module_& module) {
  nb::class_<StoreFile>(module, "StoreFile", "A store's file, whole.")
      .def_prop_ro("size", &StoreFile::size)
      .def("tell", &StoreFile::tell)
      .def("seek", &StoreFile::seek, "position"_a)
      .def(
          "read",
          [](StoreFile& file, std::size_t count) {
            const auto left = static_cast<std::size_t>(
                std::max<std::int64_t>(file.size() - file.tell(), 0));
            std::string bytes(std::min(count, left), '\0');
            {
              const WithoutGil released;
              bytes.resize(file.read(bytes.data(), bytes.size()));
            }
            return nb::bytes(bytes.data(), bytes.size());
          },
          "count"_a);
}

void bind_questions(nb::class_<StoreHandle>& handle) {
  handle
      .def(
          "list_files",
          [](StoreHandle& self, const std::string& folder, bool recursive,
             std::optional<std::int64_t> max_depth) {
            return to_list(self.ask([&](Store& store, std::stop_token stop) {
              return store.list_files(folder, recursive, max_depth, std::move(stop));
            }));
          },
          "folder"_a, "recursive"_a, "max_depth"_a.none(),
          nb::sig("def list_files(self, folder: str, recursive: bool, max_depth: int | "
                  "None) -> list[tuple[str, str, int, int, bool]]"))
      .def(
          "list_folders",
          [](StoreHandle& self, const std::string& folder) {
            return self.ask([&](Store& store, std::stop_token stop) {
              return store.list_folders(folder, std::move(stop));
            });
          },
          "folder"_a)
      .def(
          "glob",
          [](StoreHandle& self, const std::string& pattern) {
            return to_list(self.ask([&](Store& store, std::stop_token stop) {
              return store.glob(pattern, std::move(stop));
            }));
          },
          "pattern"_a,
          nb::sig("def glob(self, pattern: str) -> list[tuple[str, str, int, int, "
                  "bool]]"))
      .def(
          "file_info",
          [](StoreHandle& self, const std::string& key) {
            return to_tuple(self.ask([&](Store& store, std::stop_token stop) {
              return store.get_file_info(key, std::move(stop));
            }));
          },
          "key"_a,
          nb::sig("def file_info(self, key: str) -> tuple[str, str, int, int, bool]"))
      .def(
          "folder_info",
          [](StoreHandle& self, const std::string& folder) {
            return to_tuple(self.ask([&](Store& store, std::stop_token stop) {
              return store.get_folder_info(folder, std::move(stop));
            }));
          },
          "folder"_a,
          nb::sig("def folder_info(self, folder: str) -> tuple[str, int, int, int | "
                  "None]"))
      .def(
          "is_file",
          [](StoreHandle& self, const std::string& path) {
            return self.ask([&](Store& store, std::stop_token stop) {
              return store.is_file(path, std::move(stop));
            });
          },
          "path"_a)
      .def(
          "is_folder",
          [](StoreHandle& self, const std::string& path) {
            return self.ask([&](Store& store, std::stop_token stop) {
              return store.is_folder(path, std::move(stop));
            });
          },
          "path"_a)
      .def("check_health", [](StoreHandle& self) {
        self.ask([&](Store& store, std::stop_token stop) {
          store.check_health(std::move(stop));
          return true;
        });
      });
}

void bind_reading(nb::class_<StoreHandle>& handle) {
  handle
      .def(
          "read",
          [](StoreHandle& self, const std::string& key) {
            return self.ask([&](Store& store, std::stop_token stop) {
              return store.read(key, std::move(stop));
            });
          },
          "key"_a)
      .def("rows", &StoreHandle::rows, "key"_a, "stop"_a.none() = nb::none(),
           nb::sig("def rows(self, key: str, stop: Stop | None = None) -> RowStream"));
}

}  // namespace

void bind_store(nb::module_& module) {
  bind_file(module);
  const nb::class_<Stop> stop(module, "Stop", "Stops a read from outside of it.");
  nb::class_<StopGuard>(module, "StopGuard", "Stops a read when it is dropped.")
      .def(nb::init<>())
      .def_prop_ro("stop", [](const StopGuard& self) { return self.stop(); })
      .def("request", &StopGuard::request);
  static PyType_Slot slots[] = {
      {Py_tp_traverse, reinterpret_cast<void*>(&StoreHandle::traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(&StoreHandle::clear)},
      {0, nullptr}};
  nb::class_<StoreHandle> handle(module, "StoreHandle", nb::type_slots(slots),
                                 "A manifest as files.");
  handle
      .def(nb::init<const std::string&, const std::string&, const nb::dict&,
                    const nb::object&>(),
           "text"_a, "file"_a, "variables"_a, "on_event"_a.none(),
           nb::sig("def __init__(self, text: str, file: str, variables: dict[str, str], "
                   "on_event: Callable[[str, str, dict[str, Any]], object] | None) -> "
                   "None"))
      .def("templates",
           [](StoreHandle& self) {
             std::vector<std::string> keys;
             for (const ManifestEntry* entry : self.store().templates()) {
               keys.push_back(entry->key);
             }
             return keys;
           })
      .def_prop_ro("name", [](StoreHandle& self) { return self.store().manifest().name; })
      .def("repr", [](StoreHandle& self) { return self.store().repr(); })
      .def("close", &StoreHandle::close);
  bind_questions(handle);
  bind_reading(handle);
  module.def("store_capabilities", &Store::capabilities);
  module.def("read_text", &read_text, "path"_a);
}

}  // namespace penstock::python
