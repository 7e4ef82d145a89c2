#include "dialect/without_values.h"

#include <string>
#include <string_view>

#include "base/moments.h"
#include "base/redactor.h"
#include "columns/conversions.h"
#include "penstock/secret.h"

namespace penstock {
namespace {

// As a server would write it; nothing for what it writes in its own words.
std::string text_of_value(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return text_from_double(*real);
  if (const auto* date = std::get_if<Date>(&value)) return text_of(*date);
  if (const auto* time = std::get_if<DateTime>(&value)) return text_of(*time);
  return {};
}

bool is_one(std::string_view quoted, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (quoted == text) return true;
    if (quoted.size() >= Redactor::kLeastBytes && text.starts_with(quoted)) return true;
  }
  return false;
}

std::string without_quoted(std::string_view message,
                           const std::vector<std::string>& texts) {
  std::string out;
  while (!message.empty()) {
    const char quote = message.front();
    out += quote;
    message.remove_prefix(1);
    if (quote != '\'' && quote != '"') continue;
    // A value may hold the quote itself.
    for (auto end = message.find(quote); end != std::string_view::npos;
         end = message.find(quote, end + 1)) {
      if (!is_one(message.substr(0, end), texts)) continue;
      out += "***";
      message.remove_prefix(end);
      break;
    }
  }
  return out;
}

}  // namespace

Error without_values(const Error& error, const std::vector<Value>& values) {
  std::vector<std::string> texts;
  Redactor redactor;
  for (const Value& value : values) {
    std::string text = text_of_value(value);
    if (text.empty()) continue;
    redactor.add(Secret(text));
    texts.push_back(std::move(text));
  }
  return redactor(Error(error.category(), error.code(),
                        without_quoted(error.message(), texts),
                        without_quoted(error.hint(), texts), error.sqlstate()));
}

}  // namespace penstock
