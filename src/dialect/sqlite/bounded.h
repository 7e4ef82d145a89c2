// A connection whose every call ends when its time is over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dialect/dialect.h"

namespace penstock::sqlite {

/// A SqliteConnection on a thread of its own (worker.h).
std::unique_ptr<Connection> connect_bounded(const Target& target, const Session& session,
                                            const Wait& wait);

/// connect_to_one_version, each connection as above.
std::vector<std::unique_ptr<Connection>> connect_group_bounded(const Target& target,
                                                               const Session& session,
                                                               const Wait& wait,
                                                               std::int64_t count,
                                                               std::string* why);

}  // namespace penstock::sqlite
