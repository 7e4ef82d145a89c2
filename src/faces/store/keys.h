// From a key to the query it stands for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "declare/key_template.h"
#include "penstock/error.h"
#include "penstock/manifest.h"
#include "penstock/output.h"

namespace penstock {

/// Throws Error{kInvalidPath}, code "invalid_path", with the document's message
/// (SQL-QUERY-080). The empty path is the root: a folder, never a file.
void check_folder_path(std::string_view path);
void check_file_path(std::string_view path);
/// "" and ".", the two ways to write the root.
bool is_root(std::string_view path);

/// The format that a key's extension says. Throws Error{kInvalidPath}, code
/// "unsupported_format" (SQL-QUERY-012).
PathFormat format_of_key(std::string_view key);

Error no_such_key(std::string_view key, std::string hint = {});

/// The keys of a manifest. Immutable; refers to the manifest.
class Keys {
 public:
  explicit Keys(const Manifest& manifest);

  struct Match {
    const ManifestEntry* entry;
    Params params;
  };
  /// Exact keys go before keys with parameters in their path, those in the manifest's
  /// order (SQL-QUERY-010). Throws Error{kNotFound}; Error{kInvalidPath}, code
  /// "key_parameter", for a parameter behind `?` that is missing, unknown, twice, or has
  /// a value that cannot be.
  Match find(std::string_view key) const;

  /// The keys that need no parameter beyond their defaults, sorted.
  const std::vector<std::string>& listed() const noexcept { return listed_; }
  /// The entries that are not listed: a reader must say more.
  const std::vector<const ManifestEntry*>& templates() const noexcept {
    return templates_;
  }
  /// Whether a key that is not listed may be below `folder`.
  bool is_template_folder(std::string_view folder) const;
  /// Names of folders in `folder` that only keys with parameters are in.
  std::vector<std::string> template_folders_in(std::string_view folder) const;

 private:
  struct Entry {
    const ManifestEntry* entry;
    KeyTemplate pattern;
  };
  std::vector<Entry> entries_;
  std::vector<std::string> listed_;
  std::vector<const ManifestEntry*> templates_;
};

}  // namespace penstock
