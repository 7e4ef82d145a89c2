// What several sessions see each in its own way, though they share a snapshot.
#pragma once

#include <string>

#include "declare/statement.h"
#include "dialect/postgres/session.h"

namespace penstock::postgres {

/// Why sessions of one snapshot cannot be shown to see the same rows of `statement`,
/// which must have been prepared in this transaction; empty if nothing speaks against it.
/// Looks at the text, at the views and policies that it reads through, and at what is no
/// table. A name is found wherever it stands as a word, so there may be no reason to it,
/// but none is missed.
std::string why_unstable(const Run& run, const Statement& statement);

}  // namespace penstock::postgres
