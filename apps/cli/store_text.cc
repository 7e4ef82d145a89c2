#include "cli/store_text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/terminal.h"
#include "cli/units.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFolderColor = "1;34";

std::string value_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  const auto* truth = std::get_if<bool>(&value);
  return truth != nullptr ? fmt::format("{}", *truth) : "null";
}

Json value_json(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  const auto* truth = std::get_if<bool>(&value);
  return truth != nullptr ? Json(*truth) : Json(nullptr);
}

std::string what_it_takes(const KeyParameter& parameter) {
  std::string text(to_string(parameter.type));
  std::vector<std::string> choices;
  for (const Value& value : parameter.choices) choices.push_back(value_text(value));
  if (!choices.empty()) text += fmt::format(": {}", fmt::join(choices, ", "));
  if (parameter.fallback)
    text += fmt::format(" (default {})", value_text(*parameter.fallback));
  return text;
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string time_text(StoreTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0)
    text += fmt::format(".{:06}", clock.subseconds().count());
  return text + "Z";
}

std::string aligned(const std::vector<std::vector<std::string>>& rows,
                    const std::vector<std::size_t>& right) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(
          static_cast<std::size_t>(widths[i] - display_width(row[i])), ' ');
      const bool to_right = std::find(right.begin(), right.end(), i) != right.end();
      line += (i == 0 ? "" : "  ") + (to_right ? blanks + row[i] : row[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string listing_text(const std::vector<StoreLine>& lines, bool details, bool color) {
  const auto name_of = [&](const StoreLine& line) {
    return line.file ? harmless(line.path)
                     : paint(harmless(line.path) + "/", kFolderColor, color);
  };
  std::string out;
  std::vector<std::vector<std::string>> rows;
  for (const StoreLine& line : lines) {
    const bool made = line.file && line.file->materialized;
    rows.push_back({made ? bytes_text(line.file->size) : "-",
                    made ? time_text(std::chrono::floor<std::chrono::seconds>(
                               line.file->modified_at))
                         : "-",
                    name_of(line)});
    if (!details) out += name_of(line) + "\n";
  }
  return details ? aligned(rows, {0}) : out;
}

std::string listing_json(const std::vector<StoreLine>& lines) {
  Json json = Json::array();
  for (const StoreLine& line : lines) {
    Json one{{"path", line.path}, {"type", line.file ? "file" : "folder"}};
    if (line.file) {
      one["size"] = line.file->size;
      one["modified_at"] = time_text(line.file->modified_at);
      one["materialized"] = line.file->materialized;
    }
    json.push_back(std::move(one));
  }
  return dumped(json);
}

namespace {

// Draws those of `paths` from `first` to `last`, which share the first `skip` bytes.
class Tree {
 public:
  explicit Tree(bool color) : color_(color) {}

  void draw(const std::vector<std::string>& paths, std::size_t first, std::size_t last,
            std::size_t skip, const std::string& indent) {
    while (first < last) {
      const auto slash = paths[first].find('/', skip);
      const bool is_folder = slash != std::string::npos;
      const std::string name =
          paths[first].substr(skip, is_folder ? slash - skip : std::string::npos);
      std::size_t next = first + 1;
      while (is_folder && next < last && paths[next].size() > slash &&
             paths[next].compare(skip, slash + 1 - skip, name + "/") == 0) {
        ++next;
      }
      const bool is_last = next == last;
      text += indent + (is_last ? "└── " : "├── ") +
              (is_folder ? paint(harmless(name) + "/", kFolderColor, color_)
                         : harmless(name)) +
              "\n";
      (is_folder ? folders : files) += 1;
      if (is_folder)
        draw(paths, first, next, slash + 1, indent + (is_last ? "    " : "│   "));
      first = next;
    }
  }

  std::string text;
  std::int64_t folders = 0;
  std::int64_t files = 0;

 private:
  const bool color_;
};

// Folders sort before what only begins like them: "a/b" before "a.csv".
bool by_segments(const std::string& a, const std::string& b) {
  const auto left = split(a, '/');
  const auto right = split(b, '/');
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(),
                                      right.end());
}

}  // namespace

std::string tree_text(const std::string& title, const std::vector<std::string>& paths,
                      std::size_t skip, bool color) {
  std::vector<std::string> sorted = paths;
  std::sort(sorted.begin(), sorted.end(), by_segments);
  Tree tree(color);
  tree.text = paint(harmless(title), kFolderColor, color) + "\n";
  tree.draw(sorted, 0, sorted.size(), skip, "");
  return fmt::format("{}\n{} {}, {} {}\n", tree.text, tree.folders,
                     tree.folders == 1 ? "folder" : "folders", tree.files,
                     tree.files == 1 ? "file" : "files");
}

std::string templates_text(const std::vector<const ManifestEntry*>& entries) {
  std::string out;
  for (const ManifestEntry* entry : entries) {
    out += harmless(entry->key) + "\n";
    if (!entry->description.empty())
      out += fmt::format("  {}\n", harmless(trim(entry->description)));
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, parameter] : entry->parameters) {
      const bool in_path = entry->key.find("{" + name + "}") != std::string::npos;
      rows.push_back(
          {fmt::format("  {}{}{}", in_path ? "{" : "?", name, in_path ? "}" : "="),
           harmless(what_it_takes(parameter)), harmless(trim(parameter.description))});
    }
    out += aligned(rows);
  }
  return out;
}

std::string templates_json(const std::vector<const ManifestEntry*>& entries) {
  Json json = Json::array();
  for (const ManifestEntry* entry : entries) {
    Json parameters = Json::array();
    for (const auto& [name, parameter] : entry->parameters) {
      Json one{{"name", name},
               {"in_path", entry->key.find("{" + name + "}") != std::string::npos},
               {"type", to_string(parameter.type)}};
      if (!parameter.choices.empty()) {
        one["choices"] = Json::array();
        for (const Value& value : parameter.choices)
          one["choices"].push_back(value_json(value));
      }
      if (parameter.fallback) one["default"] = value_json(*parameter.fallback);
      if (!parameter.description.empty()) one["description"] = parameter.description;
      parameters.push_back(std::move(one));
    }
    json.push_back({{"key", entry->key},
                    {"description", entry->description},
                    {"parameters", std::move(parameters)}});
  }
  return dumped(json);
}

}  // namespace penstock::cli
