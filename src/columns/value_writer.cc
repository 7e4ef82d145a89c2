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

constexpr double k2To63 = 9223372036854775808.0;

bool is_integer(Kind kind) { return kind >= Kind::kInt8 && kind <= Kind::kUInt64; }

}  // namespace

std::string_view to_string(ValueKind kind) noexcept {
  static constexpr std::array<std::string_view, 5> kNames{"NULL", "integer", "real",
                                                          "text", "blob"};
  return kNames[static_cast<std::size_t>(kind)];
}

ValueWriter::ValueWriter(Facts facts, const TypeName& type)
    : ColumnWriter(std::move(facts), to_string(type), arrow_type(type)),
      type_(type),
      kind_(type.kind) {
  // 10^15 is the last power of ten below which DBL_DIG holds; 10^22 the last that a
  // double holds exactly.
  if (kind_ == Kind::kDecimal && type_.precision <= 38 && type_.scale <= 15) {
    short_decimal_ = true;
    power_ = static_cast<double>(power_of_ten(type_.scale));
    short_limit_ = static_cast<double>(power_of_ten(std::min(type_.precision, 15)));
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
        buffer().set(row, static_cast<std::uint8_t>(value.integer));
        return true;
      }
      if (value.kind == ValueKind::kText) {
        const bool yes = equals_ignoring_case(value.bytes, "true");
        if (yes || equals_ignoring_case(value.bytes, "false")) {
          buffer().set(row, static_cast<std::uint8_t>(yes));
          return true;
        }
      }
      return false;
    case Kind::kFloat64:
      if (value.kind != ValueKind::kInt || !fits_double(value.integer)) return false;
      buffer().set(row, static_cast<double>(value.integer));
      return true;
    case Kind::kFloat32: {
      if (value.kind == ValueKind::kInt && !fits_double(value.integer)) return false;
      if (value.kind != ValueKind::kInt && value.kind != ValueKind::kReal) return false;
      const double wide =
          value.kind == ValueKind::kInt ? static_cast<double>(value.integer) : value.real;
      const auto narrow = static_cast<float>(wide);
      if (static_cast<double>(narrow) != wide && !std::isnan(wide)) return false;
      buffer().set(row, narrow);
      return true;
    }
    case Kind::kDecimal:
      return set_decimal(row, value);
    case Kind::kText: {
      if (value.kind == ValueKind::kBlob) return false;
      const std::string text = value.kind == ValueKind::kInt
                                   ? std::to_string(value.integer)
                                   : text_from_double(value.real);
      buffer().set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
      return true;
    }
    case Kind::kBinary:
      if (value.kind != ValueKind::kText) return false;
      buffer().set_bytes(row, value.bytes.data(),
                         static_cast<std::int64_t>(value.bytes.size()));
      return true;
    default:
      return set_time(row, value);
  }
}

bool ValueWriter::set_integer(std::int64_t row, const Loose& value) {
  if (kind_ == Kind::kUInt64 && value.kind == ValueKind::kReal && value.real >= k2To63 &&
      value.real < 2 * k2To63) {
    buffer().set(row, static_cast<std::uint64_t>(value.real));  // whole at this size
    return true;
  }
  std::optional<std::int64_t> integer;
  if (value.kind == ValueKind::kInt) integer = value.integer;
  if (value.kind == ValueKind::kReal) integer = int_from_double(value.real);
  const Range range = integer_range(kind_);
  if (!integer || *integer < range.low || *integer > range.high) return false;
  store_integer(row, *integer);
  return true;
}

void ValueWriter::store_integer(std::int64_t row, std::int64_t value) {
  switch (buffer().fixed_bytes()) {
    case 1:
      return buffer().set(row, static_cast<std::int8_t>(value));
    case 2:
      return buffer().set(row, static_cast<std::int16_t>(value));
    case 4:
      return buffer().set(row, static_cast<std::int32_t>(value));
    default:
      return buffer().set(row, value);
  }
}

bool ValueWriter::set_decimal(std::int64_t row, const Loose& value) {
  switch (value.kind) {
    case ValueKind::kInt: {
      if (type_.precision > 38) return set_decimal(row, std::to_string(value.integer));
      const auto decimal = decimal_from_int(value.integer, type_.precision, type_.scale);
      if (decimal) buffer().set(row, *decimal);
      return decimal.has_value();
    }
    case ValueKind::kReal:  // its shortest decimal text (contract)
      return std::isfinite(value.real) && set_decimal(row, text_from_double(value.real));
    case ValueKind::kText:
      return set_decimal(row, value.bytes);
    default:
      return false;
  }
}

bool ValueWriter::set_decimal(std::int64_t row, std::string_view text) {
  const auto digits = decimal_digits(text, type_.precision, type_.scale);
  if (!digits) return false;
  if (type_.precision <= 38) {
    buffer().set(row, integer_from_digits(*digits));
  } else {
    buffer().set(row, arrow::Decimal256(*digits).ToBytes());
  }
  return true;
}

// Dates and times: text in ISO form, an integer is Unix seconds, a real a Julian day
// (contract).
bool ValueWriter::set_time(std::int64_t row, const Loose& value) {
  if (kind_ == Kind::kTime) {
    const auto micros =
        value.kind == ValueKind::kText ? parse_time_us(value.bytes) : std::nullopt;
    if (micros) buffer().set(row, *micros);
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
    buffer().set(row, *micros);
    return true;
  }
  const std::int64_t days = *micros / kMicrosPerDay;
  if (*micros % kMicrosPerDay != 0 || days != static_cast<std::int32_t>(days))
    return false;
  buffer().set(row, static_cast<std::int32_t>(days));
  return true;
}

// The nearest value the type holds; false where there is none.
bool ValueWriter::clamp(std::int64_t row, const Loose& value) {
  const bool number = value.kind == ValueKind::kInt || value.kind == ValueKind::kReal;
  const double real =
      value.kind == ValueKind::kInt ? static_cast<double>(value.integer) : value.real;
  if (!number || std::isnan(real)) return false;
  if (is_integer(kind_)) {
    if (kind_ == Kind::kUInt64 && real >= 2 * k2To63) {
      buffer().set(row, std::numeric_limits<std::uint64_t>::max());
      return true;
    }
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
      buffer().set(row, static_cast<std::uint8_t>(real != 0));
      return true;
    case Kind::kFloat64:
      buffer().set(row, real);
      return true;
    case Kind::kFloat32: {
      constexpr auto kMax = static_cast<double>(std::numeric_limits<float>::max());
      buffer().set(row, static_cast<float>(
                            std::isinf(real) ? real : std::clamp(real, -kMax, kMax)));
      return true;
    }
    case Kind::kDecimal: {
      if (std::isfinite(real) &&
          set_decimal(row, nearest_decimal_text(real, type_.scale))) {
        return true;
      }
      const std::string nines(static_cast<std::size_t>(type_.precision), '9');
      return set_decimal(
          row, fmt::format("{}{}e-{}", real < 0 ? "-" : "", nines, type_.scale));
    }
    default:
      return false;
  }
}

void ValueWriter::by_policy(std::int64_t row, const Loose& value) {
  if (kind_ == Kind::kText) {
    set_unreadable_text(row, value.bytes, to_string(value.kind));
  } else if (facts().on_lossy == OnLossy::kClamp && clamp(row, value)) {
    count_clamped();
  } else {
    null_or_refuse(row, to_string(value.kind));
  }
}

}  // namespace penstock
