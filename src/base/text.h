// Small operations on text that more than one stage needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII only
std::string to_upper(std::string_view text);  // ASCII only
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate nearest to `word` by edit distance, if near enough to be a slip; else
/// empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// "did you mean 'x'?" for the nearest, else "known: a, b, c".
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

bool is_valid_utf8(std::string_view bytes);
/// The text for a message: control characters, bidirectional controls and invalid UTF-8
/// as \xNN; past `limit` bytes it is cut and ends with "…".
std::string printable(std::string_view bytes, std::size_t limit = 120);
std::string to_hex(std::string_view bytes);
std::optional<std::string> percent_decode(std::string_view text);

/// Lower-case hex of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);

}  // namespace penstock
