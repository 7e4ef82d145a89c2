// Any bytes as a recipe, and as a parameter of the command line: a recipe or an Error,
// with a position.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "declare/statement.h"
#include "penstock/error.h"
#include "penstock/recipe.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::optional<std::string> lookup(std::string_view name) {
  if (name == "PENSTOCK_PARAM_A") return "${PENSTOCK_PARAM_A}";
  if (name == "PENSTOCK_PARAM_E") return "";
  return std::nullopt;
}

void check_recipe(std::string_view text) {
  using penstock::parse_recipe;
  try {
    const penstock::Recipe recipe = parse_recipe(
        text, "f.yaml", [](const std::string&) { return std::string("SELECT :a"); });
    require(penstock::is_dsn_variable(recipe.query.connection.dsn_env));
    require(penstock::is_valid_utf8(recipe.query.sql) && !recipe.query.sql.empty());
    penstock::bind(
        recipe.query, penstock::Lexicon::sqlite(),
        penstock::expand_parameters(recipe, lookup, [](const penstock::Event&) {}));
  } catch (const penstock::Error& error) {
    require(error.category() == penstock::Category::kRecipe);
    require(error.message().find(": ") != std::string::npos);
    require(penstock::is_valid_utf8(error.message()));
  }
}

void check_parameter(std::string_view text) {
  try {
    penstock::parse_parameter(text);
  } catch (const penstock::Error& error) {
    require(error.category() == penstock::Category::kUsage);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_recipe(text);
  check_parameter(text);
  return 0;
}
