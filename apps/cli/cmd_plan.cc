#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "penstock/engine.h"
#include "penstock/run_task.h"
#include "penstock/store.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json json_of(const std::vector<QueryPlan::Column>& found) {
  Json columns = Json::array();
  for (const QueryPlan::Column& column : found) {
    Json json{
        {"name", column.name}, {"declared", column.declared}, {"arrow", column.arrow}};
    if (!column.hint.empty()) json["hint"] = column.hint;
    columns.push_back(std::move(json));
  }
  return columns;
}

Json json_of(const Recipe& recipe, const QueryPlan& plan, const Params& params) {
  Json parameters = Json::array();
  for (const auto& [name, value] : params) {
    parameters.push_back({{"name", name}, {"type", type_name(value)}});
  }
  return {{"name", recipe.name},
          {"dialect", plan.dialect},
          {"columns", json_of(plan.columns)},
          {"parameters", parameters},
          {"explain", plan.explain},
          {"account", plan.account},
          {"routes", plan.routes}};
}

Json json_of_changes(const Task& task, const QueryPlan& plan) {
  Json statements = Json::array();
  for (const QueryPlan::Change& change : plan.changes) {
    Json parameters = Json::array();
    for (const auto& [name, type, declared] : change.parameters)
      parameters.push_back({{"name", name}, {"type", type}, {"declared", declared}});
    statements.push_back(
        {{"statement", change.word},
         {"parameters", parameters},
         {"columns", json_of(change.columns)},
         {"explain", change.explain},
         {"committed_by_server", change.committed_by_server},
         {"unknown", change.unknown.empty() ? Json(nullptr) : Json(change.unknown)}});
  }
  return {{"name", task.name},        {"dialect", plan.dialect}, {"access", "read_write"},
          {"statements", statements}, {"account", plan.account}, {"routes", plan.routes}};
}

class Page {
 public:
  explicit Page(bool color) : color_(color) {}

  void heading(const std::string& title) {
    text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", paint(title, "1", color_));
  }
  // Cells aligned by column; the last is not padded.
  void rows(const std::vector<std::vector<std::string>>& rows) {
    std::vector<int> widths;
    for (const auto& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], display_width(row[i]));
      }
    }
    for (const auto& row : rows) {
      std::string line = " ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += ' ' + row[i];
        line.append(static_cast<std::size_t>(widths[i] - display_width(row[i]) + 1), ' ');
      }
      text_ += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
  }
  void lines(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) text_ += "  " + harmless(line) + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  const bool color_;
  std::string text_;
};

void add_places(const QueryPlan& plan, Page& page) {
  page.heading("Account");
  page.lines(plan.account.empty() ? std::vector<std::string>{"may only read"}
                                  : plan.account);
  page.heading("Routes");
  page.lines(plan.routes);
}

std::string text_of_changes(const Task& task, const QueryPlan& plan, bool color) {
  Page page(color);
  page.heading(
      fmt::format("{} ({}, reads and writes)", harmless(task.name), plan.dialect));
  if (!task.description.empty()) page.lines({task.description});
  int number = 0;
  for (const QueryPlan::Change& change : plan.changes) {
    page.heading(fmt::format("Statement {}: {}", ++number, harmless(change.word)));
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, type, declared] : change.parameters)
      rows.push_back({"parameter", harmless(name), type, harmless(declared)});
    for (const QueryPlan::Column& column : change.columns)
      rows.push_back(
          {"column", harmless(column.name), column.arrow, harmless(column.declared)});
    page.rows(rows);
    page.lines(change.explain);
    if (change.committed_by_server) {
      page.lines(
          {"the server commits it, and all before it, by itself: no later error "
           "undoes them"});
    }
    if (!change.unknown.empty()) {
      page.lines({fmt::format("not known yet (it may need what stands ahead of it): {}",
                              change.unknown)});
    }
  }
  add_places(plan, page);
  return page.text();
}

