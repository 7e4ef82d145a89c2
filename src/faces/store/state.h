// What a Store is made of.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "faces/store/cache.h"
#include "faces/store/keys.h"
#include "faces/store/readers.h"
#include "penstock/error.h"
#include "penstock/store.h"
#include "sink/output.h"

namespace penstock {

/// A query that ran into an output.
struct Transfer {
  OutputSummary written;
  std::int64_t rows = 0;
};

/// The same error, with the hint that fits a manifest.
Error in_words_of_a_manifest(const Error& error);

struct Store::State {
  State(Engine with, Manifest read);

  void require_open() const;
  /// Before each connection: a place among the readers.
  Readers::Permit connect(const std::stop_token& stop);
  std::vector<View> views(const std::stop_token& stop);
  /// The listed keys and those of `views`, sorted.
  std::vector<std::string> all_keys(const std::vector<View>& views) const;
  /// The query of a view's key, by the name that the database itself gave.
  std::optional<StoreQuery> find_view(std::string_view key,
                                      const std::vector<View>& views) const;
  /// Throws as Store::resolve, but not for the format.
  StoreQuery find(std::string_view key, const std::stop_token& stop);
  FileInfo info_of(const StoreQuery& query) const;
  /// Of listed keys.
  std::vector<FileInfo> infos_of(const std::vector<std::string>& found,
                                 const std::vector<View>& views) const;

  BatchStream open(const StoreQuery& query, std::stop_token stop) const;
  Transfer run(const StoreQuery& query, Output& output, const StoreReadTo& options);
  std::unique_ptr<Descriptor> cached(const StoreQuery& query, const StoreReadTo& options,
                                     StoreReceipt* receipt);
  StoreFile read(const StoreQuery& query, const StoreReadTo& options);

  const Engine engine;
  const Manifest manifest;
  const Keys keys;  // refers to manifest
  std::optional<Cache> cache;
  Readers readers;
  std::mutex mutex;  // of prepared
  bool prepared = false;
  std::atomic<bool> closed = false;
};

}  // namespace penstock
