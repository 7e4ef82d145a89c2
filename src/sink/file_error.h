// errno -> Error{kOutput}.
#pragma once

#include <string_view>

#include "penstock/error.h"

namespace penstock {

/// "cannot ACTION PATH: REASON", with a code by the kind of reason: output_full (ENOSPC,
/// EDQUOT), output_too_large (EFBIG), output_denied (EACCES, EPERM, EROFS), else
/// output_failed.
Error output_error(std::string_view action, std::string_view path, int error);

}  // namespace penstock