std::string text_of(const Recipe& recipe, const QueryPlan& plan, const Params& params,
                    bool color) {
  Page page(color);
  page.heading(fmt::format("{} ({})", harmless(recipe.name), plan.dialect));
  if (!recipe.description.empty()) page.lines({recipe.description});
  page.heading("Columns");
  std::vector<std::vector<std::string>> columns{{"name", "declared", "Arrow"}};
  for (const QueryPlan::Column& column : plan.columns) {
    columns.push_back({harmless(column.name),
                       column.declared.empty() ? "-" : harmless(column.declared),
                       column.arrow});
  }
  page.rows(columns);
  for (const QueryPlan::Column& column : plan.columns) {
    if (!column.hint.empty())
      page.lines({fmt::format("hint: {}: {}", column.name, column.hint)});
  }
  if (!params.empty()) {
    page.heading("Parameters");
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : params) {
      rows.push_back({":" + name, std::string(type_name(value))});
    }
    page.rows(rows);
  }
  page.heading("Explain");
  page.lines(plan.explain);
  add_places(plan, page);
  return page.text();
}

int plan_task_file(const std::string& text, const Options& options,
                   const Context& context) {
  refuse_flags(options, {"--param", "--env-var"}, "a task",
               "its inputs are given with -i NAME=VALUE");
  Task task = task_of(text, options.arguments.front(), context);
  apply_flags(options, task.query);
  const Inputs inputs = read_inputs(task, options, context);
  const QueryPlan plan = plan_task(make_engine(context), task, inputs, context.stop);
  if (task.query.access == Access::kReadWrite) {
    write_stdout(options.json ? dumped(json_of_changes(task, plan))
                              : text_of_changes(task, plan, context.out.color));
    return 0;
  }
  Recipe shown;
  shown.name = task.name;
  shown.description = task.description;
  Params types;  // a list is shown as its elements' type
  for (const auto& [name, value] : complete_inputs(task, inputs)) {
    const auto* list = std::get_if<std::vector<Value>>(&value);
    types.emplace(name, list == nullptr ? std::get<Value>(value)
                        : list->empty() ? Value()
                                        : list->front());
  }
  write_stdout(options.json ? dumped(json_of(shown, plan, types))
                            : text_of(shown, plan, types, context.out.color));
  return 0;
}

// Every key that needs no parameter.
int plan_manifest(const std::string& text, const Options& options,
                  const Context& context) {
  refuse_flags(
      options, {"--param", "--env-var", "--input", "--inputs"}, "a manifest",
      "a key's parameters stand in the key: penstock store MANIFEST ls --templates");
  const Store store(make_engine(context),
                    manifest_of(text, options.arguments.front(), context));
  std::string page;
  Json all = Json::array();
  for (const FileInfo& file : store.list_files("", true, {}, context.stop)) {
    const StoreQuery found = store.resolve(file.path, context.stop);
    Recipe recipe;
    recipe.name = harmless(file.path);
    recipe.query = found.query;
    apply_flags(options, recipe.query);
    const QueryPlan plan = store.engine().plan(recipe.query, found.params, context.stop);
    all.push_back(json_of(recipe, plan, found.params));
    page += (page.empty() ? "" : "\n") +
            text_of(recipe, plan, found.params, context.out.color);
  }
  write_stdout(options.json ? dumped(all) : page);
  return 0;
}

void flags(CLI::App* command, Options& options) {
  add_argument(command, options, "FILE", "a recipe, a task or a manifest");
  add_inputs(command, options);
  add_parameters(command, options, true);
  add_types(command, options);
  add_json(command, options);
  add_messages(command, options, false);
}

int run(const Options& options, const Context& context) {
  const std::string& file = options.arguments.front();
  const std::string text = read_text(file, context.stop);
  switch (kind_of_file(text, file)) {
    case FileKind::kTask:
      return plan_task_file(text, options, context);
    case FileKind::kManifest:
      return plan_manifest(text, options, context);
    case FileKind::kRecipe:
      break;
  }
  refuse_flags(options, {"--input", "--inputs"}, "a recipe",
               "its parameters are given with -p NAME=VALUE");
  Recipe recipe = recipe_of(text, file, context);
  apply_flags(options, recipe.query);
  const Params params = resolve_parameters(recipe, options, context);
  const QueryPlan plan = make_engine(context).plan(recipe.query, params, context.stop);
  write_stdout(options.json ? dumped(json_of(recipe, plan, params))
                            : text_of(recipe, plan, params, context.out.color));
  return 0;
}

}  // namespace

const Command kPlan{"plan", "Show columns, parameters, EXPLAIN and rights; read no row",
                    "FILE", "recipe.yaml",
                    flags,  run};

}  // namespace penstock::cli
