#include "penstock/secrets.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/command.h"
#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024;
constexpr std::chrono::seconds kCommandTime{30};

std::vector<std::string> parts_of(const SecretRef& ref) {
  std::vector<std::string> parts;
  for (const std::string& part : {ref.group, ref.version, ref.key}) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

std::string setting(const Environment& environment, std::string_view name,
                    std::string_view otherwise) {
  return environment.get(name).value_or(std::string(otherwise));
}

std::string words_only(std::string name) {
  for (char& c : name) {
    const bool word = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!word) c = '_';
  }
  return name;
}

std::optional<Secret> read_secret_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  std::string text;
  int error = file < 0 ? errno : 0;
  struct stat facts{};
  if (error == 0 && (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)))
    error = EINVAL;
  char buffer[4096];
  while (error == 0 && text.size() <= kMostBytes) {
    const ssize_t got = ::read(file, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  if (file >= 0) ::close(file);
  if (error == 0 && text.size() <= kMostBytes) return Secret(std::string(trim(text)));
  throw Error(Category::kTask, "task_secret_unreadable",
              fmt::format("the secret file '{}' cannot be read: {}", printable(path),
                          error != 0 ? std::strerror(error) : "it is larger than 64 KiB"),
              "it must be a regular file that this account may read");
}

std::string shown(const SecretRef& ref) {
  return ref.group.empty() ? fmt::format("key '{}'", printable(ref.key, 60))
                           : fmt::format("group '{}', key '{}'", printable(ref.group, 60),
                                         printable(ref.key, 60));
}

Secret secret_of_command(const SecretRef& ref, const std::stop_token& stop) {
  CommandResult result =
      run_command(ref.command, kMostBytes, Deadline::after(kCommandTime), stop);
  if (result.end == CommandEnd::kStopped)
    throw Error(Category::kInterrupted, "interrupted", "interrupted");
  Secret secret(std::move(result.output));
  if (result.end == CommandEnd::kDone) {
    std::string_view text = secret.reveal();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
      text.remove_suffix(1);
    if (!text.empty()) return Secret(std::string(text));
  }
  const std::string how =
      result.end == CommandEnd::kNotStarted ? std::strerror(result.status)
      : result.end == CommandEnd::kFailed ? fmt::format("it ended with {}", result.status)
      : result.end == CommandEnd::kTimeout ? "it took longer than 30 seconds"
      : result.end == CommandEnd::kTooLong ? "it printed more than 64 KiB"
                                           : "it printed nothing";
  // Its arguments may be secret, too.
  throw Error(Category::kTask, "task_secret_command",
              fmt::format("the secret's command '{}' gave none: {}",
                          printable(ref.command.front(), 120), how),
              "run it by hand; its standard output must be the secret alone");
}

}  // namespace

SecretProvider environment_secrets(const Environment& environment) {
  return [environment](const SecretRef& ref) -> std::optional<Secret> {
    const std::string name = to_upper(fmt::format("{}", fmt::join(parts_of(ref), "_")));
    const std::string prefix = setting(environment, "FLYTE_SECRETS_ENV_PREFIX", "_FSEC_");
    // A '-' in a variable's name is possible, and out of a shell's reach.
    for (const std::string& variable : {"PENSTOCK_SECRET_" + words_only(name),
                                        prefix + name, prefix + words_only(name)}) {
      if (auto value = environment.get(variable)) return Secret(std::move(*value));
    }
    return std::nullopt;
  };
}

SecretProvider file_secrets(const Environment& environment) {
  return [environment](const SecretRef& ref) {
    std::vector<std::string> parts = parts_of(ref);
    for (std::string& part : parts) part = to_lower(part);
    parts.back() = setting(environment, "FLYTE_SECRETS_FILE_PREFIX", "") + parts.back();
    const std::string folder =
        setting(environment, "FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets");
    return read_secret_file(fmt::format("{}/{}", folder, fmt::join(parts, "/")));
  };
}

std::vector<SecretProvider> default_secret_providers(const Environment& environment) {
  return {environment_secrets(environment), file_secrets(environment)};
}

Secret resolve_secret(const SecretRef& ref, const std::vector<SecretProvider>& providers,
                      const std::stop_token& stop) {
  if (!ref.command.empty()) return secret_of_command(ref, stop);
  for (const SecretProvider& provider : providers) {
    if (auto secret = provider(ref)) return std::move(*secret);
  }
  const std::string name =
      words_only(to_upper(fmt::format("{}", fmt::join(parts_of(ref), "_"))));
  throw Error(
      Category::kTask, "task_secret_missing",
      fmt::format("there is no secret {}", shown(ref)),
      fmt::format("set PENSTOCK_SECRET_{0} or _FSEC_{0}, or mount the file "
                  "/etc/secrets/{1}",
                  name, to_lower(fmt::format("{}", fmt::join(parts_of(ref), "/")))));
}

}  // namespace penstock
