#include "cli/input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/engine.h"
#include "penstock/error.h"
#include "sink/descriptor.h"

namespace penstock::cli {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

std::string shown(const std::string& path) {
  return path == "-" ? "standard input" : fmt::format("'{}'", printable(path));
}

Error unreadable(const std::string& path, int error) {
  return {Category::kRecipe, "unreadable_file",
          fmt::format("cannot read {}: {}", shown(path), std::strerror(error))};
}

std::int64_t lower(std::int64_t cap, std::optional<std::int64_t> flag) {
  if (!flag) return cap;
  return cap == 0 ? *flag : std::min(cap, *flag);
}

}  // namespace

std::string read_text(const std::string& path, const std::stop_token& stop) {
  if (path.find("://") != std::string::npos) {
    throw Error(Category::kUsage, "url_for_path",
                "a file's path is needed, not a URL or a DSN",
                "the DSN stands in the environment variable that the recipe names");
  }
  // A FIFO without a writer must not hang the open; reads wait below, where a stop can
  // end them.
  const Descriptor file(
      path == "-" ? -1
                  : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const int descriptor = path == "-" ? STDIN_FILENO : file.get();
  if (descriptor < 0) throw unreadable(path, errno);
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    if (stop.stop_requested())
      throw Error(Category::kInterrupted, "interrupted", "interrupted");
    pollfd wait{descriptor, POLLIN, 0};
    if (poll(&wait, 1, 100) == 0) continue;
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw unreadable(path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostBytes) {
      throw Error(Category::kRecipe, "file_too_large",
                  fmt::format("{} is larger than 16 MiB", shown(path)));
    }
  }
}

namespace {

void tell(const std::vector<std::string>& warnings, const Context& context) {
  for (const std::string& warning : warnings) {
    context.messages.event(
        {Event::Level::kWarning, "recipe_unknown_key", {{"message", warning}}});
  }
}

}  // namespace

Recipe recipe_of(const std::string& text, const std::string& path,
                 const Context& context) {
  Recipe recipe = parse_recipe(
      text, path, [&](const std::string& file) { return read_text(file, context.stop); });
  tell(recipe.warnings, context);
  return recipe;
}

Recipe load_recipe(const std::string& path, const Context& context) {
  return recipe_of(read_text(path, context.stop), path, context);
}

Manifest manifest_of(const std::string& text, const std::string& path,
                     const Context& context) {
  Manifest manifest = parse_manifest(
      text, path, [&](const std::string& file) { return read_text(file, context.stop); });
  tell(manifest.warnings, context);
  return manifest;
}

Manifest load_manifest(const std::string& path, const Context& context) {
  return manifest_of(read_text(path, context.stop), path, context);
}

Params resolve_parameters(const Recipe& recipe, const Options& options,
                          const Context& context) {
  Recipe rest = recipe;
  for (const auto& [name, value] : options.parameters) rest.parameters.erase(name);
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto given = options.variables.find(std::string(name));
    return given != options.variables.end() ? given->second
                                            : context.environment.get(name);
  };
  Params params = expand_parameters(rest, lookup, events_to(context.messages));
  params.insert(options.parameters.begin(), options.parameters.end());
  return params;
}

Events events_to(Messages& messages) {
  return [&messages](const Event& event) { messages.event(event); };
}

Engine make_engine(const Context& context) {
  return Engine(context.environment, events_to(context.messages));
}

void apply_flags(const Options& options, Query& query) {
  query.limits.rows = lower(query.limits.rows, options.max_rows);
  query.limits.bytes = lower(query.limits.bytes, options.max_bytes);
  query.batch.rows = options.batch_rows.value_or(query.batch.rows);
  query.batch.bytes = options.batch_bytes.value_or(query.batch.bytes);
  query.types.on_lossy = options.on_lossy.value_or(query.types.on_lossy);
  if (options.numeric) query.types.numeric = options.numeric;
  query.partition.count = options.partitions.value_or(query.partition.count);
  if (options.partition_on && *options.partition_on != query.partition.column) {
    query.partition.column = *options.partition_on;
    query.partition.range.reset();  // it was the other column's
  }
  if (options.partition_on && !options.partitions && query.partition.count == 1) {
    throw Error(Category::kUsage, "missing_option", "--partition-on needs --partitions N",
                "for instance --partitions 4");
  }
}

}  // namespace penstock::cli
