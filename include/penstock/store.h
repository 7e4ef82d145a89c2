// Stage: faces/store. The third face: a manifest as a read-only tree of files, each made
// from its query when it is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "penstock/engine.h"
#include "penstock/error.h"
#include "penstock/manifest.h"
#include "penstock/output.h"

namespace penstock {

class Descriptor;

/// UTC.
using StoreTime = std::chrono::sys_time<std::chrono::microseconds>;
/// When a file was modified that was never made: the first moment of year 1
/// (SQL-QUERY-030, -040).
inline constexpr StoreTime kNeverModified =
    std::chrono::sys_days(std::chrono::year{1} / 1 / 1);

struct FileInfo {
  std::string path;  // the key as it was asked for
  std::string name;  // its last segment, without parameters
  /// 0 and kNeverModified until the manifest's cache holds the file; then the real ones,
  /// as long as it is served.
  std::int64_t size = 0;
  StoreTime modified_at = kNeverModified;
  bool materialized = false;
};

struct FolderInfo {
  std::string path;
  std::int64_t file_count = 0;           // at any depth
  std::int64_t total_size = 0;           // of those that are materialized
  std::optional<StoreTime> modified_at;  // of the last of those
};

/// A key, looked up: all that is needed to run it.
struct StoreQuery {
  std::string key;
  Query query;
  Params params;
  Format format = Format::kParquet;
  bool gzip = false;
};

/// A file, whole and on disk, under no name. Independent of the store.
///
/// Thread contract: one thread at a time. Throws Error{kOutput} if the disk fails.
class StoreFile {
 public:
  explicit StoreFile(std::unique_ptr<Descriptor> file);
  StoreFile(StoreFile&&) noexcept;
  StoreFile& operator=(StoreFile&&) noexcept;
  ~StoreFile();

  std::int64_t size() const noexcept { return size_; }
  std::int64_t tell() const noexcept { return position_; }
  /// From the beginning; past the end is no error, there is nothing to read there. Throws
  /// Error{kUsage}, code "negative_position".
  void seek(std::int64_t position);
  /// At most `count` bytes from the position on; fewer only at the end.
  std::size_t read(void* into, std::size_t count);
  /// All that is left.
  std::string read_all();

 private:
  std::unique_ptr<Descriptor> file_;
  std::int64_t size_ = 0;
  std::int64_t position_ = 0;
};

/// What read_to() did.
struct StoreReceipt {
  std::string key;
  std::string output;
  std::int64_t bytes = 0;
  std::int64_t rows = -1;  // -1: from the cache, not counted
  bool cached = false;     // served from the cache, without a query
  double seconds = 0;
};

struct StoreReadTo {
  std::string path = "-";  // as OutputOptions::path
  LockOptions lock;
  std::stop_token stop;
  std::function<void(std::int64_t rows, std::int64_t bytes)> progress;
};

/// Errors: Error{kNotFound} "not_found", Error{kInvalidPath}, Error{kNotSupported},
/// Error{kUnavailable} and, for all else that goes wrong in the database, the engine's
/// own (SQL-QUERY-070). No error of a driver leaves it.
///
/// Thread contract: any number of threads may call it at once. Each read has a connection
/// of its own; past `Manifest::connections` they wait for each other, but for rows(),
/// whose connections are beside those.
class Store {
 public:
  /// Connects to nothing. Throws Error{kNotSupported}, code "not_implemented", for a
  /// manifest with strict: false and nothing to discover (SQL-QUERY-011);
  /// Error{kRecipe}, code "recipe_invalid_value", for an entry with an empty key or query
  /// (SQL-QUERY-001).
  Store(Engine engine, Manifest manifest);
  Store(Store&&) noexcept;
  ~Store();

  /// "sql-query" (SQL-QUERY-002).
  static std::string_view name() noexcept;
  /// "read", "list", "metadata", "glob", "seekable_read" (SQL-QUERY-003).
  static const std::vector<std::string>& capabilities();
  /// SQLQueryBackend(dialect='postgresql', keys=1, strict=True): nothing of the DSN but
  /// its kind, 'unknown' while its variable is not set (SQL-QUERY-004).
  std::string repr() const;
  const Manifest& manifest() const noexcept;
  /// For work beside the store, by its rules (SQL-QUERY-062).
  const Engine& engine() const noexcept;

