#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "cli/report_errors.h"
#include "cli/store_text.h"
#include "cli/units.h"
#include "penstock/error.h"
#include "penstock/store.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What follows the action: KEY, FOLDER or PATTERN.
std::string argument(const Options& options, const char* what) {
  if (options.arguments.size() > 2) return options.arguments[2];
  throw Error(
      Category::kUsage, "missing_argument",
      fmt::format("'penstock store MANIFEST {}' needs a {}", options.arguments[1], what));
}

// "reports/" is what a shell's completion makes of a folder.
std::string folder_of(const Options& options) {
  std::string folder = options.arguments.size() > 2 ? options.arguments[2] : "";
  if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder == "." ? "" : folder;
}

int ls(const Store& store, const Options& options, const Context& context) {
  if (options.templates) {
    write_stdout(options.json ? templates_json(store.templates())
                              : templates_text(store.templates()));
    return 0;
  }
  const std::string folder = folder_of(options);
  std::vector<StoreLine> lines;
  if (store.is_file(folder, context.stop)) {
    lines.push_back({folder, store.get_file_info(folder, context.stop)});
  } else {
    store.get_folder_info(folder, context.stop);  // or there is no such folder
    const bool deep = options.recursive || options.max_depth;
    if (!deep) {
      for (std::string& path : store.list_folders(folder, context.stop))
        lines.push_back({std::move(path), std::nullopt});
    }
    for (FileInfo& file : store.list_files(folder, deep, options.max_depth, context.stop))
      lines.push_back({file.path, std::move(file)});
  }
  write_stdout(options.json ? listing_json(lines)
                            : listing_text(lines, options.details, context.out.color));
  return 0;
}

int tree(const Store& store, const Options& options, const Context& context) {
  const std::string folder = folder_of(options);
  store.get_folder_info(folder, context.stop);
  std::vector<StoreLine> lines;
  std::vector<std::string> paths;
  for (FileInfo& file : store.list_files(folder, true, options.max_depth, context.stop)) {
    paths.push_back(file.path);
    lines.push_back({file.path, std::move(file)});
  }
  const std::string title = folder.empty() ? store.manifest().name : folder + "/";
  write_stdout(options.json
                   ? listing_json(lines)
                   : tree_text(title, paths, folder.empty() ? 0 : folder.size() + 1,
                               context.out.color));
  return 0;
}

int glob(const Store& store, const Options& options, const Context& context) {
  std::vector<StoreLine> lines;
  for (FileInfo& file : store.glob(argument(options, "PATTERN"), context.stop))
    lines.push_back({file.path, std::move(file)});
  write_stdout(options.json ? listing_json(lines)
                            : listing_text(lines, options.details, context.out.color));
  return 0;
}

int stat_folder(const Store& store, const std::string& folder, const Options& options,
                const Context& context) {
  const FolderInfo info = store.get_folder_info(folder, context.stop);
  const auto modified =
      info.modified_at ? std::optional(time_text(*info.modified_at)) : std::nullopt;
  if (options.json) {
    write_stdout(dumped({{"path", info.path},
                         {"type", "folder"},
                         {"file_count", info.file_count},
                         {"total_size", info.total_size},
                         {"modified_at", modified ? Json(*modified) : Json(nullptr)}}));
  } else {
    write_stdout(aligned({{"path", harmless(info.path)},
                          {"type", "folder"},
                          {"files", count_text(info.file_count)},
                          {"size", bytes_text(info.total_size)},
                          {"modified", modified.value_or("-")}}));
  }
  return 0;
}

int stat(const Store& store, const Options& options, const Context& context) {
  argument(options, "KEY");
  const std::string path = folder_of(options);
  if (path.empty() ||
      (!store.is_file(path, context.stop) && store.is_folder(path, context.stop))) {
    return stat_folder(store, path, options, context);
  }
  const StoreQuery query = store.resolve(path, context.stop);
  const FileInfo info = store.get_file_info(path, context.stop);
  Json parameters = Json::array();
  std::vector<std::vector<std::string>> rows{
      {"path", harmless(info.path)},
      {"type", "file"},
      {"format",
       fmt::format("{}{}", to_string(query.format), query.gzip ? ", gzip" : "")},
      {"size", info.materialized ? bytes_text(info.size) : "0 (not materialized)"},
      {"modified", time_text(info.modified_at)}};
  for (const auto& [name, value] : query.params) {
    parameters.push_back({{"name", name}, {"type", type_name(value)}});
    rows.push_back({"parameter", fmt::format("{}: {}", name, type_name(value))});
  }
  if (options.json) {
    write_stdout(dumped({{"path", info.path},
                         {"name", info.name},
                         {"type", "file"},
                         {"format", to_string(query.format)},
                         {"gzip", query.gzip},
                         {"size", info.size},
                         {"modified_at", time_text(info.modified_at)},
                         {"materialized", info.materialized},
                         {"parameters", parameters}}));
  } else {
    write_stdout(aligned(rows));
  }
  return 0;
}

