// Stage: base. The version this build calls itself.
#pragma once

namespace penstock {

/// "MAJOR.MINOR.PATCH", from the project() line of CMakeLists.txt.
inline constexpr const char kVersion[] = PENSTOCK_VERSION;

}  // namespace penstock
