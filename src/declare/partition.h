// A statement split into ranges that together are the whole: no row lost, none read
// twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "declare/statement.h"
#include "penstock/value.h"

namespace penstock {

/// Rows whose key is at least `low` and below `high`; an absent bound is open. `nulls`:
/// also those whose key is NULL.
struct KeyRange {
  std::optional<Value> low;
  std::optional<Value> high;
  bool nulls = false;
};

/// Ranges between cuts, in order: below the first, between each two, from the last on.
/// Both edges are open and the last takes the NULLs, so that every row is in exactly one,
/// whatever is in the column.
std::vector<KeyRange> ranges_between(const std::vector<Value>& cuts);

/// At most count - 1 cuts that split low..high evenly; fewer if there are not so many
/// numbers.
std::vector<Value> even_cuts(std::int64_t low, std::int64_t high, std::int64_t count);

/// `head` FROM (`inner`) AS penstock_rows. The inner statement must have been prepared by
/// itself before, so that no text of it can close the bracket; a comment at its end is
/// closed by a newline.
Statement select_from(std::string_view head, const Statement& inner);

/// `statement` WHERE `key` is in `range`, its bounds as bound values. `key` is SQL,
/// quoted by its dialect; `cast` stands behind each bound ("::tid"). An unbounded range
/// adds nothing.
Statement restricted(Statement statement, std::string_view key, const KeyRange& range,
                     std::string_view cast = {});

/// Whether `word` stands in `sql` with no letter, digit, _, $ or byte beyond ASCII beside
/// it, in any case of ASCII, also within a text or a comment.
bool has_word(std::string_view sql, std::string_view word);

/// `name` as an identifier: in `quote`s, with those inside doubled.
std::string quote_identifier(std::string_view name, char quote);

}  // namespace penstock
