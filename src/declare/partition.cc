#include "declare/partition.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace penstock {
namespace {

void append_text(Statement& statement, std::string_view text) {
  const std::size_t end = statement.source.size();
  if (statement.pieces.empty() || statement.pieces.back().parameter >= 0) {
    statement.pieces.push_back({"", -1, end});
  }
  statement.pieces.back().text += text;
}

void append_value(Statement& statement, std::string name, const Value& value,
                  std::string_view cast) {
  statement.pieces.push_back(
      {"", static_cast<int>(statement.values.size()), statement.source.size()});
  statement.names.push_back(std::move(name));
  statement.values.push_back(value);
  append_text(statement, cast);
}

bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::vector<KeyRange> ranges_between(const std::vector<Value>& cuts) {
  std::vector<KeyRange> ranges(cuts.size() + 1);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    ranges[i].high = cuts[i];
    ranges[i + 1].low = cuts[i];
  }
  ranges.back().nulls = true;
  return ranges;
}

std::vector<Value> even_cuts(std::int64_t low, std::int64_t high, std::int64_t count) {
  std::vector<Value> cuts;
  if (high <= low) return cuts;
  // Unsigned, since the distance between two 64-bit integers may need 64 bits of its own.
  const auto distance =
      static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const auto parts = static_cast<std::uint64_t>(count);
  std::uint64_t last = 0;
  for (std::uint64_t i = 1; i < parts; ++i) {
    // i / parts of the distance + 1 numbers.
    const std::uint64_t step = distance / parts * i + (distance % parts * i + i) / parts;
    if (step == last) continue;
    last = step;
    cuts.emplace_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + step));
  }
  return cuts;
}

Statement select_from(std::string_view head, const Statement& inner) {
  Statement statement = inner;
  statement.pieces.insert(statement.pieces.begin(),
                          {fmt::format("{} FROM (\n", head), -1, 0});
  append_text(statement, "\n) AS penstock_rows");
  return statement;
}

Statement restricted(Statement statement, std::string_view key, const KeyRange& range,
                     std::string_view cast) {
  if (!range.low && !range.high) return statement;
  append_text(statement, "\nWHERE (");
  if (range.low) {
    append_text(statement, fmt::format("{} >= ", key));
    append_value(statement, "penstock_low", *range.low, cast);
  }
  if (range.low && range.high) append_text(statement, " AND ");
  if (range.high) {
    append_text(statement, fmt::format("{} < ", key));
    append_value(statement, "penstock_high", *range.high, cast);
  }
  append_text(statement, range.nulls ? fmt::format(" OR {} IS NULL)", key) : ")");
  return statement;
}

bool has_word(std::string_view sql, std::string_view word) {
  if (word.empty()) return false;
  const std::string text = to_lower(sql);
  const std::string wanted = to_lower(word);
  for (std::size_t at = text.find(wanted); at != std::string::npos;
       at = text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    const bool begins = at == 0 || !in_word(text[at - 1]) || !in_word(wanted.front());
    const bool ends =
        end == text.size() || !in_word(text[end]) || !in_word(wanted.back());
    if (begins && ends) return true;
  }
  return false;
}

std::string quote_identifier(std::string_view name, char quote) {
  std::string quoted(1, quote);
  for (const char c : name) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

}  // namespace penstock
