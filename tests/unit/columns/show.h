// Arrow arrays as text, for tests.
#pragma once

#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

namespace penstock::testing {

/// "NULL", 'text', x'hex' for bytes, and Arrow's own text for everything else.
inline std::string shown(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return "NULL";
  if (array.type_id() == arrow::Type::STRING) {
    return "'" + static_cast<const arrow::StringArray&>(array).GetString(row) + "'";
  }
  if (array.type_id() == arrow::Type::BINARY) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out = "x'";
    for (const char c : static_cast<const arrow::BinaryArray&>(array).GetView(row)) {
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out + "'";
  }
  return array.GetScalar(row).ValueOrDie()->ToString();
}

inline std::vector<std::string> shown(const arrow::Array& array) {
  std::vector<std::string> out;
  for (std::int64_t row = 0; row < array.length(); ++row) {
    out.push_back(shown(array, row));
  }
  return out;
}

}  // namespace penstock::testing
