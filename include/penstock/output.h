// Stage: sink. Where the rows go, and in which format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "penstock/types.h"

namespace penstock {

enum class Format : std::uint8_t {
  kParquet,      // .parquet
  kCsv,          // .csv, .csv.gz
  kJsonLines,    // .jsonl, .jsonl.gz
  kArrowFile,    // .arrow, .ipc
  kArrowStream,  // .arrows
};

/// "parquet", "csv", "jsonl", "arrow", "arrows".
std::string_view to_string(Format format) noexcept;
/// The reverse; "ipc" is "arrow". Throws Error{kUsage} that lists them.
Format parse_format(std::string_view name);

/// Parquet has no interval that Arrow writes; the parts are exact for every value there.
constexpr Intervals intervals_for(Format format) noexcept {
  return format == Format::kParquet ? Intervals::kParts : Intervals::kMonthDayNano;
}

/// What a path's extension says, in any case; nothing if it says nothing known.
struct PathFormat {
  Format format;
  bool gzip;
};
std::optional<PathFormat> format_of_path(std::string_view path) noexcept;

struct Compression {
  std::string codec;  // "none", "snappy", "gzip", "brotli", "zstd", "lz4"
  std::optional<int> level;
};
/// Reads "NAME[:LEVEL]". Throws Error{kUsage} naming the codecs, or the range of the
/// level.
Compression parse_compression(std::string_view text);

struct OutputOptions {
  /// A path, or "-" for standard output. Parent folders are created. A symbolic link is
  /// followed and stays a link; a file that is replaced hands on its permissions. A FIFO
  /// or a device gets the bytes as they come, like standard output.
  std::string path = "-";
  Format format = Format::kParquet;
  bool gzip = false;  // CSV and JSON lines: the whole file
  /// Parquet: zstd:3 unless set. Arrow: none unless set (lz4 and zstd are possible).
  std::optional<Compression> compression;
  /// Parquet: a row group ends at this many rows, or at `row_group_bytes` of Arrow data,
  /// whichever comes first. Larger groups compress a little better and cost memory: a
  /// whole group's encoded pages are held until it ends.
  std::int64_t row_group_rows = 1'000'000;
  std::int64_t row_group_bytes = 64 * 1024 * 1024;
  /// Computes the SHA-256 of what is written; costs about a second per gigabyte.
  bool content_hash = false;
};

/// Two runs that would write one output exclude each other (RS-027).
struct LockOptions {
  bool enabled = true;
  double timeout_seconds = 0;  // 0: do not wait; negative: wait for ever
};

/// What went into a file and does not change from run to run: same rows and options, same
/// bytes.
struct Provenance {
  std::string recipe;      // the recipe's name
  std::string query_hash;  // SHA-256 of the SQL text, hex
  std::string dialect;     // "sqlite"
};

struct OutputSummary {
  std::int64_t bytes = 0;    // written, after compression
  std::string content_hash;  // "sha256:" and hex, or empty
};

}  // namespace penstock
