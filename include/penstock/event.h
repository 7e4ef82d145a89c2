// Stage: base. What a run tells its host while it works: a stable name and a few fields.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "penstock/value.h"

namespace penstock {

struct Event {
  enum class Level { kDebug, kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string name;  // stable: "sql_fetch_complete", "recipe_env_var_empty", ...
  std::vector<std::pair<std::string, Value>> fields;
};

/// Called on the thread that runs the fetch, one event at a time. May be empty. Must not
/// throw.
using Events = std::function<void(const Event&)>;

}  // namespace penstock
