#include "declare/scalar.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>

namespace penstock {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kOctalDigits = "01234567";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

// Matches from the front of a text; each step moves past what it matched.
struct Match {
  std::string_view rest;

  bool any_of(std::string_view set) {
    if (rest.empty() || set.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool word(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
  std::size_t many(std::string_view set) {
    const std::size_t count = std::min(rest.find_first_not_of(set), rest.size());
    rest.remove_prefix(count);
    return count;
  }
  bool done() const { return rest.empty(); }
};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_decimal(std::string_view text) {
  Match m{text};
  m.any_of("+-");
  return m.many(kDigits) > 0 && m.done();
}

bool is_prefixed(std::string_view text, std::string_view prefix,
                 std::string_view digits) {
  Match m{text};
  return m.word(prefix) && m.many(digits) > 0 && m.done();
}

bool is_float(std::string_view text) {
  Match m{text};
  m.any_of("+-");
  const std::size_t whole = m.many(kDigits);
  const std::size_t fraction = m.any_of(".") ? m.many(kDigits) : 0;
  if (whole + fraction == 0) return false;
  if (m.any_of("eE")) {
    m.any_of("+-");
    if (m.many(kDigits) == 0) return false;
  }
  return m.done();
}

// YAML 1.1 floats need a point, and a sign in the exponent; its most used reader takes no
// sign before a bare point.
bool is_float_in_1_1(std::string_view text) {
  Match m{text};
  const bool sign = m.any_of("+-");
  if (m.many(kDigits) == 0 && sign) return false;
  if (!m.any_of(".")) return false;
  m.many(kDigits);
  if (m.any_of("eE") && !(m.any_of("+-") && m.many(kDigits) > 0)) return false;
  return m.done();
}

std::string_view without_sign(std::string_view text) {
  Match m{text};
  m.any_of("+-");
  return m.rest;
}

bool is_base_60(std::string_view text) {
  Match m{without_sign(text)};
  if (m.many("0123456789_") == 0) return false;
  int groups = 0;
  for (; m.any_of(":"); ++groups) {
    const std::size_t before = m.rest.size();
    if (m.any_of("012345")) {
      m.any_of(kDigits);
    } else if (!m.any_of(kDigits)) {
      return false;
    }
    if (m.rest.size() == before) return false;
  }
  if (groups > 0 && m.any_of(".")) m.many("0123456789_");
  return groups > 0 && m.done();
}

bool has_underscored_number(std::string_view text) {
  if (text.find('_') == std::string_view::npos) return false;
  const std::string_view unsigned_text = without_sign(text);
  if (unsigned_text.empty() || unsigned_text.front() == '_') return false;
  std::string bare(text);
  bare.erase(std::remove(bare.begin(), bare.end(), '_'), bare.end());
  const std::string_view unsigned_bare = without_sign(bare);
  return is_decimal(bare) || is_float_in_1_1(bare) ||
         is_prefixed(unsigned_bare, "0x", kHexDigits) ||
         is_prefixed(unsigned_bare, "0b", "01");
}

struct Trouble {
  std::string_view what;
  std::string_view hint;
};

// What YAML 1.1 reads otherwise (https://yaml.org/type/), in words that do not repeat the
// value.
std::optional<Trouble> disagreement(std::string_view text) {
  if (is_one_of(text, {"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on",
                       "On", "ON", "off", "Off", "OFF"})) {
    return Trouble{
        "an unquoted yes, no, on, off, y or n is a boolean in YAML 1.1 and text in YAML "
        "1.2",
        "quote it, or write true or false"};
  }
  if (is_one_of(text, {"=", "<<"})) {
    return Trouble{"an unquoted = or << is a mark in YAML 1.1 and text in YAML 1.2",
                   "quote it"};
  }
  const std::string_view digits = without_sign(text);
  if (is_decimal(text) && digits.size() > 1 && digits.front() == '0') {
    return Trouble{
        "an unquoted number with a leading zero is octal in YAML 1.1 and decimal in YAML "
        "1.2",
        "quote it to keep the zero, or write it without"};
  }
  if (is_prefixed(text, "0o", kOctalDigits)) {
    return Trouble{"an unquoted 0o number is text in YAML 1.1 and an integer in YAML 1.2",
                   "quote it, or write it in decimal"};
  }
  if (is_prefixed(digits, "0b", "01") ||
      (digits.size() < text.size() && is_prefixed(digits, "0x", kHexDigits))) {
    return Trouble{
        "an unquoted 0b or signed 0x number is an integer in YAML 1.1 and text in YAML "
        "1.2",
        "quote it, or write it in decimal"};
  }
  if (is_base_60(text)) {
    return Trouble{
        "unquoted digits with colons are a base-60 number in YAML 1.1 and text in YAML "
        "1.2",
        "quote it"};
  }
  if (has_underscored_number(text)) {
    return Trouble{
        "an unquoted number with underscores is a number in YAML 1.1 and text in YAML "
        "1.2",
        "quote it, or write it without underscores"};
  }
  if (is_float(text) && !is_decimal(text) && !is_float_in_1_1(text)) {
    return Trouble{
        "an unquoted number of this form is text in YAML 1.1 and a number in YAML 1.2",
        "quote it, or write it with a digit before the point, a point, and a sign in the "
        "exponent, as 1.0e+3"};
  }
  return std::nullopt;
}

template <class Number, class... Base>
std::optional<Number> parse(std::string_view text, Base... base) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

PlainScalar integer(std::optional<std::int64_t> value) {
  if (value) return {*value, {}, {}};
  return {{}, "an integer beyond 64 bits", "quote it to give it as text"};
}

}  // namespace

PlainScalar resolve_plain(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"true", "True", "TRUE"})) return {true, {}, {}};
  if (is_one_of(text, {"false", "False", "FALSE"})) return {false, {}, {}};
  if (const auto trouble = disagreement(text)) return {{}, trouble->what, trouble->hint};
  if (is_decimal(text)) return integer(parse<std::int64_t>(text));
  if (is_prefixed(text, "0x", kHexDigits)) {
    return integer(parse<std::int64_t>(text.substr(2), 16));
  }
  const std::string_view magnitude = without_sign(text);
  if (is_one_of(magnitude, {".inf", ".Inf", ".INF"})) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {text.front() == '-' ? -kInfinity : kInfinity, {}, {}};
  }
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) {
    return {std::numeric_limits<double>::quiet_NaN(), {}, {}};
  }
  if (is_float(text)) {
    if (const auto value = parse<double>(text)) return {*value, {}, {}};
    return {{}, "a number beyond the range of a double", "quote it to give it as text"};
  }
  return {std::string(text), {}, {}};
}

bool is_parameter_name(std::string_view text) {
  Match m{text};
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  if (!m.any_of(kLetters)) return false;
  while (m.any_of(kLetters) || m.any_of(kDigits)) {
  }
  return m.done();
}

}  // namespace penstock
