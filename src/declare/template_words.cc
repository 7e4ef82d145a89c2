#include "declare/template_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace penstock {

// `type '...'`: the words that may stand before the text. PostgreSQL takes any type, the
// standard three.
bool is_typed_literal(std::string_view word, const Lexicon& lexicon) {
  static constexpr std::array<std::string_view, 3> kStandard{"DATE", "TIME", "TIMESTAMP"};
  static constexpr std::array<std::string_view, 36> kPostgres{
      "DATE",   "TIME",     "TIMETZ",   "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL",
      "UUID",   "INET",     "CIDR",     "MACADDR",   "JSON",        "JSONB",
      "XML",    "BYTEA",    "NUMERIC",  "DECIMAL",   "INT",         "INTEGER",
      "BIGINT", "SMALLINT", "REAL",     "FLOAT",     "FLOAT4",      "FLOAT8",
      "INT2",   "INT4",     "INT8",     "TEXT",      "VARCHAR",     "BOOLEAN",
      "BOOL",   "POINT",    "REGCLASS", "MONEY",     "TSQUERY",     "CITEXT"};
  const auto in = [word](const auto& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return lexicon.dialect == "postgresql" ? in(kPostgres) : in(kStandard);
}

// https://dev.mysql.com/doc/refman/9.0/en/expressions.html#temporal-intervals
bool is_interval_unit(std::string_view word) {
  static constexpr std::array<std::string_view, 9> kUnits{
      "MICROSECOND", "SECOND", "MINUTE",  "HOUR", "DAY",
      "WEEK",        "MONTH",  "QUARTER", "YEAR"};
  return std::find(kUnits.begin(), kUnits.end(), word) != kUnits.end() ||
         word.find('_') != std::string_view::npos;  // DAY_SECOND and the like
}

bool is_plain_words(std::string_view text) {
  for (const std::string_view word : split(text, ' ')) {
    const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '.';
    });
    if (word.empty() || !plain) return false;
  }
  return true;
}

// https://dev.mysql.com/doc/refman/9.0/en/string-literals.html: \% and \_ keep their
// backslash.
std::string unquoted(std::string_view text, char quote, bool backslashes) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (backslashes && c == '\\' && i + 1 < text.size()) {
      c = text[++i];
      if (c == '%' || c == '_') out += '\\';
      constexpr std::string_view kFrom = "nrtbZ0";
      constexpr std::string_view kTo{"\n\r\t\b\x1A\0", 6};
      if (const auto found = kFrom.find(c); found != std::string_view::npos)
        c = kTo[found];
    } else if (quote != '\0' && c == quote && i + 1 < text.size()) {
      ++i;  // doubled
    }
    out += c;
  }
  return out;
}

}  // namespace penstock
