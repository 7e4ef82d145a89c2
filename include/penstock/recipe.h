// Stage: declare. Text -> Recipe. Pure: no database, no network, no environment but what
// is passed in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "penstock/event.h"
#include "penstock/query.h"

namespace penstock {

/// A recipe's `sink:` section, as written; flags win over it.
struct RecipeSink {
  std::string path;         // empty: not given. Relative to the working directory.
  std::string format;       // empty: by the path's extension
  std::string compression;  // "NAME" or "NAME:LEVEL"; empty: the format's default
  std::int64_t row_group_rows = 0;  // 0: the default
};

/// The columns a recommender's `schema:` section names; each must be in the result
/// (RS-022).
struct RequiredColumn {
  std::string role;  // "user_column", "item_column", "time_column"
  std::string name;
};

struct Recipe {
  std::string file;
  std::string name;
  std::string description;
  Query query;
  Params parameters;  // as written, strings not yet expanded
  /// Where each of `parameters` stands, "FILE:LINE:COL", for messages.
  std::map<std::string, std::string, std::less<>> parameter_places;
  RecipeSink sink;
  std::vector<RequiredColumn> required_columns;
  /// Unknown top-level keys, each "FILE:LINE:COL: unknown top-level key 'x' (did you mean
  /// 'y'?)". They are left to their owner (RS-028), so they warn and never fail.
  std::vector<std::string> warnings;
};

/// Reads a recipe's text. `file` is used in messages and to find `query_file` (read
/// through `read_file`, which is given a path and returns its bytes; it throws
/// Error{kRecipe} if it cannot).
///
/// Throws Error{kRecipe}, message "FILE:LINE:COL: ...", on anything that is not a recipe:
/// bad YAML, an unknown key in `source`, `sink`, `limits`, `partition`, `types` (hint:
/// the nearest known one), a missing or empty field, a value out of range (RS-001,
/// RS-002, RS-005, RS-009).
Recipe parse_recipe(std::string_view text, const std::string& file,
                    const std::function<std::string(const std::string& path)>& read_file);

/// Whether `name` may name a DSN: ^RECOTEM_RECIPE_[A-Z0-9_]+$ or ^PENSTOCK_[A-Z0-9_]+$
/// (RS-002).
bool is_dsn_variable(std::string_view name) noexcept;
/// Whether `text`, found where a variable's name belongs, may be a DSN or a part of one
/// (it has one of : / @ =), and so must never be repeated in a message.
bool looks_like_dsn(std::string_view text) noexcept;

/// Looks up a variable for `${NAME}`; nothing if it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The recipe's parameters with every `${NAME}` in a string value replaced once; the
/// result stays a string (RS-006). Parameters given elsewhere (`-p`) are not expanded:
/// erase them from `recipe.parameters` first and add them to the result.
///
/// Throws Error{kRecipe} "FILE:LINE:COL: ..." for a name that may not be read (neither
/// RECOTEM_RECIPE_* nor PENSTOCK_PARAM_*, a word of RS-007 in it, a DSN's), that is
/// unset, or for a "${" without a name and "}"; the message has the name, never a value.
/// An empty one is reported as event `recipe_env_var_empty {recipe, field, name}`.
Params expand_parameters(const Recipe& recipe, const Lookup& lookup,
                         const Events& events);

/// Reads "NAME=VALUE" or "NAME:TYPE=VALUE" (TYPE: str, int, float, bool) as `-p` does:
/// VALUE is a YAML 1.2 scalar, but needs no quotes where a shell user would not expect to
/// write any ("a: b", "*x"); TYPE str takes it as it stands. Throws Error{kUsage}, also
/// for what YAML 1.1 reads otherwise; never with the value.
std::pair<std::string, Value> parse_parameter(std::string_view text);

/// JSON Schema (draft 2020-12) of KIND: "recipe" or "task". Throws Error{kUsage} naming
/// the kinds.
std::string json_schema(std::string_view kind);

/// A commented starter of KIND that its parser accepts. Throws Error{kUsage} naming
/// the kinds.
std::string starter(std::string_view kind);

}  // namespace penstock
