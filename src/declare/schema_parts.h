// What the JSON Schemas of all files are made of.
#pragma once

#include <nlohmann/json.hpp>

#include "declare/recipe_keys.h"
#include "declare/section.h"

namespace penstock::schema {

using Json = nlohmann::ordered_json;

Json text(const char* description);
Json pattern(const char* expression, const char* description);
Json choice(const recipe_keys::Names& names, const char* description);
Json whole(Range range, const char* description);
Json with_default(Json json, Json value);
/// An object with exactly these properties; each must be in `names`, in that order, so
/// that the parser's list stays true.
Json object(const recipe_keys::Names& names, Json properties, const char* description);

/// A whole number of bytes, alone or with a unit.
Json bytes(const char* description);

// Sections and keys that several files have.
Json name(const char* description);
Json dsn_env();
Json limits();
Json types();
Json connect_timeout();
Json statement_timeout();
Json allow_privileged();

}  // namespace penstock::schema
