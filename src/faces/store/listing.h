// A list of keys read as a tree of folders. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The keys below `folder` (empty: the root): directly, or at any depth, or behind at
/// most `max_depth` further folders (SQL-QUERY-030). In the order of `keys`.
std::vector<std::string> keys_below(const std::vector<std::string>& keys,
                                    std::string_view folder, bool recursive,
                                    std::optional<std::int64_t> max_depth);

/// The names of the folders directly in `folder`, each once, sorted (SQL-QUERY-031).
/// `keys` may have any order.
std::vector<std::string> folders_in(const std::vector<std::string>& keys,
                                    std::string_view folder);

/// `name` in `folder`.
std::string join_path(std::string_view folder, std::string_view name);
std::string_view last_segment(std::string_view path);

}  // namespace penstock
