// Files under no name.
#pragma once

#include <memory>
#include <string>

#include "penstock/environment.h"
#include "sink/descriptor.h"

namespace penstock {

/// Where what is only for a moment is kept: TMPDIR, else /tmp.
std::string temporary_folder(const Environment& environment);

/// A new, empty file in `folder` that is gone when nobody has it open. Throws
/// Error{kOutput}.
std::unique_ptr<Descriptor> open_unnamed(const std::string& folder);

}  // namespace penstock
