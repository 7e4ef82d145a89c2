// Numbers as people read and write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::cli {

std::string count_text(std::int64_t count);  // 1,234,567
std::string bytes_text(std::int64_t bytes);  // 812 B, 56.7 KB, 1.20 GB: powers of 1000
std::string duration_text(double seconds);   // 0.12 s, 12.3 s, 2 min 05 s, 1 h 02 min

/// A whole number, digits only; nothing for anything else or past 64 bits.
std::optional<std::int64_t> parse_count(std::string_view text);
/// Bytes with an optional unit: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB;
/// in any case.
std::optional<std::int64_t> parse_bytes(std::string_view text);

}  // namespace penstock::cli
