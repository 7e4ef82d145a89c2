#include "cli/progress.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/units.h"

namespace penstock::cli {
namespace {

std::string text_of(const std::string& label, const Progress& progress) {
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  if (progress.rows == 0) {
    return fmt::format("{}  waiting for the first row  {}", harmless(label),
                       duration_text(seconds));
  }
  const auto rate = static_cast<std::int64_t>(static_cast<double>(progress.rows) /
                                              std::max(seconds, 0.001));
  std::string text = fmt::format("{}  {} rows  {}  {} rows/s  {}", harmless(label),
                                 count_text(progress.rows), bytes_text(progress.bytes),
                                 count_text(rate), duration_text(seconds));
  if (progress.expected_rows > 0) {
    // The total is an estimate, so the share stays below the whole until the end.
    const double share = 100.0 * static_cast<double>(progress.rows) /
                         static_cast<double>(progress.expected_rows);
    text += fmt::format("  {:.0f} %", std::min(share, 99.0));
  }
  return text;
}

}  // namespace

ProgressLine::ProgressLine(Messages& messages, ProgressMode mode, std::string label)
    : messages_(messages),
      label_(std::move(label)),
      on_terminal_(messages.terminal().is_terminal && !messages.json()) {
  const bool shown = mode == ProgressMode::kAlways ||
                     (mode == ProgressMode::kAuto && on_terminal_ && !messages.quiet());
  if (shown) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (on_terminal_) messages_.show_status("");
}

void ProgressLine::update(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  latest_ = progress;
}

void ProgressLine::run(const std::stop_token& stop) {
  using std::chrono::milliseconds;
  const auto interval = on_terminal_ ? milliseconds(100) : milliseconds(5000);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, stop, interval, [] { return false; });
    if (stop.stop_requested()) return;
    latest_.elapsed = std::chrono::duration_cast<milliseconds>(
        std::chrono::steady_clock::now() - start_);
    draw(latest_);
  }
}

void ProgressLine::draw(const Progress& progress) const {
  if (on_terminal_) return messages_.show_status(text_of(label_, progress));
  if (!messages_.json()) return messages_.raw_line(text_of(label_, progress));
  messages_.raw_line(json_line(
      {Event::Level::kInfo,
       "fetch_progress",
       {{"recipe", label_},
        {"rows", progress.rows},
        {"bytes", progress.bytes},
        {"seconds", std::chrono::duration<double>(progress.elapsed).count()}}}));
}

}  // namespace penstock::cli
