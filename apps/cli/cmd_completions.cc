#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/app.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

std::vector<const CLI::Option*> flags_of(const CLI::App& app) {
  return app.get_options(
      [](const CLI::Option* option) { return !option->get_positional(); });
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

bool takes_value(const CLI::Option& option) { return option.get_expected_max() > 0; }

bool takes_path(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "PATH" || type == "FILE";
}

// What may stand at an argument's place.
struct Place {
  std::string name;
  std::vector<std::string> words;
  bool file = false;
  bool repeated = false;
};

std::vector<Place> places_of(const CLI::App& command) {
  std::vector<Place> places;
  for (const CLI::Option* const option : command.get_options()) {
    if (!option->get_positional()) continue;
    Place place{to_lower(option->get_name()), choices_of(*option)};
    place.file = place.words.empty() && place.name != "key" && place.name != "sql";
    place.repeated = option->get_items_expected_max() > 1;
    places.push_back(std::move(place));
  }
  return places;
}

// How bash is to complete the value of a flag; "": not at all.
std::string bash_reply(const CLI::Option& option) {
  const auto words = choices_of(option);
  if (!words.empty()) return fmt::format("compgen -W '{}' --", fmt::join(words, " "));
  return takes_path(option) ? "compgen -f --" : "";
}

// "@file" stands for the names of files.
std::string bash_case(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : flags_of(command)) {
    for (const std::string& name : names_of(*option)) names.push_back(name);
  }
  std::vector<std::string> places;
  std::string rest;
  for (const Place& place : places_of(command)) {
    places.push_back(place.file ? "'@file'"
                                : fmt::format("'{}'", fmt::join(place.words, " ")));
    if (place.repeated) rest = "@file";
  }
  return fmt::format("    {}) flags='{}'; places=({}); rest='{}' ;;\n",
                     command.get_name(), fmt::join(names, " "), fmt::join(places, " "),
                     rest);
}

std::string bash(const CLI::App& app) {
  std::vector<std::string> commands;
  std::set<std::string> valued;
  std::string cases;
  std::string values;
  for (const CLI::App* const command : app.get_subcommands({})) {
    commands.push_back(command->get_name());
    cases += bash_case(*command);
    for (const CLI::Option* const option : flags_of(*command)) {
      if (!takes_value(*option)) continue;
      const std::string reply = bash_reply(*option);
      for (const std::string& name : names_of(*option)) {
        if (!valued.insert(name).second) continue;
        values +=
            fmt::format("    {}) COMPREPLY=({}); return ;;\n", name,
                        reply.empty() ? "" : fmt::format("$({} \"$current\")", reply));
      }
    }
  }
  return fmt::format(
      R"(# penstock: completions for bash. Load them with: source <(penstock completions bash)
_penstock() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} flags= rest= at=0 i
  local -a places=()
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$current")); return
  fi
  case $before in
{}  esac
  case ${{COMP_WORDS[1]}} in
{}  esac
  for ((i = 2; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {}) i=$((i + 1)) ;;
      -*) ;;
      *) at=$((at + 1)) ;;
    esac
  done
  case $current in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")); return ;;
  esac
  case ${{places[at]-$rest}} in
    @file) COMPREPLY=($(compgen -f -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "${{places[at]-}}" -- "$current")) ;;
  esac
}}
complete -o filenames -F _penstock penstock
)",
      fmt::join(commands, " "), values, cases, fmt::join(valued, "|"));
}

