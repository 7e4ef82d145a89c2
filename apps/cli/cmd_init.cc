#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace penstock::cli {
namespace {

void write_new_file(const std::string& path, std::string_view text) {
  const auto failed = [&](int error) {
    return Error(
        Category::kOutput, "output_not_written",
        fmt::format("cannot write '{}': {}", printable(path), std::strerror(error)));
  };
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST) {
    throw Error(Category::kOutput, "output_exists",
                fmt::format("'{}' exists; init never overwrites a file", printable(path)),
                "give another path");
  }
  if (descriptor < 0) throw failed(errno);
  int error = 0;
  while (!text.empty() && error == 0) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0) return;
  unlink(path.c_str());
  throw failed(error);
}

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "KIND", "recipe (default), task, manifest");
  add_text(
      command, "-o,--output", "PATH",
      [&options](const std::string& value) { options.output = value; },
      "a new file; otherwise standard output", "Output");
  add_messages(command, options, false);
}

int run(const Options& options, const Context& /*context*/) {
  const std::string text =
      starter(options.arguments.empty() ? "recipe" : options.arguments.front());
  if (options.output && *options.output != "-") {
    write_new_file(*options.output, text);
  } else {
    write_stdout(text);
  }
  return 0;
}

}  // namespace

const Command kInit{"init", "Write a commented starter", "[KIND]", nullptr, flags, run};

}  // namespace penstock::cli
