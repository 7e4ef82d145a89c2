#include "penstock/store.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "engine/transfer.h"
#include "faces/store/address.h"
#include "faces/store/cache.h"
#include "faces/store/keys.h"
#include "faces/store/readers.h"
#include "faces/store/state.h"
#include "faces/store/views.h"
#include "penstock/error.h"
#include "sink/output.h"
#include "sink/unnamed_file.h"

namespace penstock {
namespace {

using std::chrono::steady_clock;

[[noreturn]] void no_capability(std::string_view operation, std::string_view capability) {
  throw Error(
      Category::kNotSupported, "capability_not_supported",
      fmt::format("SQL query backend is read-only: {} needs capability '{}', which "
                  "'{}' does not have",
                  operation, capability, Store::name()));
}

void check_manifest(const Manifest& manifest) {
  if (!manifest.strict && manifest.discover == Discover::kNothing) {
    throw Error(Category::kNotSupported, "not_implemented",
                "View/convention discovery (strict=False) is not yet implemented",
                "add discover: views, which is, or leave out strict: false");
  }
  for (const ManifestEntry& entry : manifest.entries) {
    if (trim(entry.key).empty()) {
      throw Error(Category::kRecipe, "recipe_invalid_value",
                  "Query key must be a non-empty string");
    }
    if (trim(entry.query.sql).empty()) {
      throw Error(Category::kRecipe, "recipe_invalid_value",
                  fmt::format("SQL query for key '{}' must be a non-empty string",
                              printable(entry.key)));
    }
  }
}

OutputOptions output_of(const StoreQuery& query) {
  OutputOptions options;
  options.format = query.format;
  options.gzip = query.gzip;
  return options;
}

}  // namespace

Store::State::State(Engine with, Manifest read)
    : engine(std::move(with)),
      manifest((check_manifest(read), std::move(read))),
      keys(manifest),
      readers(manifest.connections) {
  if (manifest.cache) cache.emplace(*manifest.cache);
}

void Store::State::require_open() const {
  if (closed)
    throw Error(Category::kUsage, "store_closed", "the store is closed",
                "make another one");
}

Readers::Permit Store::State::connect(const std::stop_token& stop) {
  require_open();
  auto permit = readers.take(stop);
  const std::lock_guard hold(mutex);
  if (!prepared) engine.allow_writers(manifest.defaults, stop);
  prepared = true;
  return permit;
}

std::vector<View> Store::State::views(const std::stop_token& stop) {
  if (manifest.discover != Discover::kViews) return {};
  const auto permit = connect(stop);
  return engine.views(manifest.defaults, stop);
}

std::optional<StoreQuery> Store::State::find_view(std::string_view key,
                                                  const std::vector<View>& views) const {
  const auto view = std::find_if(views.begin(), views.end(), [&](const View& one) {
    return key_of_view(one) == key;
  });
  if (view == views.end()) return std::nullopt;
  StoreQuery found;
  found.key = key;
  found.query = engine.all_of(manifest.defaults, *view);
  found.query.name = key;
  return found;
}

StoreQuery Store::State::find(std::string_view key, const std::stop_token& stop) {
  check_file_path(key);
  try {
    Keys::Match match = keys.find(key);
    StoreQuery found;
    found.key = key;
    found.query = match.entry->query;
    found.params = std::move(match.params);
    return found;
  } catch (const Error& error) {
    if (error.category() != Category::kNotFound || !key.starts_with(kViewsFolder)) throw;
    auto found = find_view(key, views(stop));
    if (!found) throw;
    return std::move(*found);
  }
}

BatchStream Store::State::open(const StoreQuery& query, std::stop_token stop) const {
  try {
    return engine.open(query.query, query.params, std::move(stop));
  } catch (const Error& error) {
    throw in_words_of_a_manifest(error);
  }
}

Transfer Store::State::run(const StoreQuery& query, Output& output,
                           const StoreReadTo& options) {
  const auto permit = connect(options.stop);
  std::stop_source cancel;
  const std::stop_callback forward(options.stop, [&] { cancel.request_stop(); });
  StoreQuery filed = query;
  filed.query.types.intervals = intervals_for(query.format);
  BatchStream stream = open(filed, cancel.get_token());
  Transfer done;
  done.written = transfer(
      stream, output, {query.query.name, sha256_hex(query.query.sql), stream.dialect()},
      cancel, options.stop, options.progress);
  done.rows = stream.rows();
  return done;
}

// The file in the cache, made if it must be.
std::unique_ptr<Descriptor> Store::State::cached(const StoreQuery& query,
                                                 const StoreReadTo& options,
                                                 StoreReceipt* receipt) {
  const auto address = address_of(query, engine.environment());
  if (!cache || !address) return nullptr;
  const auto fresh = [&] {
    auto found = cache->find(*address);
    if (found) receipt->cached = true;
    return found ? std::move(found->file) : nullptr;
  };
  if (auto file = fresh()) return file;
  Output output = cache->begin(*address, output_of(query), options.stop);
  if (auto file = fresh()) return file;  // another run made it while this one waited
  // What is served is as old as its query, not as its last byte.
  output.set_modified(std::chrono::system_clock::now());
  receipt->rows = run(query, output, options).rows;
  auto made = cache->find(*address, true);
  cache->trim();
  return made ? std::move(made->file) : nullptr;
}

StoreFile Store::State::read(const StoreQuery& query, const StoreReadTo& options) {
  require_open();
  StoreReceipt receipt;
  if (auto file = cached(query, options, &receipt)) return StoreFile(std::move(file));
  auto file = open_unnamed(temporary_folder(engine.environment()));
  Output output(file->get(), output_of(query), options.stop);
  run(query, output, options);
  return StoreFile(std::move(file));
}

Store::Store(Engine engine, Manifest manifest)
    : state_(std::make_unique<State>(std::move(engine), std::move(manifest))) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() = default;

std::string_view Store::name() noexcept { return "sql-query"; }

const std::vector<std::string>& Store::capabilities() {
  static const std::vector<std::string> kCapabilities{"read", "list", "metadata", "glob",
                                                      "seekable_read"};
  return kCapabilities;
}

std::string Store::repr() const {
  const Manifest& manifest = state_->manifest;
  return fmt::format(
      "SQLQueryBackend(dialect='{}', keys={}, strict={})",
      state_->engine.dialect_of(manifest.defaults.connection).value_or("unknown"),
      manifest.entries.size(), manifest.strict ? "True" : "False");
}

const Manifest& Store::manifest() const noexcept { return state_->manifest; }
const Engine& Store::engine() const noexcept { return state_->engine; }

StoreQuery Store::resolve(std::string_view key, std::stop_token stop) const {
  StoreQuery query = state_->find(key, stop);
  const PathFormat format = format_of_key(key);
  query.format = format.format;
  query.gzip = format.gzip;
  return query;
}

StoreFile Store::read(std::string_view key, std::stop_token stop) const {
  StoreReadTo options;
  options.stop = stop;
  return state_->read(resolve(key, stop), options);
}

std::string Store::read_bytes(std::string_view key, std::stop_token stop) const {
  return read(key, std::move(stop)).read_all();
}

StoreReceipt Store::read_to(std::string_view key, const StoreReadTo& options) const {
  const auto start = steady_clock::now();
  state_->require_open();
  const StoreQuery query = resolve(key, options.stop);
  StoreReceipt receipt;
  receipt.key = key;
  receipt.output = options.path;
  OutputOptions target = output_of(query);
  target.path = options.path;
  Output output(std::move(target), options.lock, options.stop);
  if (const auto file = state_->cached(query, options, &receipt)) {
    receipt.bytes = output.copy(file->get()).bytes;
  } else {
    const Transfer done = state_->run(query, output, options);
    receipt.rows = done.rows;
    receipt.bytes = done.written.bytes;
  }
  receipt.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  return receipt;
}

BatchStream Store::rows(std::string_view key, std::stop_token stop) const {
  state_->require_open();
  const StoreQuery found = resolve(key, stop);
  return state_->open(found, std::move(stop));
}

void Store::check_health(std::stop_token stop) const {
  state_->require_open();
  try {
    const auto permit = state_->connect(stop);
    state_->engine.probe(state_->manifest.defaults, stop);
  } catch (const Error& error) {
    if (error.category() == Category::kInterrupted) throw;
    throw Error(Category::kUnavailable, "backend_unavailable", error.message(),
                error.hint(), error.sqlstate());
  }
}

void Store::close() noexcept { state_->closed = true; }

void Store::write(std::string_view /*path*/) const { no_capability("write", "write"); }
void Store::write_atomic(std::string_view /*path*/) const {
  no_capability("write_atomic", "atomic_write");
}
void Store::open_atomic(std::string_view /*path*/) const {
  no_capability("open_atomic", "atomic_write");
}
void Store::remove(std::string_view /*path*/) const { no_capability("delete", "delete"); }
void Store::delete_folder(std::string_view /*path*/) const {
  no_capability("delete_folder", "delete");
}
void Store::move(std::string_view /*from*/, std::string_view /*to*/) const {
  no_capability("move", "move");
}
void Store::copy(std::string_view /*from*/, std::string_view /*to*/) const {
  no_capability("copy", "copy");
}

std::string_view store_error_name(Category category) noexcept {
  switch (category) {
    case Category::kNotFound:
      return "NotFound";
    case Category::kInvalidPath:
      return "InvalidPath";
    case Category::kNotSupported:
      return "CapabilityNotSupported";
    case Category::kUnavailable:
    case Category::kTimeout:
    case Category::kRefused:
      return "BackendUnavailable";
    default:
      return "RemoteStoreError";
  }
}

}  // namespace penstock
