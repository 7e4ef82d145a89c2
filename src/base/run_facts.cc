#include "base/run_facts.h"

#include <chrono>
#include <ctime>
#include <random>

#include <fmt/format.h>

namespace penstock {

std::string utc_now() {
  using std::chrono::milliseconds;
  const auto since_epoch =
      std::chrono::floor<milliseconds>(std::chrono::system_clock::now())
          .time_since_epoch()
          .count();
  const std::time_t seconds = static_cast<std::time_t>(since_epoch / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                     parts.tm_sec, since_epoch % 1000);
}

std::string new_run_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace penstock
