#include "cli/events.h"

#include <type_traits>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/run_facts.h"
#include "penstock/error.h"

namespace penstock::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Level {
  const char* name;
  const char* label;
  const char* sgr;
};

Level traits_of(Event::Level level) {
  switch (level) {
    case Event::Level::kDebug:
      return {"debug", "debug", "2"};
    case Event::Level::kInfo:
      return {"info", "note", "36"};
    case Event::Level::kWarning:
      return {"warning", "warning", "1;33"};
    case Event::Level::kError:
      return {"error", "error", "1;31"};
  }
  return {"error", "error", "1;31"};
}

Json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, bool> || std::is_arithmetic_v<Held> ||
                      std::is_same_v<Held, std::string>) {
          return held;
        } else {
          return nullptr;  // no event has one of the others
        }
      },
      value);
}

std::string field_text(const Event& event, std::string_view name) {
  for (const auto& [known, value] : event.fields) {
    const std::string* const held = std::get_if<std::string>(&value);
    if (known == name) return held != nullptr ? *held : to_json(value).dump();
  }
  return {};
}

// An event with a field "message" is that sentence; one that nobody gave a sentence is
// its name and fields.
std::string text_of(const Event& event) {
  if (std::string message = field_text(event, "message"); !message.empty())
    return message;
  if (event.name == "recipe_env_var_empty") {
    return fmt::format("env var {} is set but empty ({})", field_text(event, "name"),
                       field_text(event, "field"));
  }
  if (event.name == "sql_dsn_tls_not_configured") {
    return fmt::format("the DSN in env var {} does not ask for TLS",
                       field_text(event, "dsn_env"));
  }
  std::string text = event.name;
  for (const auto& field : event.fields) {
    text += fmt::format(" {}={}", field.first, field_text(event, field.first));
  }
  return text;
}

}  // namespace

LogFormat log_format_of(const Environment& environment) {
  const auto control = environment.control("LOG_FORMAT");
  if (!control || control->value == "auto") return LogFormat::kAuto;
  if (control->value == "text") return LogFormat::kText;
  if (control->value == "json") return LogFormat::kJson;
  throw Error(Category::kConfiguration, "bad_control_value",
              fmt::format("{} is '{}'; it is one of auto, text, json", control->name,
                          harmless(control->value)));
}

std::string json_line(const Event& event) {
  Json json{{"timestamp", utc_now()},
            {"level", traits_of(event.level).name},
            {"event", event.name}};
  for (const auto& [name, value] : event.fields) json[name] = to_json(value);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Messages::configure(const MessageOptions& options) {
  options_ = options;
  json_ = options.format == LogFormat::kJson ||
          (options.format == LogFormat::kAuto && !terminal_.is_terminal);
}

void Messages::event(const Event& event) {
  const bool news =
      event.level == Event::Level::kDebug || event.level == Event::Level::kInfo;
  if (news && options_.quiet) return;
  if (event.level == Event::Level::kDebug && !options_.verbose) return;
  if (json_) return raw_line(json_line(event));
  // A person has the summary; the events behind it are for logs.
  if (news && !options_.verbose) return;
  const Level level = traits_of(event.level);
  raw_line(fmt::format("{} {}",
                       paint(fmt::format("{}:", level.label), level.sgr, terminal_.color),
                       harmless(text_of(event))));
}

void Messages::summary(std::string_view line) {
  if (!json_ && !options_.quiet) raw_line(line);
}

void Messages::raw_line(std::string_view line) {
  const std::lock_guard lock(mutex_);
  write_line(line);
}

void Messages::write_line(std::string_view line) {
  const char* const erase = status_shown_ ? "\r\x1b[K" : "";
  status_shown_ = false;
  write_stderr(fmt::format("{}{}\n", erase, redactor_(line)));
}

void Messages::show_status(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (line.empty() && !status_shown_) return;
  // One write, cut to the width, so that a half-drawn or wrapped line is never seen.
  write_stderr(
      fmt::format("\r{}\x1b[K", cut_to_width(redactor_(line), terminal_.columns - 1)));
  status_shown_ = !line.empty();
}

}  // namespace penstock::cli
