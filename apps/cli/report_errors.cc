#include "cli/report_errors.h"

#include <csignal>
#include <new>

#include <fmt/format.h>

namespace penstock::cli {

Error as_error(const std::exception_ptr& thrown, int signal) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.category() != Category::kInterrupted) return error;
    if (signal == SIGTERM)
      return {Category::kTerminated, "terminated", "terminated by SIGTERM"};
    return {Category::kInterrupted, "interrupted", "interrupted"};
  } catch (const std::bad_alloc&) {
    return {Category::kUnexpected, "out_of_memory", "out of memory",
            "lower --batch-bytes or --row-group-rows"};
  } catch (const std::exception& error) {
    return {Category::kUnexpected, "unexpected", error.what(),
            "this is a defect of penstock; please report it"};
  }
}

int report_error(const Error& error, Messages& messages, std::string_view error_type) {
  const CategoryTraits& kind = traits(error.category());
  if (error.category() == Category::kBrokenPipe) return kind.exit_code;
  if (messages.json()) {
    Event event{
        Event::Level::kError,
        "error",
        {{"error_type", std::string(error_type.empty() ? kind.error_type : error_type)},
         {"code", error.code()},
         {"message", error.message()},
         {"hint", error.hint()},
         {"exit_code", std::int64_t{kind.exit_code}}}};
    if (!error.sqlstate().empty())
      event.fields.emplace_back("sqlstate", error.sqlstate());
    messages.raw_line(json_line(event));
    return kind.exit_code;
  }
  const bool color = messages.terminal().color;
  messages.raw_line(
      fmt::format("{} {}", paint("error:", "1;31", color), harmless(error.message())));
  if (!error.hint().empty()) {
    messages.raw_line(
        fmt::format("{} {}", paint("hint:", "1;36", color), harmless(error.hint())));
  }
  return kind.exit_code;
}

}  // namespace penstock::cli
