// PostgreSQL through libpq, read-only.
#pragma once

#include <memory>

#include "dialect/dialect.h"

namespace penstock::postgres {

std::unique_ptr<Dialect> make_dialect();

}  // namespace penstock::postgres
