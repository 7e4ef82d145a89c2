// A value of whatever type the database has, into a column of one Arrow type: exactly, or
// by the column's policy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "columns/column_buffer.h"
#include "columns/conversions.h"
#include "columns/ledger.h"
#include "penstock/types.h"

namespace penstock {

/// What a value is before it has a place.
enum class ValueKind : std::uint8_t { kNull, kInt, kReal, kText, kBlob };
std::string_view to_string(ValueKind kind) noexcept;

/// One column of a result. The setters are the hot path: the common pairs of value and
/// type are inline, everything else goes through one slow function. Rows are set in
/// order, each once. One thread at a time.
///
/// Errors: a value without an exact place throws Error{kDataSource}, code "lossy_value",
/// under OnLossy::kError; the message names row, column, declared type and the value's
/// type, never the value.
class ValueWriter {
 public:
  struct Column {
    std::string name;
    std::string declared;  // the database's type name; empty for an expression
    TypeName type;
    OnLossy on_lossy = OnLossy::kError;
    /// Text because a value did not fit the declared type: its values count as_text.
    bool in_place_of_declared = false;
    /// Decided by the first batch: a misfit gets the hint to CAST.
    bool guessed = false;
  };
  explicit ValueWriter(Column column);

  const Column& column() const { return column_; }
  const LossyCounts& lossy() const { return lossy_; }
  std::int64_t fixed_bytes() const { return buffer_.fixed_bytes(); }

  void start(std::int64_t rows) { buffer_.start(rows); }

  void set_null(std::int64_t row) { buffer_.set_null(row); }

  void set_int(std::int64_t row, std::int64_t value) {
    if (kind_ == Kind::kInt64) {
      buffer_.set(row, value);
    } else {
      set_slow(row, {ValueKind::kInt, value, 0, {}});
    }
  }

  void set_real(std::int64_t row, double value) {
    if (kind_ == Kind::kFloat64) {
      buffer_.set(row, value);
    } else if (Int128 decimal; short_decimal_ && fits_short_decimal(value, &decimal)) {
      buffer_.set(row, decimal);
    } else {
      set_slow(row, {ValueKind::kReal, 0, value, {}});
    }
  }

  void set_text(std::int64_t row, const char* text, std::int64_t size) {
    if (kind_ == Kind::kText) {
      buffer_.set_bytes(row, text, size);
    } else if (std::int32_t days;
               kind_ == Kind::kDate && size == 10 && read_date(text, &days)) {
      buffer_.set(row, days);
    } else {
      set_slow(row, {ValueKind::kText, 0, 0, {text, static_cast<std::size_t>(size)}});
    }
  }

  void set_blob(std::int64_t row, const char* bytes, std::int64_t size) {
    if (kind_ == Kind::kBinary) {
      buffer_.set_bytes(row, bytes, size);
    } else {
      set_slow(row, {ValueKind::kBlob, 0, 0, {bytes, static_cast<std::size_t>(size)}});
    }
  }

  /// The batch's first `rows` rows; text is checked to be UTF-8 here, a batch at once.
  std::shared_ptr<arrow::Array> finish(std::int64_t rows);

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
  bool set_time(std::int64_t row, const Loose& value);
  bool clamp(std::int64_t row, const Loose& value);
  void store_integer(std::int64_t row, std::int64_t value);
  void by_policy(std::int64_t row, const Loose& value);
  void replace_invalid_text(std::int64_t first, std::int64_t rows);
  [[noreturn]] void refuse(std::int64_t row, std::string_view what) const;

  Column column_;
  Kind kind_;
  bool short_decimal_ = false;
  double power_ = 1;
  double short_limit_ = 0;
  std::int64_t rows_before_ = 0;  // in the batches that are done
  LossyCounts lossy_;
  ColumnBuffer buffer_;
};

}  // namespace penstock
