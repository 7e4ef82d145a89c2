// What a result depends on, as one name.
#pragma once

#include <optional>
#include <string>

#include "penstock/environment.h"
#include "penstock/store.h"

namespace penstock {

/// 64 hex digits: the hash of the database's place and account, the SQL, the parameters'
/// values, the type choices, the format and this program's version. Not of the password:
/// a hash of it would be worth stealing. Nothing if the DSN cannot be read.
std::optional<std::string> address_of(const StoreQuery& query,
                                      const Environment& environment);

}  // namespace penstock
