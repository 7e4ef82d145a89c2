#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::array<std::string_view, 4> kSettings{"jit", "lock_timeout", "search_path",
                                                    "work_mem"};

[[noreturn]] void refuse(const Dsn& dsn, std::string_view what) {
  throw Error(Category::kDataSource, "dsn_option",
              fmt::format("{} has options that {}", dsn.place(), what),
              fmt::format("allowed: -c NAME=VALUE, where NAME is one of {}",
                          fmt::join(kSettings, ", ")));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size();
    const bool blank = std::string_view(" \t\n\v\f\r").find(text[i]) != text.npos;
    if (blank && !escaped) {
      open = false;
      continue;
    }
    if (!open) words.emplace_back();
    open = true;
    words.back() += text[escaped ? ++i : i];
  }
  return words;
}

Dsn::Setting setting_of(const Dsn& dsn, std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) refuse(dsn, "are not of the form -c NAME=VALUE");
  std::string name = to_lower(text.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  if (std::find(kSettings.begin(), kSettings.end(), name) == kSettings.end()) {
    refuse(dsn, fmt::format("set '{}', which is not allowed", safe_option_name(name)));
  }
  return {std::move(name), std::string(text.substr(equals + 1))};
}

}  // namespace

void apply_settings(Dsn* dsn) {
  const std::vector<std::string> words = words_of(dsn->option("options"));
  for (auto word = words.begin(); word != words.end(); ++word) {
    const bool apart = *word == "-c" && word + 1 != words.end();
    if (!apart && !word->starts_with("-c") && !word->starts_with("--"))
      refuse(*dsn, "are not of the form -c NAME=VALUE");
    dsn->settings.push_back(
        setting_of(*dsn, apart ? *++word : std::string_view(*word).substr(2)));
  }
  dsn->options.erase("options");
}

}  // namespace penstock
