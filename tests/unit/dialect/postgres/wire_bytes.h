// Bytes as a server sends them, for tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace penstock::postgres::testing {

/// "00 01 ff" -> bytes; blanks are skipped.
inline std::string hex(std::string_view text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    const int digit = c >= 'a' ? c - 'a' + 10 : c - '0';
    if (c == ' ') continue;
    if (high < 0) {
      high = digit;
    } else {
      out += static_cast<char>(high * 16 + digit);
      high = -1;
    }
  }
  return out;
}

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

/// The body of a DataRow; a value that begins with "NULL" is one.
inline std::string data_row(std::initializer_list<std::string> values) {
  std::string out = big_endian(values.size(), 2);
  for (const std::string& value : values) {
    const bool null = value == "NULL";
    out += big_endian(null ? 0xFFFFFFFF : value.size(), 4);
    if (!null) out += value;
  }
  return out;
}

}  // namespace penstock::postgres::testing
