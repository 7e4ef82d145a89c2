#include "cli/app.h"

#include "cli/commands.h"
#include "penstock/version.h"

namespace penstock::cli {

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> kCommands{
      &kFetch, &kQuery, &kRun,    &kStore,  &kValidate,
      &kPlan,  &kInit,  &kSchema, &kDoctor, &kCompletions};
  return kCommands;
}

const Command& command_named(std::string_view name) {
  for (const Command* const command : commands()) {
    if (command->name == name) return *command;
  }
  throw std::logic_error("a command that is not in the list");
}

std::unique_ptr<CLI::App> make_app(Options& options) {
  auto app = std::make_unique<CLI::App>(
      "The rows of a declared query, whole and exact, in one file", "penstock");
  app->set_help_flag("-h,--help", "show this help, or a command's");
  app->set_version_flag("--version", kVersion, "show the version");
  app->allow_extras()->require_subcommand(0, 1);
  for (const Command* const command : commands()) {
    CLI::App* const added = app->add_subcommand(command->name, command->description);
    command->flags(added, options);
    added->allow_extras();
    added->set_help_flag("-h,--help", "show this help")->group("Messages");
    added->callback([&options, added] {
      options.command = added->get_name();
      for (const CLI::Option* const option : added->get_options()) {
        if (option->count() > 0 && !option->get_positional())
          options.flags.push_back("--" + option->get_lnames().front());
      }
    });
  }
  return app;
}

}  // namespace penstock::cli
