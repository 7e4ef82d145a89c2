#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <unistd.h>

#include <arrow/util/compression.h>
#include <arrow/util/config.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "penstock/engine.h"
#include "penstock/error.h"
#include "penstock/version.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

// Of the codecs a user may name, those that Arrow was built with.
std::vector<std::string> codecs() {
  std::vector<std::string> found;
  for (const char* const name : {"snappy", "gzip", "brotli", "zstd", "lz4"}) {
    const auto type = arrow::util::Codec::GetCompressionType(name);
    if (type.ok() && arrow::util::Codec::IsAvailable(*type)) found.emplace_back(name);
  }
  return found;
}

std::string folder_for_temporaries(const Environment& environment) {
  const std::string folder = environment.get("TMPDIR").value_or("");
  return folder.empty() ? "/tmp" : folder;
}

// The reason why no file can be made there; empty: it can.
std::string why_not_writable(const std::string& folder) {
  std::string path = folder + "/penstock-doctor-XXXXXX";
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) return std::strerror(errno);
  close(descriptor);
  unlink(path.c_str());
  return {};
}

struct Findings {
  std::map<std::string, std::string> dialects = Engine::dialects();
  std::vector<std::string> codecs = cli::codecs();
  std::vector<Environment::Control> controls;  // set ones, the winner of each pair
  std::string temporaries;
  std::string temporaries_problem;
  std::optional<Error> configuration;
};

Findings examine(const Context& context) {
  Findings found;
  for (const char* const suffix : {"MAX_SQL_ROWS", "SQL_ALLOW_PRIVATE", "LOG_FORMAT"}) {
    if (auto control = context.environment.control(suffix)) {
      found.controls.push_back(*std::move(control));
    }
  }
  try {
    log_format_of(context.environment);
    make_engine(context);
  } catch (const Error& error) {
    found.configuration = error;
  }
  found.temporaries = folder_for_temporaries(context.environment);
  found.temporaries_problem = why_not_writable(found.temporaries);
  return found;
}

std::string json_of(const Findings& found, const Context& context) {
  Json controls = Json::object();
  for (const auto& control : found.controls) controls[control.name] = control.value;
  const Json json{
      {"version", kVersion},
      {"arrow", ARROW_VERSION_STRING},
      {"dialects", found.dialects},
      {"codecs", found.codecs},
      {"controls", controls},
      {"problem",
       found.configuration ? Json(found.configuration->message()) : Json(nullptr)},
      {"temporary_folder", found.temporaries},
      {"temporary_folder_writable", found.temporaries_problem.empty()},
      {"terminal",
       {{"stdout", context.out.is_terminal},
        {"stderr", context.messages.terminal().is_terminal}}},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string terminal_text(const Terminal& terminal) {
  if (!terminal.is_terminal) return "not a terminal";
  return fmt::format("terminal, {} columns, {}", terminal.columns,
                     terminal.color ? "colour" : "no colour");
}

std::string text_of(const Findings& found, const Context& context) {
  std::string out;
  const auto line = [&](std::string_view name, std::string_view value) {
    const std::string padded = fmt::format("{:<14}", name);
    out += fmt::format("{}{}\n", paint(padded, "1", context.out.color), harmless(value));
  };
  line("penstock", kVersion);
  line("Arrow", ARROW_VERSION_STRING);
  for (const auto& [dialect, version] : found.dialects) line(dialect, version);
  for (const char* const dialect : {"mysql", "postgresql"}) {
    if (!found.dialects.contains(dialect)) line(dialect, "not in this build");
  }
  line("codecs", fmt::format("{}", fmt::join(found.codecs, ", ")));
  line("temporaries",
       found.temporaries_problem.empty()
           ? found.temporaries
           : fmt::format("{}: {}", found.temporaries, found.temporaries_problem));
  line("stdout", terminal_text(context.out));
  line("stderr", terminal_text(context.messages.terminal()));
  if (found.controls.empty()) line("environment", "no control variable is set");
  for (const auto& control : found.controls) {
    line("environment", fmt::format("{}={}", control.name, control.value));
  }
  return out;
}

void flags(CLI::App* command, Options& options) {
  add_json(command, options);
  add_messages(command, options, false);
}

int run(const Options& options, const Context& context) {
  const Findings found = examine(context);
  write_stdout(options.json ? json_of(found, context) : text_of(found, context));
  if (found.configuration) throw *found.configuration;
  return 0;
}

}  // namespace

const Command kDoctor{
    "doctor", "Show what this build and this machine can do", "", nullptr, flags, run};

}  // namespace penstock::cli
