// MySQL and MariaDB through libmariadb, read-only.
#pragma once

#include <memory>

#include "dialect/dialect.h"

namespace penstock::mysql {

std::unique_ptr<Dialect> make_dialect();

}  // namespace penstock::mysql
