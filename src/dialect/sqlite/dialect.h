// SQLite, read-only.
#pragma once

#include <memory>

#include "dialect/dialect.h"

namespace penstock::sqlite {

std::unique_ptr<Dialect> make_dialect();

}  // namespace penstock::sqlite
