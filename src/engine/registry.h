// The dialects of this build. The only place that names them.
#pragma once

#include <memory>
#include <vector>

#include "dialect/dialect.h"
#include "guard/dsn.h"

namespace penstock {

/// All of them, in the order of their names. Immutable, thread-safe.
const std::vector<std::unique_ptr<Dialect>>& dialects();

/// Throws Error{kDataSource}, code "missing_driver", for a dialect this build was made
/// without (RS-012).
const Dialect& dialect_for(const Dsn& dsn);

}  // namespace penstock