// The key's own name, in the working directory.
std::string output_of(const std::string& key, const Options& options) {
  if (options.arguments[1] == "cat") return "-";
  const std::string path = key.substr(0, key.find('?'));
  return options.output.value_or(path.substr(path.rfind('/') + 1));
}

void check_output(const StoreQuery& query, const std::string& path,
                  const Context& context) {
  const bool binary =
      query.gzip || (query.format != Format::kCsv && query.format != Format::kJsonLines);
  if (binary && (path == "-" ? context.out.is_terminal : is_terminal(path))) {
    throw Error(Category::kUsage, "binary_to_terminal",
                fmt::format("{} is not written to a terminal", to_string(query.format)),
                "send standard output to a file or a pipe, or use get");
  }
  const auto by_path = path == "-" ? std::nullopt : format_of_path(path);
  if (by_path && (by_path->format != query.format || by_path->gzip != query.gzip)) {
    throw Error(Category::kUsage, "format_mismatch",
                fmt::format("the extension of '{}' says another format than the key's",
                            printable(path)),
                "a key's own extension decides its format");
  }
}

std::string summary_of(const StoreReceipt& receipt) {
  const std::string rows = receipt.rows < 0
                               ? "from the cache"
                               : fmt::format("{} {}", count_text(receipt.rows),
                                             receipt.rows == 1 ? "row" : "rows");
  return fmt::format("{}: {}, {} -> {} in {}", harmless(receipt.key), rows,
                     bytes_text(receipt.bytes),
                     receipt.output == "-" ? "standard output" : harmless(receipt.output),
                     duration_text(receipt.seconds));
}

// Another run holds the output: what `fetch` does then, too.
int skip(const Error& error, const std::string& key, const StoreReadTo& to,
         const Context& context) {
  context.messages.event(
      {Event::Level::kWarning,
       "recipe_lock_contended_skipping",
       {{"recipe", key},
        {"output", to.path},
        {"message", fmt::format("{}; nothing was done", error.message())}}});
  return 0;
}

int get(const Store& store, const Options& options, const Context& context) {
  const std::string key = argument(options, "KEY");
  StoreReadTo to;
  to.path = output_of(key, options);
  to.lock = options.lock;
  to.stop = context.stop;
  check_output(store.resolve(key, context.stop), to.path, context);
  StoreReceipt receipt;
  try {
    ProgressLine progress(context.messages, options.progress, harmless(key));
    const auto start = std::chrono::steady_clock::now();
    to.progress = [&](std::int64_t rows, std::int64_t bytes) {
      Progress now;
      now.rows = rows;
      now.bytes = bytes;
      now.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - start);
      progress.update(now);
    };
    receipt = store.read_to(key, to);
  } catch (const Error& error) {
    if (error.category() != Category::kLocked || options.fail_on_busy) throw;
    return skip(error, key, to, context);
  }
  context.messages.event({Event::Level::kInfo,
                          "store_read_complete",
                          {{"store", store.manifest().name},
                           {"key", receipt.key},
                           {"rows", receipt.rows},
                           {"bytes", receipt.bytes},
                           {"cached", receipt.cached}}});
  if (to.path != "-") context.messages.summary(summary_of(receipt));
  return 0;
}

int health(const Store& store, const Options& options, const Context& context) {
  store.check_health(context.stop);
  const std::string dialect =
      store.engine().dialect_of(store.manifest().defaults.connection).value_or("");
  if (options.json) {
    write_stdout(
        dumped({{"name", store.manifest().name}, {"dialect", dialect}, {"ok", true}}));
  } else {
    write_stdout(fmt::format("ok: {}, {}, SELECT 1 answered\n",
                             harmless(store.manifest().name), dialect));
  }
  return 0;
}

using Words = std::vector<std::string_view>;