  // Listings are sorted. Keys that need a parameter which has no default are not listed;
  // templates() has them. Where views are discovered, each of these asks the database.

  /// At most `max_depth` folders deep, if given and `recursive` (SQL-QUERY-030).
  std::vector<FileInfo> list_files(std::string_view folder, bool recursive = false,
                                   std::optional<std::int64_t> max_depth = {},
                                   std::stop_token stop = {}) const;
  /// Paths of the folders directly in it (SQL-QUERY-031).
  std::vector<std::string> list_folders(std::string_view folder,
                                        std::stop_token stop = {}) const;
  /// `*`, `?`, `[abc]`, `[!abc]` within a segment, `**` for whole ones (SQL-QUERY-032).
  std::vector<FileInfo> glob(std::string_view pattern, std::stop_token stop = {}) const;
  /// The entries that are not listed, in the manifest's order.
  std::vector<const ManifestEntry*> templates() const;

  FileInfo get_file_info(std::string_view key, std::stop_token stop = {}) const;
  FolderInfo get_folder_info(std::string_view folder, std::stop_token stop = {}) const;
  bool exists(std::string_view path, std::stop_token stop = {}) const;
  bool is_file(std::string_view path, std::stop_token stop = {}) const;
  bool is_folder(std::string_view path, std::stop_token stop = {}) const;

  /// The query behind a key (SQL-QUERY-010, -012).
  StoreQuery resolve(std::string_view key, std::stop_token stop = {}) const;

  /// A key's rows, with no file between and never from the cache: as Engine::open, with a
  /// connection beside those that `Manifest::connections` counts.
  BatchStream rows(std::string_view key, std::stop_token stop = {}) const;

  /// The whole file, to be read in any order (SQL-QUERY-020). Rows go to disk as they
  /// come; memory does not grow with them.
  StoreFile read(std::string_view key, std::stop_token stop = {}) const;
  std::string read_bytes(std::string_view key, std::stop_token stop = {}) const;
  /// As read, but into a file or stream of the caller's, by the rules of `fetch`: whole
  /// or not at all.
  StoreReceipt read_to(std::string_view key, const StoreReadTo& options) const;

  /// SELECT 1. Throws Error{kUnavailable}, code "backend_unavailable", if it does not
  /// answer, whatever the reason (SQL-QUERY-060).
  void check_health(std::stop_token stop = {}) const;
  /// No connection outlives its read, so that
  /// there is none to give back: from now on every read, and check_health, throws
  /// Error{kUsage}, code "store_closed"; reads that run end as they would have
  /// (SQL-QUERY-061).
  void close() noexcept;

  // SQL-QUERY-050: each throws Error{kNotSupported}, code "capability_not_supported".
  [[noreturn]] void write(std::string_view path) const;
  [[noreturn]] void write_atomic(std::string_view path) const;
  [[noreturn]] void open_atomic(std::string_view path) const;
  [[noreturn]] void remove(std::string_view path) const;  // the document's delete()
  [[noreturn]] void delete_folder(std::string_view path) const;
  [[noreturn]] void move(std::string_view from, std::string_view to) const;
  [[noreturn]] void copy(std::string_view from, std::string_view to) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct StoreValidation {
  std::string dialect;         // empty: the DSN's variable is not set (offline only)
  std::int64_t keys = 0;       // listed
  std::int64_t templates = 0;  // with parameters that a reader must give
  bool connected = false;
};
/// Scans every query by the rules of its DSN's dialect and joins it with values such as
/// its parameters could have; then, unless `offline`, connects and runs SELECT 1. Throws
/// Error, as Store and Engine::open.
StoreValidation validate(const Engine& engine, const Manifest& manifest, bool offline,
                         std::stop_token stop = {});

/// The document's name for a failure of a store (SQL-QUERY-070): "NotFound",
/// "InvalidPath", "CapabilityNotSupported", "BackendUnavailable" (no connection, in time
/// or at all) or "RemoteStoreError". Total.
std::string_view store_error_name(Category category) noexcept;

}  // namespace penstock
