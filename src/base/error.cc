#include "penstock/error.h"

#include <array>
#include <utility>

namespace penstock {
namespace {

using enum Category;

// In the order of Category. The exit codes are RS-024's and the command line's contract.
constexpr std::array<CategoryTraits, 18> kTraits{{
    {kUnexpected, "UnexpectedError", 1, 500, "UnexpectedError"},
    {kUsage, "UsageError", 2, 400, "UsageError"},
    {kRecipe, "RecipeError", 2, 400, "RecipeError"},
    {kTask, "TaskError", 2, 400, "TaskError"},
    {kNotFound, "NotFound", 2, 404, "NotFound"},
    {kInvalidPath, "InvalidPath", 2, 400, "InvalidPath"},
    {kNotSupported, "CapabilityNotSupported", 2, 501, "CapabilityNotSupported"},
    {kDataSource, "DataSourceError", 3, 502, "DataSourceError"},
    {kUnavailable, "DataSourceError", 3, 503, "UnavailableError"},
    {kLimit, "DataSourceError", 3, 413, "LimitError"},
    {kTimeout, "DataSourceError", 3, 504, "TimeoutError"},
    {kRefused, "DataSourceError", 3, 403, "RefusedError"},
    {kOutput, "OutputError", 5, 507, "OutputError"},
    {kLocked, "LockContestedError", 6, 409, "LockContestedError"},
    {kConfiguration, "ConfigurationError", 8, 500, "ConfigurationError"},
    {kInterrupted, "Interrupted", 130, 499, "InterruptedError"},
    {kTerminated, "Terminated", 143, 499, "InterruptedError"},
    {kBrokenPipe, "BrokenPipe", 141, 499, "BrokenPipeError"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (static_cast<std::size_t>(kTraits[i].category) != i) return false;
  }
  return true;
}
static_assert(in_order(), "kTraits is indexed by Category");

}  // namespace

const CategoryTraits& traits(Category category) noexcept {
  return kTraits[static_cast<std::size_t>(category)];
}

Error::Error(Category category, std::string code, std::string message, std::string hint,
             std::string sqlstate)
    : category_(category),
      code_(std::move(code)),
      message_(std::move(message)),
      hint_(std::move(hint)),
      sqlstate_(std::move(sqlstate)) {}

}  // namespace penstock
