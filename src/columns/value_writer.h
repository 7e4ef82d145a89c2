// A value of whatever type the database has, into a column of one Arrow type: exactly, or
// by the column's policy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "columns/column_writer.h"
#include "columns/conversions.h"
#include "penstock/types.h"

namespace penstock {

/// What a value is before it has a place.
enum class ValueKind : std::uint8_t { kNull, kInt, kReal, kText, kBlob };
std::string_view to_string(ValueKind kind) noexcept;

/// A column of a database whose values have types of their own. The setters are the hot
/// path: the common pairs of value and type are inline, everything else goes through one
/// slow function.
class ValueWriter : public ColumnWriter {
 public:
  ValueWriter(Facts facts, const TypeName& type);

  const TypeName& type() const { return type_; }

  void set_int(std::int64_t row, std::int64_t value) {
    if (kind_ == Kind::kInt64) {
      buffer().set(row, value);
    } else {
      set_slow(row, {ValueKind::kInt, value, 0, {}});
    }
  }

  void set_real(std::int64_t row, double value) {
    if (kind_ == Kind::kFloat64) {
      buffer().set(row, value);
    } else if (Int128 decimal; short_decimal_ && fits_short_decimal(value, &decimal)) {
      buffer().set(row, decimal);
    } else {
      set_slow(row, {ValueKind::kReal, 0, value, {}});
    }
  }

  void set_text(std::int64_t row, const char* text, std::int64_t size) {
    if (kind_ == Kind::kText) {
      buffer().set_bytes(row, text, size);
    } else if (std::int32_t days;
               kind_ == Kind::kDate && size == 10 && read_date(text, &days)) {
      buffer().set(row, days);
    } else {
      set_slow(row, {ValueKind::kText, 0, 0, {text, static_cast<std::size_t>(size)}});
    }
  }

  void set_blob(std::int64_t row, const char* bytes, std::int64_t size) {
    if (kind_ == Kind::kBinary) {
      buffer().set_bytes(row, bytes, size);
    } else {
      set_slow(row, {ValueKind::kBlob, 0, 0, {bytes, static_cast<std::size_t>(size)}});
    }
  }

 private:
  using Kind = TypeName::Kind;
  struct Loose {
    ValueKind kind;
    std::int64_t integer;
    double real;
    std::string_view bytes;
  };

  // Below 10^15 a double tells every decimal of 15 digits apart (DBL_DIG), so the integer
  // whose quotient by 10^scale is `value` is its shortest decimal: one multiplication and
  // one division in place of printing and parsing.
  bool fits_short_decimal(double value, Int128* decimal) const {
    const double scaled = std::nearbyint(value * power_);
    if (!(std::fabs(scaled) < short_limit_) || scaled / power_ != value) return false;
    *decimal = static_cast<std::int64_t>(scaled);
    return true;
  }

  void set_slow(std::int64_t row, const Loose& value);
  bool set_exact(std::int64_t row, const Loose& value);
  bool set_integer(std::int64_t row, const Loose& value);
  bool set_decimal(std::int64_t row, const Loose& value);
  bool set_decimal(std::int64_t row, std::string_view text);
  bool set_time(std::int64_t row, const Loose& value);
  bool clamp(std::int64_t row, const Loose& value);
  void store_integer(std::int64_t row, std::int64_t value);
  void by_policy(std::int64_t row, const Loose& value);

  TypeName type_;
  Kind kind_;
  bool short_decimal_ = false;
  double power_ = 1;
  double short_limit_ = 0;
};

}  // namespace penstock
