#include "base/redactor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text.h"

namespace penstock {
namespace {

constexpr std::string_view kMark = "***";
constexpr std::string_view kCut = "…";  // where `printable` cut
// Of a cut secret, so much must be there.
constexpr std::size_t kLeastStart = Redactor::kLeastBytes;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that hex digits at `at` stand for.
std::optional<char> hex_byte(std::string_view text, std::size_t at) {
  if (at + 2 > text.size()) return std::nullopt;
  const int high = hex_value(text[at]);
  const int low = hex_value(text[at + 1]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

// Whether a writer puts a backslash before a backslash.
enum class Backslash : std::uint8_t { kDoubled, kAsItIs };

// Characters of `text` that stand for `byte`, in any of the ways to write it; 0: none.
std::size_t written_length(std::string_view text, char byte, Backslash backslash) {
  if (text.empty()) return 0;
  if (text[0] == '%' && hex_byte(text, 1) == byte) return 3;
  if (text[0] == '\\' && text.size() > 1) {
    if (text[1] == 'x' && hex_byte(text, 2) == byte) return 4;
    if (text.starts_with("\\u00") && hex_byte(text, 4) == byte) return 6;
    if (text[1] == byte && (byte != '\\' || backslash == Backslash::kDoubled)) return 2;
  }
  if (text[0] == '+' && byte == ' ') return 1;
  return text[0] == byte ? 1 : 0;
}

// The text up to where it was cut; nothing if that is not near.
std::optional<std::string_view> before_cut(std::string_view text) {
  const std::string_view left = text.substr(0, text.find(kCut));
  if (left.size() == text.size() || left.size() + kCut.size() == text.size()) return left;
  return std::nullopt;
}

// Whether nothing but the start of one written byte stands before the cut.
bool is_cut(std::string_view text) {
  const auto left = before_cut(text);
  return left && (left->empty() ||
                  (left->size() < 6 && (left->front() == '%' || left->front() == '\\')));
}

// How much of the front of `text` is `secret`, each byte written in some way, or its
// start where the text was cut; 0: it is not.
std::size_t plain_length(std::string_view text, std::string_view secret,
                         Backslash backslash) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const std::string_view rest = text.substr(at);
    const std::size_t length = written_length(rest, secret[i], backslash);
    if (length == 0) {
      return i >= kLeastStart && is_cut(rest) ? at + before_cut(rest)->size() : 0;
    }
    at += length;
  }
  return at;
}

std::size_t hex_length(std::string_view text, std::string_view secret) {
  for (std::size_t i = 0; i < secret.size(); ++i) {
    if (hex_byte(text, 2 * i) == secret[i]) continue;
    const auto left = before_cut(text.substr(2 * i));
    return i >= kLeastStart && left && left->size() < 2 ? 2 * i + left->size() : 0;
  }
  return 2 * secret.size();
}

std::size_t base64_length(std::string_view text, std::string_view core) {
  if (text.starts_with(core)) return core.size();
  if (text.size() > core.size() + kCut.size()) return 0;
  const auto left = before_cut(text);
  return left && left->size() >= kLeastStart && core.starts_with(*left) ? left->size()
                                                                        : 0;
}

// The characters of base64 that `secret` alone decides when `before` bytes stand before
// it.
std::string base64_core(std::string_view secret, std::size_t before,
                        std::string_view alphabet) {
  const std::size_t first = (before * 8 + 5) / 6;
  const std::size_t end = (before + secret.size()) * 8 / 6;
  std::string core;
  for (std::size_t i = first; i < end; ++i) {
    unsigned bits = 0;
    for (std::size_t bit = i * 6; bit < i * 6 + 6; ++bit) {
      const auto byte = static_cast<unsigned char>(secret[bit / 8 - before]);
      bits = bits << 1U | (byte >> (7 - bit % 8) & 1U);
    }
    core += alphabet[bits];
  }
  return core;
}

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Whatever of a text could be meant as a password: what stands between any ':' and any
// '@', and the values that are named as one.
std::vector<std::string> possible_passwords(std::string_view text) {
  std::vector<std::string> found;
  const auto scheme = text.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  for (auto at = text.find('@', start); at != std::string_view::npos;
       at = text.find('@', at + 1)) {
    for (auto colon = text.find(':', start); colon < at;
         colon = text.find(':', colon + 1)) {
      found.emplace_back(text.substr(colon + 1, at - colon - 1));
    }
  }
  const std::string lower = to_lower(text);
  for (const std::string_view name : {"password", "passwd", "passphrase"}) {
    for (auto at = lower.find(name); at != std::string::npos;
         at = lower.find(name, at + 1)) {
      std::size_t begin = lower.find_first_not_of(" \t", at + name.size());
      if (begin == std::string::npos || lower[begin] != '=') continue;
      begin = lower.find_first_not_of(" \t", begin + 1);
      if (begin == std::string::npos) continue;
      const bool quoted = text[begin] == '\'';
      const auto end =
          quoted ? text.find('\'', begin + 1) : text.find_first_of("& ", begin);
      begin += quoted ? 1 : 0;
      found.emplace_back(text.substr(begin, end - begin));
    }
  }
  return found;
}

}  // namespace

Redactor Redactor::of(const Environment& environment) {
  Redactor redactor;
  for (const std::string_view prefix : {"PENSTOCK_", "RECOTEM_"}) {
    for (const auto& value : environment.values_of(prefix)) {
      for (const std::string& one : possible_passwords(value)) {
        redactor.add(Secret(one));
        if (const auto decoded = percent_decode(one)) redactor.add(Secret(*decoded));
      }
    }
  }
  return redactor;
}

void Redactor::add(const Secret& secret) {
  const std::string_view plain = secret.reveal();
  if (plain.size() < kLeastBytes) return;
  Known known{secret, {}};
  for (const std::string_view alphabet : {kStandard, kUrlSafe}) {
    for (std::size_t before = 0; before < 3; ++before) {
      known.base64.emplace_back(base64_core(plain, before, alphabet));
    }
  }
  known_.push_back(std::move(known));
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    std::size_t length = 0;
    for (const Known& known : known_) {
      const std::string_view plain = known.plain.reveal();
      length = std::max({length, plain_length(rest, plain, Backslash::kDoubled),
                         plain_length(rest, plain, Backslash::kAsItIs),
                         hex_length(rest, plain)});
      for (const Secret& core : known.base64) {
        length = std::max(length, base64_length(rest, core.reveal()));
      }
    }
    if (length == 0) {
      out += text[at++];
    } else {
      out += kMark;
      at += length;
    }
  }
  return out;
}

Error Redactor::operator()(const Error& error) const {
  return {error.category(), error.code(), (*this)(error.message()), (*this)(error.hint()),
          error.sqlstate()};
}

}  // namespace penstock
