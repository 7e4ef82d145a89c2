// Everything that goes to standard error: events, errors and the line that shows
// progress.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/redactor.h"
#include "cli/terminal.h"
#include "penstock/environment.h"
#include "penstock/event.h"

namespace penstock::cli {

enum class LogFormat { kAuto, kText, kJson };

struct MessageOptions {
  LogFormat format = LogFormat::kAuto;
  bool quiet = false;    // warnings and errors only
  bool verbose = false;  // text: also what only a log would otherwise have
};

/// The format that `control` PENSTOCK_LOG_FORMAT or its twin asks for. Throws
/// Error{kConfiguration}, naming the variable.
LogFormat log_format_of(const Environment& environment);

/// Text for a person at a terminal, JSON lines for anything else, unless a format is
/// asked for. Whatever is said, no secret that `redactor` knows is in it. Thread-safe.
class Messages {
 public:
  explicit Messages(const Terminal& terminal, Redactor redactor = {})
      : terminal_(terminal), redactor_(std::move(redactor)) {
    configure({});
  }
  void configure(const MessageOptions& options);

  void event(const Event& event);
  /// Text only: a line of its own, not shown when quiet.
  void summary(std::string_view line);
  /// One line of text, or one JSON line, whatever was asked for.
  void raw_line(std::string_view line);

  /// The line at the bottom of a terminal that the next message pushes away; empty: none.
  void show_status(std::string_view line);

  bool json() const { return json_; }
  bool quiet() const { return options_.quiet; }
  const Terminal& terminal() const { return terminal_; }

 private:
  void write_line(std::string_view line);

  const Terminal terminal_;
  const Redactor redactor_;
  MessageOptions options_;
  bool json_ = false;
  std::mutex mutex_;
  bool status_shown_ = false;
};

/// One JSON object: timestamp, level, event, then the fields.
std::string json_line(const Event& event);

}  // namespace penstock::cli