struct Action {
  std::string_view name;
  int (*run)(const Store&, const Options&, const Context&);
};
constexpr std::array<Action, 7> kActions{{{"ls", ls},
                                          {"tree", tree},
                                          {"glob", glob},
                                          {"stat", stat},
                                          {"cat", get},
                                          {"get", get},
                                          {"health", health}}};

// The flags that not every action has.
const std::map<std::string, Words>& actions_of_flags() {
  static const std::map<std::string, Words> kActionsOf{
      {"--recursive", {"ls"}},
      {"--max-depth", {"ls", "tree"}},
      {"--long", {"ls", "glob"}},
      {"--templates", {"ls"}},
      {"--json", {"ls", "tree", "glob", "stat", "health"}},
      {"--output", {"get"}},
      {"--fail-on-busy", {"get"}},
      {"--lock-timeout", {"get"}},
      {"--no-lock", {"get"}},
      {"--progress", {"cat", "get"}}};
  return kActionsOf;
}

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "MANIFEST", "a manifest, YAML");
  add_argument(command, options, "ACTION", "ls, tree, glob, stat, cat, get, health");
  add_argument(command, options, "KEY", "a key; a folder for ls, a pattern for glob");
  const std::string group = "Listing";
  command->add_flag("-R,--recursive", options.recursive, "at any depth")->group(group);
  const auto depth = [&options](const std::string& value) {
    options.max_depth = parse_count(value);
    if (!options.max_depth)
      throw bad_value("--max-depth", "a whole number from 0", value);
  };
  add_text(command, "--max-depth", "N", depth, "so many folders deep, at most", group);
  command->add_flag("-l,--long", options.details, "size and time, too")->group(group);
  command
      ->add_flag("--templates", options.templates,
                 "the keys that need parameters, and which")
      ->group(group);
  add_output_path(command, options,
                  "where to write, - for stdout; else the key's own name");
  add_json(command, options);
  add_lock(command, options);
  add_messages(command, options, true);
  for (const auto& [flag, actions] : actions_of_flags()) {
    CLI::Option* const option = command->get_option(flag);
    option->description(
        fmt::format("{}: {}", fmt::join(actions, ", "), option->get_description()));
  }
}

const Action& action_of(const Options& options) {
  if (options.arguments.size() < 2) {
    throw Error(Category::kUsage, "missing_argument",
                "'penstock store MANIFEST' needs an action",
                "actions: ls, tree, glob, stat, cat, get, health");
  }
  const std::string& name = options.arguments[1];
  for (const Action& action : kActions) {
    if (action.name == name) return action;
  }
  throw bad_value("ACTION", "one of ls, tree, glob, stat, cat, get, health", name);
}

// A flag, or a key, that the action would not look at.
void refuse_unfit(const Options& options, std::string_view action) {
  for (const auto& [flag, actions] : actions_of_flags()) {
    if (std::find(actions.begin(), actions.end(), action) != actions.end()) continue;
    refuse_flags(options, {flag}, fmt::format("'penstock store MANIFEST {}'", action),
                 fmt::format("{} is for {}", flag, fmt::join(actions, ", ")));
  }
  if (options.templates) {
    refuse_flags(options, {"--recursive", "--max-depth", "--long"},
                 "'penstock store MANIFEST ls --templates'", "it shows all of them");
  }
  const bool keyless = action == "health" || options.templates;
  if (!keyless || options.arguments.size() < 3) return;
  throw Error(Category::kUsage, "unexpected_argument",
              fmt::format("'penstock store MANIFEST {}' takes no key",
                          options.templates ? "ls --templates" : action));
}

int act(const Options& options, const Context& context) {
  const Action& action = action_of(options);
  refuse_unfit(options, action.name);
  const Store store(make_engine(context),
                    load_manifest(options.arguments.front(), context));
  return action.run(store, options, context);
}

int run(const Options& options, const Context& context) {
  try {
    return act(options, context);
  } catch (const Error& error) {
    // What a database does is told in the store's words, the rest as everywhere.
    if (traits(error.category()).error_type != traits(Category::kDataSource).error_type)
      throw;
    return report_error(error, context.messages, store_error_name(error.category()));
  }
}

}  // namespace

const Command kStore{"store",
                     "Read a manifest's queries as a tree of files",
                     "MANIFEST ACTION [KEY]",
                     "shop.yaml ls",
                     flags,
                     run};

}  // namespace penstock::cli
