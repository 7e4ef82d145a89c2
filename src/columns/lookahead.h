// The first rows of a column whose type only its values can tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columns/value_writer.h"
#include "penstock/types.h"

namespace penstock {

/// Keeps the values of a column's first batch, then decides its type by all of them,
/// never by the first row alone:
///   no value but NULL: text;  integers: int64;  reals: float64;  integers and reals:
///   float64 if every integer is within 2^53, else text;  text, with or without numbers:
///   text;  blobs, with or without text: binary;  blobs and numbers: text, in which the
///   blobs are misfits.
/// One thread at a time.
class Lookahead {
 public:
  /// `preferred`: the declared type, which is kept if every value fits; else text
  /// (OnLossy::kText).
  explicit Lookahead(std::optional<TypeName> preferred) : preferred_(preferred) {}

  void add_null() { values_.push_back({ValueKind::kNull, 0, 0, 0, 0}); }
  void add_int(std::int64_t value);
  void add_real(double value);
  void add_bytes(ValueKind kind, const char* bytes, std::int64_t size);

  std::int64_t rows() const { return static_cast<std::int64_t>(values_.size()); }
  /// The type that suits every value kept.
  TypeName decide() const;
  /// Sets the values, in order, as rows 0.. of `writer`, which has been started.
  void replay(ValueWriter& writer) const;

 private:
  struct Stored {
    ValueKind kind;
    std::int64_t integer;
    double real;
    std::size_t offset;  // into bytes_
    std::size_t size;
  };
  std::optional<TypeName> preferred_;
  std::vector<Stored> values_;
  std::string bytes_;
  bool has_int_ = false;
  bool has_real_ = false;
  bool has_text_ = false;
  bool has_blob_ = false;
  bool ints_fit_double_ = true;
};

}  // namespace penstock
