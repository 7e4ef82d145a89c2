#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
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

}  // namespace

int init_command(const Options& options) {
  const std::string text =
      starter(options.arguments.empty() ? "recipe" : options.arguments.front());
  if (options.output && *options.output != "-") {
    write_new_file(*options.output, text);
  } else {
    write_stdout(text);
  }
  return 0;
}

int schema_command(const Options& options) {
  std::string schema = json_schema(options.arguments.front());
  if (!schema.ends_with('\n')) schema += '\n';
  write_stdout(schema);
  return 0;
}

int completions_command(const Options& options) {
  write_stdout(completion_script(options.arguments.front()));
  return 0;
}

}  // namespace penstock::cli
