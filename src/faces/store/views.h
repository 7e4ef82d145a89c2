// Keys of the views that a database lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "penstock/engine.h"

namespace penstock {

inline constexpr std::string_view kViewsFolder = "views";

/// views/<schema>/<view>.parquet, with `%`, `/`, `?`, control characters and names of
/// dots alone percent-encoded.
std::string key_of_view(const View& view);

}  // namespace penstock
