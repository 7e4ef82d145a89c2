// The keys that every file with a query in it has, read by one set of functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "declare/section.h"
#include "penstock/query.h"

namespace penstock {

/// Given a path, returns the file's bytes; throws Error{kRecipe} if it cannot.
using ReadFile = std::function<std::string(const std::string& path)>;

// All throw Error{kRecipe} "FILE:LINE:COL: ...", naming the key with its section.

/// `name`: 1 to 64 characters of A-Z a-z 0-9 _ -.
std::string parse_name(const Section& top);
/// `dsn_env`: a variable's name; what looks like a DSN is refused and never repeated
/// (RS-002, RS-003).
std::string parse_dsn_env(const Section& section);
/// `query`, or `query_file` beside the file: the SQL text and where it stands.
void parse_query_text(const Section& section, const ReadFile& read_file, Query& query);
/// A whole number of bytes from 1, alone or with KiB, MiB, GiB, KB, MB, GB.
std::int64_t parse_bytes(const Section& section, const Field& field);
/// `connect_timeout_seconds`, `statement_timeout_seconds` and `limits` (RS-009).
void parse_limits(const Section& section, Limits& limits);
/// `types`.
void parse_types(const Section& section, TypeChoices& types);

}  // namespace penstock
