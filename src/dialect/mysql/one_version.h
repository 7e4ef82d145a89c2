// Sessions that see one version of the data.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.h"

namespace penstock::mysql {

/// Whether the identifier `name` may stand in `sql`: as a word, in any case of ASCII,
/// also where it is only a text or a comment; true for a name beyond ASCII. Never false
/// for a name that the server would find. Pure.
bool may_name(std::string_view sql, std::string_view name);

/// What in `sql` makes each session take rows of its own, or rows of no snapshot:
/// "LIMIT", "RAND", "FOR UPDATE", "CONNECTION_ID". Empty if nothing does. Pure, and
/// cautious as may_name.
std::string_view unstable_word(std::string_view sql);

/// At most `partition.count` sessions in transactions that see one version of all tables
/// that `statement` names, and all of them one time (NOW()); `why` not more.
///
/// While a further, short-lived session holds LOCK TABLES ... READ on them, each session
/// begins its transaction WITH CONSISTENT SNAPSHOT; then the lock is given back. That
/// lock waits until no transaction with changes to these tables is open, and lets none
/// begin, also by the cascade of a foreign key: between the first and the last of the
/// snapshots nothing is committed to them. It holds up writers of these tables for one
/// round trip, and nobody while it waits. FLUSH TABLES WITH READ LOCK would hold up every
/// writer of the server, and in MySQL leaves readers waiting for a table that is read for
/// long, even where it was given up. LOCK INSTANCE FOR BACKUP does not stop commits.
///
/// Tables that InnoDB does not keep have no snapshot, views and functions read what the
/// text does not say, and a Galera node applies writes past such locks: then one session
/// it is, as where the lock is not allowed or not had within a short time.
std::vector<std::unique_ptr<Connection>> connect_to_one_version(
    const Dsn& dsn, const Target& target, const Session& session, const Wait& wait,
    const Statement& statement, const Partition& partition, std::string* why);

}  // namespace penstock::mysql
