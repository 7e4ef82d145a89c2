// A scanned query with its values: what a dialect executes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "declare/scanner.h"
#include "penstock/query.h"
#include "penstock/value.h"

namespace penstock {

struct Statement {
  std::string source;  // the query as written
  SqlOrigin origin;
  std::vector<SqlPiece> pieces;
  std::vector<std::string> names;  // of the parameters, by index
  std::vector<Value> values;       // by index; bound, never spliced
  /// Of a none whose type is declared, by index: any value of that type.
  std::map<std::size_t, Value> stand_ins;

  /// What parameter `index` is bound as: its value, or a none's stand-in.
  const Value& typed(std::size_t index) const;

  /// The text to prepare, each parameter as `placeholder(index)` says ("?1", "$1", "?").
  std::string text(const std::function<std::string(int)>& placeholder) const;
  /// Where byte `offset` of `text(placeholder)` stands in the user's file, as
  /// position_of.
  std::string position(const std::function<std::string(int)>& placeholder,
                       std::size_t offset) const;
};

/// Scans `query.sql` by `lexicon` and joins it with `params`.
/// Throws Error{kRecipe}: what scan_sql throws; "query parameter ':x' has no value" (with
/// its position and the hint to set it); "query parameter 'x' is not used by the query"
/// (RS-008).
Statement bind(const Query& query, const Lexicon& lexicon, const Params& params);

}  // namespace penstock
