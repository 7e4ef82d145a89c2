#include "declare/file_kind.h"

#include "declare/yaml.h"
#include "penstock/error.h"

namespace penstock {

FileKind kind_of_file(std::string_view text, const std::string& file) {
  FileKind kind = FileKind::kRecipe;
  try {
    const YamlNode root = parse_yaml(text, file);
    for (const YamlEntry& entry : root.entries) {
      if (entry.key.text == "source") return FileKind::kRecipe;
      if (entry.key.text == "queries" || entry.key.text == "discover")
        kind = FileKind::kManifest;
      if (entry.key.text == "connection") kind = FileKind::kTask;
    }
  } catch (const Error&) {
    return FileKind::kRecipe;
  }
  return kind;
}

}  // namespace penstock
