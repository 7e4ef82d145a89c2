// A store's files and folders as lines.
#pragma once

#include <string>
#include <vector>

#include "penstock/store.h"

namespace penstock::cli {

/// 2026-11-26T15:52:28Z, with the fraction of a second that there is.
std::string time_text(StoreTime time);

/// Rows in columns, two blanks between them, without blanks at the end of a line.
/// Harmless text only. `right`: the columns that are aligned to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows,
                    const std::vector<std::size_t>& right = {});

/// A folder or a file of a listing; folders end in '/'.
struct StoreLine {
  std::string path;
  std::optional<FileInfo> file;  // nothing: a folder
};
/// A path a line; with `details` size and time before it, '-' where a file was never
/// made.
std::string listing_text(const std::vector<StoreLine>& lines, bool details, bool color);
std::string listing_json(const std::vector<StoreLine>& lines);

/// Keys and their folders as a drawing; `paths` are below `root` and sorted.
std::string tree_text(const std::string& title, const std::vector<std::string>& paths,
                      std::size_t skip, bool color);

/// Keys that need parameters, and what they take.
std::string templates_text(const std::vector<const ManifestEntry*>& entries);
std::string templates_json(const std::vector<const ManifestEntry*>& entries);

}  // namespace penstock::cli
