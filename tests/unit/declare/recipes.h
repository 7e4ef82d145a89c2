// Recipes that a test writes, as "r.yaml".
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "penstock/recipe.h"
#include "unit/declare/expect_error.h"

namespace penstock {

[[noreturn]] inline std::string no_file(const std::string& path) {
  throw Error(Category::kRecipe, "file_missing", fmt::format("cannot read {}", path),
              "make it");
}

inline Recipe parse(std::string_view text) {
  return parse_recipe(text, "r.yaml", no_file);
}

inline Thrown refusal(std::string_view text) {
  return thrown_by([&] { parse(text); });
}

inline Thrown invalid(std::string message, std::string hint = {}) {
  return {Category::kRecipe, "recipe_invalid_value", std::move(message), std::move(hint)};
}

// A recipe whose source has `lines` after the needed keys; the first of them is line 6.
inline std::string with_source(const std::string& lines) {
  return "name: orders\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n  query: "
         "SELECT 1\n" +
         lines;
}

}  // namespace penstock
