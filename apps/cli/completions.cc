#include "cli/completions.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
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

// The words a command's argument may be; empty: a file.
std::vector<std::string> argument_words(const CLI::App& command) {
  for (const CLI::Option* const option : command.get_options()) {
    if (option->get_positional()) return choices_of(*option);
  }
  return {};
}

std::string bash(const CLI::App& app) {
  std::vector<std::string> commands;
  std::string cases;
  std::string values;
  for (const CLI::App* const command : app.get_subcommands({})) {
    commands.push_back(command->get_name());
    std::vector<std::string> names;
    for (const CLI::Option* const option : flags_of(*command)) {
      for (const std::string& name : names_of(*option)) names.push_back(name);
      if (!takes_value(*option)) continue;
      const auto words = choices_of(*option);
      const std::string reply =
          !words.empty()        ? fmt::format("compgen -W '{}' --", fmt::join(words, " "))
          : takes_path(*option) ? "compgen -f --"
                                : "";
      for (const std::string& name : names_of(*option)) {
        const std::string line =
            fmt::format("    {}) COMPREPLY=({}); return ;;\n", name,
                        reply.empty() ? "" : fmt::format("$({} \"$current\")", reply));
        if (values.find(line) == std::string::npos) values += line;
      }
    }
    const auto words = argument_words(*command);
    cases += fmt::format("    {}) flags='{}'; words='{}' ;;\n", command->get_name(),
                         fmt::join(names, " "), fmt::join(words, " "));
  }
  return fmt::format(
      R"(# penstock: completions for bash. Load them with: source <(penstock completions bash)
_penstock() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} flags= words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$current")); return
  fi
  case $before in
{}  esac
  case ${{COMP_WORDS[1]}} in
{}  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
       else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}}
complete -o filenames -F _penstock penstock
)",
      fmt::join(commands, " "), values, cases);
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
    const auto words = argument_words(*command);
    cases += words.empty()
                 ? "        '*:file:_files' ;;\n"
                 : fmt::format("        '1:word:({})' ;;\n", fmt::join(words, " "));
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
    const auto words = argument_words(*command);
    if (!words.empty())
      out += fmt::format("{} -f -a '{}'\n", when, fmt::join(words, " "));
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return bash(app);
  if (shell == "zsh") return zsh(app);
  if (shell == "fish") return fish(app);
  throw Error(Category::kUsage, "unknown_shell",
              fmt::format("no completions for '{}'", printable(shell, 40)),
              "known: bash, zsh, fish");
}

}  // namespace penstock::cli
