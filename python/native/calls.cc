#include "native/calls.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <utility>

#include <arrow/type.h>

#include "native/convert.h"
#include "native/job.h"
#include "penstock/error.h"
#include "penstock/fetch.h"
#include "penstock/validate.h"

namespace penstock::python {
namespace {

namespace nb = nanobind;

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

// A source made ready: options applied, parameters expanded, everything from Python
// copied, so that the work itself needs no GIL.
class Prepared : public Job {
 public:
  Prepared(const Recipe& source, const CallArguments& call, const nb::object& on_progress)
      : Job(call.on_event, on_progress),
        recipe(source),
        environment_(to_environment(call.variables)) {
    apply_options(call.options, recipe.query);
    params = to_params(call.params);
    for (const auto& [name, value] : params) recipe.parameters.erase(name);
  }

  /// Runs `work` with an engine, the GIL given away.
  template <typename Work>
  void run_with_engine(Work work) {
    run([&] {
      tell_of_keys(recipe.warnings);
      const auto lookup = [&](std::string_view name) { return environment_.get(name); };
      params.merge(expand_parameters(recipe, lookup, events));
      const Engine engine(environment_, events);
      work(engine);
    });
  }

  Recipe recipe;
  Params params;

 private:
  Environment environment_;
};

nb::object text_of(const std::string& bytes) {
  return nb::steal<nb::object>(PyUnicode_DecodeUTF8(
      bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

nb::list texts_of(const std::vector<std::string>& lines) {
  nb::list list;
  for (const std::string& line : lines) list.append(text_of(line));
  return list;
}

}  // namespace

std::string read_text(const std::string& path) {
  // Never repeats it: a DSN has a password.
  if (path.find("://") != std::string::npos) {
    throw Error(Category::kUsage, "url_for_path",
                "a file's path is needed, not a URL or a DSN",
                "the DSN stands in the environment variable that the file names");
  }
  const auto fail = [&](const char* why) {
    return Error(Category::kRecipe, "unreadable_file",
                 "cannot read '" + path + "': " + why);
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) throw fail(std::strerror(errno));
  std::string text(kMostBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) throw fail(std::strerror(errno));
  if (text.size() > kMostBytes) {
    throw Error(Category::kRecipe, "file_too_large",
                "'" + path + "' is larger than 16 MiB");
  }
  return text;
}

Recipe load_recipe(const std::string& path) {
  return parse_recipe(read_text(path), path, read_text);
}

Recipe query_source(const std::string& sql, const std::string& dsn_env,
                    const std::string& name, const nb::dict& parameters) {
  // Never repeats the value: it may be a DSN, or a password.
  if (!is_dsn_variable(dsn_env)) {
    throw Error(Category::kUsage, "bad_dsn_env",
                "dsn_env takes a name that matches PENSTOCK_[A-Z0-9_]+ or "
                "RECOTEM_RECIPE_[A-Z0-9_]+",
                "it names the environment variable that holds the DSN");
  }
  Recipe recipe;
  recipe.name = name;
  recipe.query.name = name;
  recipe.query.sql = sql;
  recipe.query.connection.dsn_env = dsn_env;
  recipe.file = "query_parameters";  // where a message says that a parameter stands
  recipe.parameters = to_params(parameters);
  return recipe;
}

nb::dict inspect_dsn(const std::string& dsn_env, const nb::object& look_up) {
  const Recipe source = query_source("", dsn_env, "", nb::dict());
  const Engine engine(Environment::of_process());
  const DsnFacts facts =
      engine.inspect(source.query.connection, [&](const std::string& host) {
        return nb::cast<std::vector<std::string>>(look_up(text_of(host)));
      });
  nb::dict options;
  for (const auto& [name, value] : facts.options) {
    options[text_of(name)] = text_of(value);
  }
  nb::dict result;
  result["dialect"] = text_of(facts.dialect);
  result["host"] = text_of(facts.host);
  result["port"] = facts.port;
  result["database"] = text_of(facts.database);
  result["options"] = options;
  result["dial_host"] = text_of(facts.dial_host);
  result["tls_not_configured"] = facts.tls_not_configured;
  result["allow_private"] = facts.allow_private;
  return result;
}

std::shared_ptr<RowStream> open_rows(const Recipe& source, const CallArguments& call) {
  Prepared job(source, call, nb::none());
  std::optional<BatchStream> stream;
  job.run_with_engine([&](const Engine& engine) {
    stream.emplace(engine.open(job.recipe.query, job.params, job.stop.get_token()));
    check_required_columns(job.recipe, stream->schema()->field_names());
  });
  return std::make_shared<RowStream>(RowSource(std::move(*stream)), job.stop);
}

std::string fetch_file(const Recipe& source, const CallArguments& call,
                       const nb::dict& output, const nb::object& on_progress) {
  Prepared job(source, call, on_progress);
  FetchOptions options;
  options.output = output_options(output, source.sink);
  options.lock = lock_options(output);
  options.run_id = run_id_of(output);
  options.events = job.events;
  options.stop = job.stop.get_token();
  if (job.callbacks.wants_progress()) {
    options.progress = [&](const Progress& now) {
      job.callbacks.progress(now.rows, now.bytes, now.expected_rows,
                             std::chrono::duration<double>(now.elapsed).count());
    };
  }
  Receipt receipt;
  job.run_with_engine([&](const Engine& engine) {
    receipt = fetch(engine, job.recipe, job.params, options);
  });
  return to_json(receipt);
}

nb::dict plan_query(const Recipe& source, const CallArguments& call) {
  Prepared job(source, call, nb::none());
  QueryPlan plan;
  job.run_with_engine([&](const Engine& engine) {
    plan = engine.plan(job.recipe.query, job.params, job.stop.get_token());
  });
  nb::list columns;
  for (const QueryPlan::Column& column : plan.columns) {
    columns.append(nb::make_tuple(text_of(column.name), text_of(column.declared),
                                  text_of(column.arrow), text_of(column.hint)));
  }
  nb::dict result;
  result["dialect"] = text_of(plan.dialect);
  result["columns"] = columns;
  result["explain"] = texts_of(plan.explain);
  result["account"] = texts_of(plan.account);
  result["routes"] = texts_of(plan.routes);
  return result;
}

nb::dict validate_source(const Recipe& source, const CallArguments& call, bool offline) {
  Prepared job(source, call, nb::none());
  Validation found;
  job.run_with_engine([&](const Engine& engine) {
    found = validate(engine, job.recipe, job.params, offline, job.stop.get_token());
  });
  nb::dict result;
  result["dialect"] = found.dialect.empty() ? nb::none() : text_of(found.dialect);
  result["parameters"] = texts_of(found.parameters);
  result["connected"] = found.connected;
  return result;
}

}  // namespace penstock::python
