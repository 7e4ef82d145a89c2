#include "columns/value_writer.h"

#include <array>
#include <limits>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "penstock/error.h"

namespace penstock {
namespace {

using Kind = TypeName::Kind;

struct Range {
  std::int64_t low;
  std::int64_t high;
};

template <typename T>
constexpr Range range_of() {
  constexpr std::uint64_t high =
      static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  return {
      static_cast<std::int64_t>(std::numeric_limits<T>::min()),
      high > static_cast<std::uint64_t>(limit) ? limit : static_cast<std::int64_t>(high)};
}

Range integer_range(Kind kind) {
  switch (kind) {
    case Kind::kInt8:
      return range_of<std::int8_t>();
    case Kind::kInt16:
      return range_of<std::int16_t>();
    case Kind::kInt32:
      return range_of<std::int32_t>();
    case Kind::kUInt8:
      return range_of<std::uint8_t>();
    case Kind::kUInt16:
      return range_of<std::uint16_t>();
    case Kind::kUInt32:
      return range_of<std::uint32_t>();
    case Kind::kUInt64:
      return range_of<std::uint64_t>();
    default:
      return range_of<std::int64_t>();
  }
}

bool is_integer(Kind kind) { return kind >= Kind::kInt8 && kind <= Kind::kUInt64; }

}  // namespace

std::string_view to_string(ValueKind kind) noexcept {
  static constexpr std::array<std::string_view, 5> kNames{"NULL", "integer", "real",
                                                          "text", "blob"};
  return kNames[static_cast<std::size_t>(kind)];
}

ValueWriter::ValueWriter(Column column)
    : column_(std::move(column)),
      kind_(column_.type.kind),
      buffer_(arrow_type(column_.type)) {
  // 10^15 is the last power of ten below which DBL_DIG holds; 10^22 the last that a
  // double holds exactly.
  if (kind_ == Kind::kDecimal && column_.type.precision <= 38 &&
      column_.type.scale <= 15) {
    short_decimal_ = true;
    power_ = static_cast<double>(power_of_ten(column_.type.scale));
    short_limit_ =
        static_cast<double>(power_of_ten(std::min(column_.type.precision, 15)));
  }
}

void ValueWriter::set_slow(std::int64_t row, const Loose& value) {
  if (!set_exact(row, value)) by_policy(row, value);
}

bool ValueWriter::set_exact(std::int64_t row, const Loose& value) {
  if (is_integer(kind_)) return set_integer(row, value);
  switch (kind_) {
    case Kind::kBool:
      if (value.kind == ValueKind::kInt && (value.integer == 0 || value.integer == 1)) {
        buffer_.set(row, static_cast<std::uint8_t>(value.integer));
        return true;
      }
      if (value.kind == ValueKind::kText) {
        const bool yes = equals_ignoring_case(value.bytes, "true");
        if (yes || equals_ignoring_case(value.bytes, "false")) {
          buffer_.set(row, static_cast<std::uint8_t>(yes));
          return true;
        }
      }
      return false;
    case Kind::kFloat64:
      if (value.kind != ValueKind::kInt || !fits_double(value.integer)) return false;
      buffer_.set(row, static_cast<double>(value.integer));
      return true;
    case Kind::kFloat32: {
      if (value.kind == ValueKind::kInt && !fits_double(value.integer)) return false;
      if (value.kind != ValueKind::kInt && value.kind != ValueKind::kReal) return false;
      const double wide =
          value.kind == ValueKind::kInt ? static_cast<double>(value.integer) : value.real;
      const auto narrow = static_cast<float>(wide);
      if (static_cast<double>(narrow) != wide && !std::isnan(wide)) return false;
      buffer_.set(row, narrow);
      return true;
    }
    case Kind::kDecimal:
      return set_decimal(row, value);
    case Kind::kText: {
      if (value.kind == ValueKind::kBlob) return false;
      const std::string text = value.kind == ValueKind::kInt
                                   ? std::to_string(value.integer)
                                   : text_from_double(value.real);
      buffer_.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
      return true;
    }
    case Kind::kBinary:
      if (value.kind != ValueKind::kText) return false;
      buffer_.set_bytes(row, value.bytes.data(),
                        static_cast<std::int64_t>(value.bytes.size()));
      return true;
    default:
      return set_time(row, value);
  }
}

bool ValueWriter::set_integer(std::int64_t row, const Loose& value) {
  std::optional<std::int64_t> integer;
  if (value.kind == ValueKind::kInt) integer = value.integer;
  if (value.kind == ValueKind::kReal) integer = int_from_double(value.real);
  const Range range = integer_range(kind_);
  if (!integer || *integer < range.low || *integer > range.high) return false;
  store_integer(row, *integer);
  return true;
}

void ValueWriter::store_integer(std::int64_t row, std::int64_t value) {
  switch (buffer_.fixed_bytes()) {
    case 1:
      return buffer_.set(row, static_cast<std::int8_t>(value));
    case 2:
      return buffer_.set(row, static_cast<std::int16_t>(value));
    case 4:
      return buffer_.set(row, static_cast<std::int32_t>(value));
    default:
      return buffer_.set(row, value);
  }
}

bool ValueWriter::set_decimal(std::int64_t row, const Loose& value) {
  const int precision = column_.type.precision;
  const int scale = column_.type.scale;
  if (precision > 38) {
    if (value.kind == ValueKind::kBlob) return false;
    std::string text(value.bytes);
    if (value.kind == ValueKind::kInt) text = std::to_string(value.integer);
    if (value.kind == ValueKind::kReal) text = text_from_double(value.real);
    arrow::Decimal256 decimal;
    std::int32_t given_precision = 0;
    std::int32_t given_scale = 0;
    if (!arrow::Decimal256::FromString(text, &decimal, &given_precision, &given_scale)
             .ok())
      return false;
    const auto scaled = decimal.Rescale(given_scale, scale);
    if (!scaled.ok() || !scaled->FitsInPrecision(precision)) return false;
    buffer_.set(row, scaled->ToBytes());
    return true;
  }
  std::optional<Int128> decimal;
  if (value.kind == ValueKind::kInt)
    decimal = decimal_from_int(value.integer, precision, scale);
  if (value.kind == ValueKind::kReal)
    decimal = decimal_from_double(value.real, precision, scale);
  if (value.kind == ValueKind::kText)
    decimal = decimal_from_text(value.bytes, precision, scale);
  if (!decimal) return false;
  buffer_.set(row, *decimal);
  return true;
}

// Dates and times: text in ISO form, an integer is Unix seconds, a real a Julian day
// (contract).
bool ValueWriter::set_time(std::int64_t row, const Loose& value) {
  if (kind_ == Kind::kTime) {
    const auto micros =
        value.kind == ValueKind::kText ? parse_time_us(value.bytes) : std::nullopt;
    if (micros) buffer_.set(row, *micros);
    return micros.has_value();
  }
  std::optional<std::int64_t> micros;
  if (value.kind == ValueKind::kText) micros = parse_timestamp_us(value.bytes);
  if (value.kind == ValueKind::kReal) micros = timestamp_us_from_julian_day(value.real);
  constexpr std::int64_t kSeconds =
      std::numeric_limits<std::int64_t>::max() / kMicrosPerSecond;
  if (value.kind == ValueKind::kInt && value.integer >= -kSeconds &&
      value.integer <= kSeconds) {
    micros = value.integer * kMicrosPerSecond;
  }
  if (!micros) return false;
  if (kind_ != Kind::kDate) {
    buffer_.set(row, *micros);
    return true;
  }
  const std::int64_t days = *micros / kMicrosPerDay;
  if (*micros % kMicrosPerDay != 0 || days != static_cast<std::int32_t>(days))
    return false;
  buffer_.set(row, static_cast<std::int32_t>(days));
  return true;
}

// The nearest value the type holds; false where there is none.
bool ValueWriter::clamp(std::int64_t row, const Loose& value) {
  const bool number = value.kind == ValueKind::kInt || value.kind == ValueKind::kReal;
  const double real =
      value.kind == ValueKind::kInt ? static_cast<double>(value.integer) : value.real;
  if (kind_ == Kind::kText) {
    const std::string text = replace_invalid_utf8(value.bytes);
    buffer_.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
    return true;
  }
  if (!number || std::isnan(real)) return false;
  if (is_integer(kind_)) {
    const Range range = integer_range(kind_);
    std::int64_t integer = value.integer;
    if (value.kind == ValueKind::kReal) {
      const auto whole = int_from_double(std::nearbyint(real));
      integer = whole ? *whole : real < 0 ? range.low : range.high;
    }
    store_integer(row, std::clamp(integer, range.low, range.high));
    return true;
  }
  switch (kind_) {
    case Kind::kBool:
      buffer_.set(row, static_cast<std::uint8_t>(real != 0));
      return true;
    case Kind::kFloat64:
      buffer_.set(row, real);
      return true;
    case Kind::kFloat32: {
      constexpr auto kMax = static_cast<double>(std::numeric_limits<float>::max());
      buffer_.set(row, static_cast<float>(
                           std::isinf(real) ? real : std::clamp(real, -kMax, kMax)));
      return true;
    }
    case Kind::kDecimal: {
      if (column_.type.precision > 38) return false;
      const auto decimal =
          nearest_decimal(real, column_.type.precision, column_.type.scale);
      const Int128 limit = power_of_ten(column_.type.precision) - 1;
      buffer_.set(row, decimal ? *decimal : real < 0 ? -limit : limit);
      return true;
    }
    default:
      return false;
  }
}

void ValueWriter::by_policy(std::int64_t row, const Loose& value) {
  switch (column_.on_lossy) {
    case OnLossy::kClamp:
      if (clamp(row, value)) {
        ++lossy_.clamped;
        return;
      }
      [[fallthrough]];
    case OnLossy::kNull:
      buffer_.set_null(row);
      ++lossy_.nulled;
      return;
    case OnLossy::kText:
      if (kind_ == Kind::kText) {
        const std::string text = "\\x" + to_hex(value.bytes);
        buffer_.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
        if (!column_.in_place_of_declared) ++lossy_.as_text;
        return;
      }
      [[fallthrough]];
    case OnLossy::kError:
      refuse(row, to_string(value.kind));
  }
}

void ValueWriter::refuse(std::int64_t row, std::string_view what) const {
  const std::string declared =
      column_.declared.empty()
          ? std::string("no declared type")
          : fmt::format("declared {}", printable(column_.declared, 60));
  std::string hint =
      "CAST the column in the query, or set types.on_lossy (--on-lossy) to null, text or "
      "clamp";
  if (column_.guessed) {
    hint = fmt::format(
        "the column's type was taken from the first rows; CAST it in the query, or set "
        "types.columns: {{{}: text}}",
        printable(column_.name, 60));
  } else if (column_.on_lossy == OnLossy::kText) {
    hint = fmt::format(
        "the first rows fitted, so the column is not text; set types.columns: {{{}: "
        "text}}",
        printable(column_.name, 60));
  }
  throw Error(
      Category::kDataSource, "lossy_value",
      fmt::format("row {}, column '{}' ({}): {} {} value does not fit {}",
                  rows_before_ + row + 1, printable(column_.name, 60), declared,
                  what.starts_with('i') ? "an" : "a", what, to_string(column_.type)),
      hint);
}

// Rare: writes the column again, with each value that is not UTF-8 as the policy says.
void ValueWriter::replace_invalid_text(std::int64_t first, std::int64_t rows) {
  if (column_.on_lossy == OnLossy::kError) refuse(first, "text (not valid UTF-8)");
  ColumnBuffer old = std::move(buffer_);
  buffer_ = ColumnBuffer(old.type());
  buffer_.start(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (old.is_null(row)) {
      buffer_.set_null(row);
      continue;
    }
    std::int64_t size = 0;
    const char* bytes = old.bytes(row, &size);
    const std::string_view text(bytes, static_cast<std::size_t>(size));
    if (is_valid_utf8(text)) {
      buffer_.set_bytes(row, bytes, size);
    } else {
      by_policy(row, {ValueKind::kText, 0, 0, text});
    }
  }
}

std::shared_ptr<arrow::Array> ValueWriter::finish(std::int64_t rows) {
  if (kind_ == Kind::kText) {
    const std::int64_t invalid = buffer_.find_invalid_utf8(rows);
    if (invalid < rows) replace_invalid_text(invalid, rows);
  }
  rows_before_ += rows;
  if (column_.in_place_of_declared) lossy_.as_text += rows - buffer_.null_count();
  return buffer_.finish(rows);
}

}  // namespace penstock
