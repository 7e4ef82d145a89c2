// The store's keys as files and folders.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "faces/store/address.h"
#include "faces/store/glob.h"
#include "faces/store/listing.h"
#include "faces/store/state.h"
#include "faces/store/views.h"
#include "penstock/error.h"

namespace penstock {
namespace {

std::string_view folder_of(std::string_view path) {
  check_folder_path(path);
  return is_root(path) ? "" : path;
}

}  // namespace

std::vector<std::string> Store::State::all_keys(const std::vector<View>& views) const {
  std::vector<std::string> all = keys.listed();
  for (const View& view : views) {
    std::string key = key_of_view(view);
    // A written query goes before a view of its key.
    if (!std::binary_search(keys.listed().begin(), keys.listed().end(), key))
      all.push_back(std::move(key));
  }
  std::sort(all.begin(), all.end());
  return all;
}

FileInfo Store::State::info_of(const StoreQuery& query) const {
  FileInfo info;
  info.path = query.key;
  info.name = last_segment(std::string_view(query.key).substr(0, query.key.find('?')));
  const auto format = format_of_path(info.name);
  if (!cache || !format) return info;
  StoreQuery run = query;
  run.format = format->format;
  run.gzip = format->gzip;
  const auto address = address_of(run, engine.environment());
  if (!address) return info;
  if (const auto found = cache->find(*address)) {
    info.size = found->size;
    info.modified_at = found->made_at;
    info.materialized = true;
  }
  return info;
}

std::vector<FileInfo> Store::State::infos_of(const std::vector<std::string>& found,
                                             const std::vector<View>& views) const {
  std::vector<FileInfo> infos;
  for (const std::string& key : found) {
    const bool written =
        std::binary_search(keys.listed().begin(), keys.listed().end(), key);
    if (!written) {
      infos.push_back(info_of(find_view(key, views).value()));
      continue;
    }
    Keys::Match match = keys.find(key);
    StoreQuery query;
    query.key = key;
    query.query = match.entry->query;
    query.params = std::move(match.params);
    infos.push_back(info_of(query));
  }
  return infos;
}

std::vector<FileInfo> Store::list_files(std::string_view folder, bool recursive,
                                        std::optional<std::int64_t> max_depth,
                                        std::stop_token stop) const {
  const std::string_view below = folder_of(folder);
  const auto views = state_->views(stop);
  return state_->infos_of(
      keys_below(state_->all_keys(views), below, recursive, max_depth), views);
}

std::vector<std::string> Store::list_folders(std::string_view folder,
                                             std::stop_token stop) const {
  const std::string_view in = folder_of(folder);
  std::vector<std::string> names = folders_in(state_->all_keys(state_->views(stop)), in);
  for (std::string& name : state_->keys.template_folders_in(in))
    names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (std::string& name : names) name = join_path(in, name);
  return names;
}

std::vector<FileInfo> Store::glob(std::string_view pattern, std::stop_token stop) const {
  const Glob glob(pattern);
  const auto views = state_->views(stop);
  std::vector<std::string> found = state_->all_keys(views);
  std::erase_if(found, [&](const std::string& key) { return !glob.matches(key); });
  return state_->infos_of(found, views);
}

std::vector<const ManifestEntry*> Store::templates() const {
  return state_->keys.templates();
}

FileInfo Store::get_file_info(std::string_view key, std::stop_token stop) const {
  return state_->info_of(state_->find(key, stop));
}

FolderInfo Store::get_folder_info(std::string_view folder, std::stop_token stop) const {
  const std::string_view below = folder_of(folder);
  FolderInfo info;
  info.path = folder;
  for (const FileInfo& file : list_files(below, true, {}, stop)) {
    ++info.file_count;
    info.total_size += file.size;
    if (file.materialized)
      info.modified_at =
          std::max(info.modified_at.value_or(kNeverModified), file.modified_at);
  }
  if (info.file_count == 0 && !below.empty() && !state_->keys.is_template_folder(below)) {
    throw Error(Category::kNotFound, "not_found",
                fmt::format("Folder not found: {}", printable(folder, 1024)));
  }
  return info;
}

bool Store::exists(std::string_view path, std::stop_token stop) const {
  return is_file(path, stop) || is_folder(path, stop);
}

bool Store::is_file(std::string_view path, std::stop_token stop) const {
  if (folder_of(path).empty()) return false;
  try {
    state_->keys.find(path);
    return true;
  } catch (const Error&) {
    if (!path.starts_with(kViewsFolder)) return false;
  }
  return state_->find_view(path, state_->views(stop)).has_value();
}

bool Store::is_folder(std::string_view path, std::stop_token stop) const {
  const std::string_view folder = folder_of(path);
  if (folder.empty() || state_->keys.is_template_folder(folder)) return true;
  return !keys_below(state_->all_keys(state_->views(stop)), folder, true, {}).empty();
}

}  // namespace penstock