// For text between single quotes that _arguments will split at ':' and brackets.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh(const CLI::App& app) {
  std::string commands;
  std::string cases;
  for (const CLI::App* const command : app.get_subcommands({})) {
    commands += fmt::format("    '{}:{}'\n", command->get_name(),
                            zsh_text(command->get_description()));
    cases += fmt::format("    {})\n      _arguments \\\n", command->get_name());
    for (const CLI::Option* const option : flags_of(*command)) {
      const auto words = choices_of(*option);
      const std::string action = !words.empty()
                                     ? fmt::format("({})", fmt::join(words, " "))
                                 : takes_path(*option) ? "_files"
                                                       : "";
      const std::string value =
          takes_value(*option)
              ? fmt::format(":{}:{}", zsh_text(to_lower(option->get_type_name())), action)
              : "";
      for (const std::string& name : names_of(*option)) {
        cases += fmt::format("        '*{}[{}]{}' \\\n", name,
                             zsh_text(option->get_description()), value);
      }
    }
    int number = 0;
    for (const Place& place : places_of(*command)) {
      std::string action = place.file ? "_files" : "";
      if (!place.words.empty()) action = fmt::format("({})", fmt::join(place.words, " "));
      cases += fmt::format("        '{}:{}:{}' \\\n",
                           place.repeated ? "*" : std::to_string(++number), place.name,
                           action);
    }
    cases += "        ;;\n";
  }
  return fmt::format(R"(#compdef penstock
# penstock: completions for zsh. Load them with: source <(penstock completions zsh)
_penstock() {{
  local -a commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[show help]' '--version[show the version]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
if [ "$funcstack[1]" = "_penstock" ]; then _penstock "$@"; else compdef _penstock penstock; fi
)",
                     commands, cases);
}

std::string fish_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string fish(const CLI::App& app) {
  std::string out =
      "# penstock: completions for fish. Load them with: penstock completions fish | "
      "source\n"
      "complete -c penstock -n __fish_use_subcommand -f\n"
      "complete -c penstock -n __fish_use_subcommand -l help -d 'show help'\n"
      "complete -c penstock -n __fish_use_subcommand -l version -d 'show the version'\n";
  for (const CLI::App* const command : app.get_subcommands({})) {
    out += fmt::format("complete -c penstock -n __fish_use_subcommand -a {} -d '{}'\n",
                       command->get_name(), fish_text(command->get_description()));
    const std::string when = fmt::format(
        "complete -c penstock -n '__fish_seen_subcommand_from {}'", command->get_name());
    for (const CLI::Option* const option : flags_of(*command)) {
      out += when;
      for (const std::string& name : option->get_snames()) out += " -s " + name;
      for (const std::string& name : option->get_lnames()) out += " -l " + name;
      const auto words = choices_of(*option);
      if (takes_value(*option)) out += takes_path(*option) ? " -r -F" : " -x";
      if (!words.empty()) out += fmt::format(" -a '{}'", fmt::join(words, " "));
      out += fmt::format(" -d '{}'\n", fish_text(option->get_description()));
    }
    int typed = 1;  // words before the argument
    for (const Place& place : places_of(*command)) {
      ++typed;
      if (place.file) continue;
      out += fmt::format(
          "complete -c penstock -n '__fish_seen_subcommand_from {}; and test (count "
          "(commandline -opc)) -eq {}' -f",
          command->get_name(), typed);
      if (!place.words.empty())
        out += fmt::format(" -a '{}'", fmt::join(place.words, " "));
      out += "\n";
    }
  }
  return out;
}

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "SHELL", "bash, zsh, fish");
  add_messages(command, options, false);
}

std::string script_for(const std::string& shell) {
  Options unused;
  const auto app = make_app(unused);
  if (shell == "bash") return bash(*app);
  if (shell == "zsh") return zsh(*app);
  if (shell == "fish") return fish(*app);
  throw Error(Category::kUsage, "unknown_shell",
              fmt::format("no completions for '{}'", printable(shell, 40)),
              "known: bash, zsh, fish");
}

int run(const Options& options, const Context& /*context*/) {
  write_stdout(script_for(options.arguments.front()));
  return 0;
}

}  // namespace

const Command kCompletions{
    "completions", "Print a completion script for a shell", "SHELL", "bash", flags, run};

}  // namespace penstock::cli
