#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/app.h"
#include "cli/commands.h"
#include "penstock/version.h"

namespace penstock::cli {
namespace {

// Fixed, not the terminal's: the text is compared with docs/reference/cli.md.
constexpr std::size_t kWidth = 90;

constexpr const char kFooter[] = R"(
Data goes to standard output, all else to standard error: text on a terminal, else JSON lines.

Exit codes:
  0    done; or another run holds the output (6 with --fail-on-busy)
  1    unexpected: a defect
  2    the recipe, the command line, a parameter, a missing column
  3    the data source: refused, unreachable, failed, timed out, past a cap
  5    the output could not be written
  6    another run holds the output
  8    the configuration of the program itself
  130  interrupted; 143 terminated; 141 the reader of a pipe went away

Environment (each also as RECOTEM_*, where PENSTOCK_* is not set):
  PENSTOCK_MAX_SQL_ROWS       rows of a result, at most (50000000)
  PENSTOCK_SQL_ALLOW_PRIVATE  1: databases on private addresses may be dialled
  PENSTOCK_LOG_FORMAT         auto, text, json
  NO_COLOR                    no colour on a terminal
)";

std::string names_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name();
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (!option.get_type_name().empty() && option.get_expected_max() > 0) {
    text += " " + option.get_type_name();
  }
  return text;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

// Breaks `text` at blanks so that it fits beside a left column.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::size_t length = end - at;
    if (column > indent && column + 1 + length > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(at, length);
    column += length;
    at = end + 1;
  }
  return out;
}

std::string table(const Rows& rows, std::size_t left) {
  std::string out;
  for (const auto& [name, help] : rows) {
    out += fmt::format("  {:<{}}  {}\n", name, left, wrapped(help, left + 4));
  }
  return out;
}

std::size_t widest(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  return width;
}

std::string program_help(const CLI::App& app) {
  Rows commands;
  for (const CLI::App* const command : app.get_subcommands({})) {
    commands.emplace_back(command->get_name(), command->get_description());
  }
  Rows options;
  for (const CLI::Option* const option : app.get_options()) {
    options.emplace_back(names_of(*option), option->get_description());
  }
  const std::size_t left = std::max(widest(commands), widest(options));
  return fmt::format(
      "penstock {}: {}.\n\nUsage: penstock COMMAND "
      "[OPTION]...\n\nCommands:\n{}\nOptions:\n{}"
      "\nThe options of a command: penstock COMMAND --help\n{}",
      kVersion, "the rows of a declared query, whole and exact, in one file",
      table(commands, left), table(options, left), kFooter);
}

std::string command_help(const CLI::App& app) {
  std::vector<std::pair<std::string, Rows>> groups;
  for (const CLI::Option* const option : app.get_options()) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) {
      return known.first == option->get_group();
    });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), {option->get_group(), Rows{}});
    }
    group->second.emplace_back(names_of(*option), option->get_description());
  }

  // What a command takes comes first, what it says last.
  const auto rank = [](const std::string& group) {
    constexpr std::array kOrder{"Arguments", "Input",   "Inputs", "Parameters",
                                "Listing",   "Output",  "Limits", "Types",
                                "Lock",      "Messages"};
    return std::find(kOrder.begin(), kOrder.end(), group) - kOrder.begin();
  };
  std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
    return rank(a.first) < rank(b.first);
  });
  std::size_t left = 0;
  for (const auto& group : groups) left = std::max(left, widest(group.second));
  const std::string_view usage = command_named(app.get_name()).usage;
  std::string out =
      fmt::format("{}.\n\nUsage: penstock {} [OPTION]...{}{}\n", app.get_description(),
                  app.get_name(), usage.empty() ? "" : " ", usage);
  for (const auto& [name, rows] : groups) {
    out += fmt::format("\n{}:\n{}", name, table(rows, left));
  }
  return out;
}

}  // namespace

std::string help_text(const CLI::App& app) {
  return app.get_parent() == nullptr ? program_help(app) : command_help(app);
}

}  // namespace penstock::cli
