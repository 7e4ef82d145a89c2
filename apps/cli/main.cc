// The program: translate in, call, translate out.

#include <optional>
#include <string>
#include <unistd.h>
#include <variant>

#include "base/process.h"
#include "cli/commands.h"
#include "cli/report_errors.h"
#include "cli/signals.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

int run(int argc, char** argv, const Environment& environment, Messages& messages,
        const Signals& signals) {
  std::optional<Error> bad_environment;
  try {
    messages.configure({log_format_of(environment)});
  } catch (const Error& error) {
    bad_environment = error;
  }
  auto parsed = parse_command_line(argc, argv, messages);
  if (const auto* const help = std::get_if<HelpText>(&parsed)) {
    write_stdout(help->text);
    return 0;
  }
  auto& options = std::get<Options>(parsed);
  if (options.messages.format == LogFormat::kAuto && !bad_environment) {
    options.messages.format = log_format_of(environment);
  }
  messages.configure(options.messages);
  // Told even where a flag wins, not left for the day the flag is gone. `doctor` shows it
  // itself.
  if (bad_environment && options.command != "doctor") throw *bad_environment;
  const Terminal out = terminal_of(STDOUT_FILENO, environment);
  return command_named(options.command)
      .run(options, {environment, out, messages, signals.stop()});
}

}  // namespace
}  // namespace penstock::cli

int main(int argc, char** argv) {
  using namespace penstock;
  using namespace penstock::cli;
  forbid_core_dumps();
  const Environment environment = Environment::of_process();
  const std::string secrets = environment.get("FLYTE_SECRETS_ENV_PREFIX").value_or("");
  overwrite_environment({"PENSTOCK_", "RECOTEM_", "_FSEC_"});
  if (!secrets.empty()) overwrite_environment({secrets});
  remove_driver_variables();
  const Signals signals;
  Messages messages(terminal_of(STDERR_FILENO, environment), Redactor::of(environment));
  try {
    return run(argc, argv, environment, messages, signals);
  } catch (...) {
    return report_error(as_error(std::current_exception(), signals.received()), messages);
  }
}
