// Files under no name.
#pragma once

#include <memory>
#include <string>

#include "sink/descriptor.h"

namespace penstock {

/// A new, empty file in `folder` that is gone when nobody has it open. Throws
/// Error{kOutput}.
std::unique_ptr<Descriptor> open_unnamed(const std::string& folder);

}  // namespace penstock
