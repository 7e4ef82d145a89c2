#include "cli/options.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/app.h"
#include "cli/commands.h"
#include "penstock/error.h"
#include "penstock/version.h"

namespace penstock::cli {
namespace {

// CLI11 reports a bad option after the good ones; which form its message takes must be
// known before.
LogFormat requested_log_format(int argc, const char* const* argv) {
  constexpr std::string_view kFlag = "--log-format";
  std::string_view value;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == kFlag && i + 1 < argc) value = argv[i + 1];
    if (argument.starts_with("--log-format=")) value = argument.substr(kFlag.size() + 1);
  }
  return value == "json"   ? LogFormat::kJson
         : value == "text" ? LogFormat::kText
                           : LogFormat::kAuto;
}

// An argument that nothing asked for may be a DSN or a password: only what looks like a
// flag or a word is repeated.
std::string shown(std::string_view argument) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const std::string_view name = argument.substr(0, argument.find('='));
  const bool flag = name.starts_with('-');
  const std::string_view repeated = flag ? name : argument;
  if (repeated.find_first_not_of(kWord) != std::string_view::npos ||
      repeated.size() > 40) {
    return "";
  }
  return fmt::format(" '{}'", repeated);
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* const option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands({}))
    names.push_back(command->get_name());
  return names;
}

Error unexpected_argument(const CLI::App& app, const std::vector<std::string>& extras,
                          const CLI::App* command) {
  const auto flag = std::find_if(extras.begin(), extras.end(), [](const auto& extra) {
    return extra.starts_with('-');
  });
  const std::string& extra = flag != extras.end() ? *flag : extras.front();
  const std::string name = extra.substr(0, extra.find('='));
  if (command == nullptr) {
    const bool is_flag = flag != extras.end();
    return {
        Category::kUsage, is_flag ? "unknown_option" : "unknown_command",
        fmt::format("unknown {}{}", is_flag ? "option" : "command", shown(extra)),
        is_flag ? "penstock --help lists the commands" : suggest(name, commands_of(app))};
  }
  if (flag == extras.end()) {
    return {Category::kUsage, "unexpected_argument",
            fmt::format("unexpected argument{} for 'penstock {}'", shown(extra),
                        command->get_name()),
            fmt::format("penstock {} --help shows what it takes", command->get_name())};
  }
  const std::string near = nearest(name, flags_of(*command));
  return {Category::kUsage, "unknown_option",
          fmt::format("unknown option{} for 'penstock {}'", shown(extra),
                      command->get_name()),
          !near.empty()
              ? fmt::format("did you mean '{}'?", near)
              : fmt::format("penstock {} --help lists them", command->get_name())};
}

// CLI11's own words may hold a value; of them only the option's name, which comes first,
// is repeated.
Error usage_error(const CLI::ParseError& error) {
  const std::string what = error.what();
  const std::string name = what.substr(0, what.find_first_of(": "));
  if (name.starts_with("--") && what.ends_with("missing")) {
    return {Category::kUsage, "missing_value", fmt::format("{} needs a value", name)};
  }
  if (name.starts_with("--") && what.find("At Most") != std::string::npos) {
    return {Category::kUsage, "repeated_option",
            fmt::format("{} is given more than once", name)};
  }
  return {Category::kUsage, "usage", "the command line cannot be understood",
          "penstock --help shows what it takes"};
}

void require_arguments(const Options& options, const CLI::App& command) {
  const char* const example = command_named(options.command).example;
  if (example == nullptr || !options.arguments.empty()) return;
  const auto positional = command.get_options(
      [](const CLI::Option* option) { return option->get_positional(); });
  throw Error(Category::kUsage, "missing_argument",
              fmt::format("'penstock {}' needs a {}", options.command,
                          positional.front()->get_name()),
              fmt::format("penstock {} {}", options.command, example));
}

}  // namespace

std::variant<Options, HelpText> parse_command_line(int argc, const char* const* argv,
                                                   Messages& messages) {
  Options options;
  options.messages.format = requested_log_format(argc, argv);
  if (options.messages.format != LogFormat::kAuto) messages.configure(options.messages);
  const auto app = make_app(options);
  const auto parsed_command = [&app]() -> const CLI::App* {
    const auto parsed = app->get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
  };
  try {
    app->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return HelpText{help_text(parsed_command() != nullptr ? *parsed_command() : *app)};
  } catch (const CLI::CallForVersion&) {
    return HelpText{fmt::format("penstock {}\n", kVersion)};
  } catch (const CLI::ParseError& error) {
    throw usage_error(error);
  }
  const CLI::App* const command = parsed_command();
  if ((*app)["--version"]->count() > 0)
    return HelpText{fmt::format("penstock {}\n", kVersion)};
  const auto extras = app->remaining(true);
  if (!extras.empty()) throw unexpected_argument(*app, extras, command);
  if (command == nullptr) {
    throw Error(Category::kUsage, "no_command", "no command given",
                "penstock --help lists the commands");
  }
  require_arguments(options, *command);
  return options;
}

}  // namespace penstock::cli
