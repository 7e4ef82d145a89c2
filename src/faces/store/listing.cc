#include "faces/store/listing.h"

#include <algorithm>
#include <limits>
#include <set>

namespace penstock {
namespace {

// What follows `folder` in `key`, if it is below it.
std::optional<std::string_view> below(std::string_view key, std::string_view folder) {
  if (folder.empty()) return key;
  if (key.size() <= folder.size() || !key.starts_with(folder) ||
      key[folder.size()] != '/') {
    return std::nullopt;
  }
  return key.substr(folder.size() + 1);
}

}  // namespace

std::vector<std::string> keys_below(const std::vector<std::string>& keys,
                                    std::string_view folder, bool recursive,
                                    std::optional<std::int64_t> max_depth) {
  const std::int64_t most =
      recursive ? max_depth.value_or(std::numeric_limits<std::int64_t>::max()) : 0;
  std::vector<std::string> found;
  for (const std::string& key : keys) {
    const auto rest = below(key, folder);
    if (rest && std::count(rest->begin(), rest->end(), '/') <= most) found.push_back(key);
  }
  return found;
}

std::vector<std::string> folders_in(const std::vector<std::string>& keys,
                                    std::string_view folder) {
  std::set<std::string, std::less<>> names;
  for (const std::string& key : keys) {
    const auto rest = below(key, folder);
    if (!rest) continue;
    const auto slash = rest->find('/');
    if (slash != std::string_view::npos) names.emplace(rest->substr(0, slash));
  }
  return {names.begin(), names.end()};
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty()) path += '/';
  return path.append(name);
}

std::string_view last_segment(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace penstock
