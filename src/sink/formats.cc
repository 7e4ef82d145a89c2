#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"
#include "penstock/output.h"

namespace penstock {
namespace {

struct FormatName {
  std::string_view name;
  Format format;
};

constexpr std::array<FormatName, 6> kFormats{{{"parquet", Format::kParquet},
                                              {"csv", Format::kCsv},
                                              {"jsonl", Format::kJsonLines},
                                              {"arrow", Format::kArrowFile},
                                              {"arrows", Format::kArrowStream},
                                              {"ipc", Format::kArrowFile}}};

struct Codec {
  std::string_view name;
  int least = 0;
  int most = 0;  // 0: takes no level
};

constexpr std::array<Codec, 6> kCodecs{{{"none"},
                                        {"snappy"},
                                        {"gzip", 1, 9},
                                        {"brotli", 1, 11},
                                        {"zstd", 1, 22},
                                        {"lz4", 1, 12}}};

template <typename Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

}  // namespace

std::string_view to_string(Format format) noexcept {
  for (const FormatName& entry : kFormats) {
    if (entry.format == format) return entry.name;
  }
  return "";
}

Format parse_format(std::string_view name) {
  const std::string wanted = to_lower(trim(name));
  for (const FormatName& entry : kFormats) {
    if (entry.name == wanted) return entry.format;
  }
  throw Error(Category::kUsage, "unknown_format",
              fmt::format("unknown format '{}'", printable(name)),
              fmt::format("known: {}", fmt::join(names_of(kFormats), ", ")));
}

std::optional<PathFormat> format_of_path(std::string_view path) noexcept {
  const auto cut = [&path]() -> std::string_view {
    const auto dot = path.find_last_of("./");
    if (dot == std::string_view::npos || path[dot] == '/') return {};
    const std::string_view extension = path.substr(dot + 1);
    path = path.substr(0, dot);
    return extension;
  };
  std::string_view extension = cut();
  const bool gzip = equals_ignoring_case(extension, "gz");
  if (gzip) extension = cut();
  for (const FormatName& entry : kFormats) {
    if (!equals_ignoring_case(extension, entry.name)) continue;
    const bool textual =
        entry.format == Format::kCsv || entry.format == Format::kJsonLines;
    if (gzip && !textual) return std::nullopt;
    return PathFormat{entry.format, gzip};
  }
  return std::nullopt;
}

Compression parse_compression(std::string_view text) {
  const auto colon = text.find(':');
  const std::string name = to_lower(trim(text.substr(0, colon)));
  const auto* codec =
      std::find_if(kCodecs.begin(), kCodecs.end(),
                   [&](const Codec& known) { return known.name == name; });
  if (codec == kCodecs.end()) {
    throw Error(Category::kUsage, "unknown_compression",
                fmt::format("unknown compression '{}'", printable(text)),
                fmt::format("known: {}", fmt::join(names_of(kCodecs), ", ")));
  }
  if (colon == std::string_view::npos) return {name, std::nullopt};
  if (codec->most == 0) {
    throw Error(Category::kUsage, "compression_level",
                fmt::format("compression {} takes no level", name),
                fmt::format("write {}", name));
  }
  const std::string_view digits = trim(text.substr(colon + 1));
  int level = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), level);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      level < codec->least || level > codec->most) {
    throw Error(Category::kUsage, "compression_level",
                fmt::format("'{}' is no level of {}", printable(digits), name),
                fmt::format("levels of {}: {} to {}", name, codec->least, codec->most));
  }
  return {name, level};
}

}  // namespace penstock
