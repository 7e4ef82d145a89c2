#include "dialect/postgres/numeric.h"

#include <algorithm>

#include <fmt/format.h>

#include "dialect/postgres/wire.h"

namespace penstock::postgres {
namespace {

constexpr int kHeaderBytes = 8;
constexpr std::int64_t kPowers[] = {1, 10, 100, 1000, 10'000};

// `T` must hold the digits and the exponent: the caller has counted.
template <typename T>
std::optional<Int128> scaled(const Numeric& numeric, int exponent) {
  T value = 0;
  for (int i = 0; i < numeric.digits; ++i) value = value * 10'000 + numeric.digit(i);
  if (exponent < 0) {
    // The last digit is not zero (numeric_send strips), so more than four places are too
    // many.
    if (exponent < -4 || value % kPowers[-exponent] != 0) return std::nullopt;
    return static_cast<Int128>(value / static_cast<T>(kPowers[-exponent]));
  }
  for (; exponent >= 4; exponent -= 4) value *= 10'000;
  return static_cast<Int128>(value * static_cast<T>(kPowers[exponent]));
}

}  // namespace

int Numeric::digit(int index) const {
  return read_u16(first + std::ptrdiff_t{2} * index);
}

Numeric::Numeric(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return;
  digits = read_u16(bytes.data());
  weight = read_i16(bytes.data() + 2);
  sign = static_cast<NumericSign>(read_u16(bytes.data() + 4));
  scale = read_u16(bytes.data() + 6);
  first = bytes.data() + kHeaderBytes;
  valid = bytes.size() == kHeaderBytes + 2 * static_cast<std::size_t>(digits) &&
          scale <= 0x3FFF;
  for (int i = 0; valid && i < digits; ++i) valid = digit(i) < 10'000;
  if (!valid) digits = 0;
}

std::optional<Int128> decimal128_of(const Numeric& numeric, int precision, int scale) {
  if (!numeric.is_number()) return std::nullopt;
  if (numeric.digits == 0) return 0;
  // Of the last digit, in powers of ten of the result; and how many digits that makes.
  const int exponent = 4 * (numeric.weight - numeric.digits + 1) + scale;
  const int places = 4 * numeric.digits + std::max(exponent, 0);
  std::optional<Int128> value;
  if (places <= 18) {
    value = scaled<std::int64_t>(numeric, exponent);
  } else if (places <= 37) {
    value = scaled<Int128>(numeric, exponent);
  } else {
    const auto wide = decimal256_of(numeric, precision, scale);
    if (!wide) return std::nullopt;
    const auto words = wide->little_endian_array();
    return static_cast<Int128>(words[1]) << 64 | words[0];
  }
  if (!value || *value >= power_of_ten(precision)) return std::nullopt;
  return numeric.sign == NumericSign::kNegative ? -*value : *value;
}

std::optional<arrow::Decimal256> decimal256_of(const Numeric& numeric, int precision,
                                               int scale) {
  if (!numeric.is_number()) return std::nullopt;
  const auto digits = decimal_digits(text_of(numeric), precision, scale);
  if (!digits) return std::nullopt;
  return arrow::Decimal256::FromString(*digits).ValueOrDie();
}

std::optional<arrow::Decimal256> nearest_decimal(const Numeric& numeric, int precision,
                                                 int scale) {
  if (!numeric.valid || numeric.sign == NumericSign::kNan) return std::nullopt;
  std::string digits(static_cast<std::size_t>(precision), '9');
  bool negative = numeric.sign == NumericSign::kMinusInfinity;
  if (numeric.is_number()) {
    std::string text = text_of(numeric);
    negative = text.front() == '-';
    text.erase(0, negative ? 1 : 0);
    const auto point = text.find('.');
    std::string whole = "0" + text.substr(0, point);  // room for a carry
    std::string places = point == std::string::npos ? "" : text.substr(point + 1);
    const auto kept = static_cast<std::size_t>(scale);
    places.resize(std::max(places.size(), kept + 1), '0');
    whole += places.substr(0, kept);
    // Half away from zero, as the server rounds.
    std::size_t at = whole.size();
    for (bool carry = places[kept] >= '5'; carry; --at) {
      carry = whole[at - 1] == '9';
      whole[at - 1] = carry ? '0' : static_cast<char>(whole[at - 1] + 1);
    }
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    if (whole.size() <= digits.size()) digits = "0" + whole;
  }
  arrow::Decimal256 value = arrow::Decimal256::FromString(digits).ValueOrDie();
  if (negative) value.Negate();
  return value;
}

std::string text_of(const Numeric& numeric) {
  if (numeric.sign == NumericSign::kNan) return "NaN";
  if (numeric.sign == NumericSign::kInfinity) return "Infinity";
  if (numeric.sign == NumericSign::kMinusInfinity) return "-Infinity";
  std::string out = numeric.sign == NumericSign::kNegative ? "-" : "";
  const auto digit_at = [&numeric](int weight) {
    const int index = numeric.weight - weight;
    return index >= 0 && index < numeric.digits ? numeric.digit(index) : 0;
  };
  if (numeric.weight < 0) {
    out += '0';
  } else {
    out += fmt::format("{}", digit_at(numeric.weight));
    for (int weight = numeric.weight - 1; weight >= 0; --weight) {
      out += fmt::format("{:04}", digit_at(weight));
    }
  }
  if (numeric.scale == 0) return out;
  out += '.';
  const std::size_t end = out.size() + static_cast<std::size_t>(numeric.scale);
  for (int weight = -1; out.size() < end; --weight)
    out += fmt::format("{:04}", digit_at(weight));
  out.resize(end);
  return out;
}

}  // namespace penstock::postgres
