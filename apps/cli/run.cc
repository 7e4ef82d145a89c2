#include "cli/run.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/report_file.h"
#include "cli/units.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

// Where a path or a format came from decides whose mistake it is.
struct Origin {
  bool path_is_flag;
  bool format_is_flag;
  Category category() const {
    return path_is_flag || format_is_flag ? Category::kUsage : Category::kRecipe;
  }
};

void check_extension(const OutputOptions& output, const PathFormat& by_path,
                     const Origin& origin) {
  if (by_path.format == output.format) return;
  throw Error(origin.category(), "format_mismatch",
              fmt::format("the extension of '{}' says {}, {} says {}",
                          printable(output.path), to_string(by_path.format),
                          origin.format_is_flag ? "--format" : "sink.format",
                          to_string(output.format)),
              "leave out one of the two");
}

// A path given by flag leaves the recipe's format behind, but where nothing else says
// one.
void choose_format(const Options& options, const RecipeSink& sink,
                   OutputOptions& output) {
  const Origin origin{options.output.has_value(), options.format.has_value()};
  std::optional<Format> declared = options.format;
  if (!declared && !sink.format.empty()) declared = parse_format(sink.format);

  if (output.path == "-") {
    const bool counts = origin.format_is_flag || !origin.path_is_flag;
    output.format = counts ? declared.value_or(Format::kCsv) : Format::kCsv;
    return;
  }
  const auto by_path = format_of_path(output.path);
  if (!by_path && !declared) {
    throw Error(
        origin.category(), "unknown_format",
        fmt::format("the name '{}' does not say a format", printable(output.path)),
        "end it in .parquet, .csv, .jsonl, .arrow or .arrows, or give --format");
  }
  const bool counts = !by_path || origin.format_is_flag || !origin.path_is_flag;
  output.format = counts && declared ? *declared : by_path->format;
  if (!by_path) return;
  output.gzip = by_path->gzip;
  check_extension(output, *by_path, origin);
}

// The recipe's compression belongs to the recipe's format; another format has its own
// default.
void choose_compression(const Options& options, const RecipeSink& sink,
                        OutputOptions& output) {
  output.compression = options.compression;
  if (output.compression || sink.compression.empty()) return;
  const bool same_format = !sink.format.empty()
                               ? parse_format(sink.format) == output.format
                               : !options.format && !options.output;
  if (same_format) output.compression = parse_compression(sink.compression);
}

void refuse_terminal(const Options& options, const OutputOptions& output,
                     const Context& context) {
  const bool terminal =
      output.path == "-" ? context.out.is_terminal : is_terminal(output.path);
  if (!terminal) return;
  if (output.format != Format::kCsv && output.format != Format::kJsonLines) {
    throw Error(Category::kUsage, "binary_to_terminal",
                fmt::format("{} is not written to a terminal", to_string(output.format)),
                "give -o PATH, or send standard output to a file or a pipe");
  }
  if (output.path == "-" && !options.output && !options.format) {
    throw Error(Category::kUsage, "no_output", "no output: the recipe has no sink.path",
                "give -o PATH, or -o - for this terminal");
  }
}

std::string summary_of(const Receipt& receipt) {
  return fmt::format("{}: {} {}, {} -> {} in {}", harmless(receipt.recipe),
                     count_text(receipt.rows), receipt.rows == 1 ? "row" : "rows",
                     bytes_text(receipt.written.bytes),
                     receipt.output == "-" ? "standard output" : harmless(receipt.output),
                     duration_text(receipt.seconds));
}

void tell_lossy(const Receipt& receipt, Messages& messages) {
  for (const LossyColumn& column : receipt.lossy) {
    std::string what;
    const auto add = [&](std::int64_t count, const char* became) {
      if (count == 0) return;
      what += fmt::format("{}{} became {}", what.empty() ? "" : ", ", count_text(count),
                          became);
    };
    add(column.nulled, "NULL");
    add(column.as_text, "text");
    add(column.clamped, "the nearest value");
    messages.event({Event::Level::kWarning,
                    "lossy_values",
                    {{"column", column.column},
                     {"nulled", column.nulled},
                     {"as_text", column.as_text},
                     {"clamped", column.clamped},
                     {"message", fmt::format("column '{}': {}", column.column, what)}}});
  }
}

}  // namespace

OutputOptions output_options(const Options& options, const RecipeSink& sink,
                             const Context& context) {
  OutputOptions output;
  if (options.output) {
    output.path = *options.output;
  } else if (!sink.path.empty()) {
    output.path = sink.path;
  }
  choose_format(options, sink, output);
  choose_compression(options, sink, output);
  refuse_terminal(options, output, context);
  if (output.format != Format::kParquet) {
    refuse_flags(options, {"--row-group-rows"},
                 fmt::format("{} output", to_string(output.format)),
                 "only Parquet has row groups");
  }
  if (sink.row_group_rows > 0) output.row_group_rows = sink.row_group_rows;
  output.row_group_rows = options.row_group_rows.value_or(output.row_group_rows);
  output.content_hash = options.report.has_value();
  return output;
}

int run_recipe(const Engine& engine, const Recipe& recipe, const Params& params,
               const OutputOptions& output, const Options& options,
               const Context& context) {
  Messages& messages = context.messages;
  // Opened first: a receipt that cannot be written must not be found out after the run.
  std::optional<ReportFile> report;
  if (options.report) report.emplace(*options.report, output.path);

  FetchOptions fetching;
  fetching.output = output;
  fetching.lock = options.lock;
  fetching.events = events_to(messages);
  fetching.stop = context.stop;
  Receipt receipt;
  try {
    ProgressLine progress(messages, options.progress, recipe.name);
    fetching.progress = [&progress](const Progress& now) { progress.update(now); };
    receipt = fetch(engine, recipe, params, fetching);
  } catch (const Error& error) {
    if (error.category() != Category::kLocked || options.fail_on_busy) throw;
    messages.event({Event::Level::kWarning,
                    "recipe_lock_contended_skipping",
                    {{"recipe", recipe.name},
                     {"output", output.path},
                     {"message", fmt::format("{}; nothing was done", error.message())}}});
    return 0;
  }
  tell_lossy(receipt, messages);
  if (report) report->publish(to_json(receipt));
  messages.summary(summary_of(receipt));
  return 0;
}

}  // namespace penstock::cli
