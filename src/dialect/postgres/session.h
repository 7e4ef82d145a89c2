// What a session is set to before the first query, and the proof that it is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dialect/dialect.h"
#include "dialect/postgres/handles.h"

namespace penstock::postgres {

/// Runs one statement of ours, its parameters as text; throws what the server reports.
using Run =
    std::function<Result(const std::string& sql, const std::vector<std::string>& values)>;

/// Which version of the data a session sees.
struct Version {
  bool repeatable = false;  // one for the whole transaction, not one a statement
  std::string snapshot;     // another session's; empty: its own
};

/// Begins the transaction, read-only unless the session writes, sets its time limit and
/// what values are read by, and reads back whether it is read-only; all of it is LOCAL,
/// so that a pooler sees nothing of it. Throws Error{kDataSource} (RS-013, RS-014), and
/// Error{kRefused} for an account that may do too much, unless that was allowed.
void set_up_session(const Run& run, const Session& session, const Version& version,
                    const std::vector<Dsn::Setting>& settings);

/// All that the session's role may do beyond reading, a line each.
std::vector<std::string> account_of(const Run& run);

}  // namespace penstock::postgres
