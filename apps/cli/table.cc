#include "cli/table.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "cli/units.h"
#include "sink/text_value.h"

namespace penstock::cli {
namespace {

constexpr int kGap = 3;         // " │ "
constexpr int kLeastWidth = 8;  // what a column is not squeezed below
constexpr int kMostCharacters =
    2000;  // of a cell that are looked at: no terminal is wider

void append_blanks(int count, std::string& out) {
  out.append(static_cast<std::size_t>(std::max(0, count)), ' ');
}

}  // namespace

Table::Table(const arrow::Schema& schema, const Terminal& terminal)
    : terminal_(terminal) {
  for (const auto& field : schema.fields()) {
    const auto id = field->type()->id();
    columns_.push_back(
        {harmless(field->name()), arrow::is_numeric(id) || arrow::is_decimal(id)});
  }
}

Table::Cell Table::cell(const arrow::Array& array, std::int64_t row) const {
  if (array.IsNull(row)) return {"NULL", true};
  std::string text;
  append_text(array, row, text);
  // Whole seconds, the most common case, need no six zeros for a reader.
  if (arrow::is_temporal(array.type_id())) {
    if (const auto zeros = text.find(".000000"); zeros != std::string::npos) {
      text.erase(zeros, 7);
    }
  }
  // A cut may split a character; the halves are never shown, since the terminal is
  // narrower.
  if (text.size() > kMostCharacters * 4) text.resize(kMostCharacters * 4);
  return {harmless(text)};
}

void Table::settle_widths(const arrow::RecordBatch* first) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    column.width = std::max(1, display_width(column.name));
    if (first == nullptr) continue;
    const auto array = first->column(static_cast<int>(i));
    for (std::int64_t row = 0; row < first->num_rows(); ++row) {
      column.width = std::max(column.width, display_width(cell(*array, row).text));
    }
  }
  // As many columns as fit when each is squeezed as far as it goes.
  int least = 0;
  shown_ = 0;
  for (const Column& column : columns_) {
    const int more = std::min(column.width, kLeastWidth) + (shown_ == 0 ? 2 : kGap);
    if (shown_ > 0 && least + more > terminal_.columns) break;
    least += more;
    ++shown_;
  }
  // Then the widest gives way until the line fits.
  const auto end = columns_.begin() + static_cast<std::ptrdiff_t>(shown_);
  int total = 2 + kGap * (static_cast<int>(shown_) - 1);
  for (auto column = columns_.begin(); column != end; ++column) total += column->width;
  while (total > terminal_.columns) {
    const auto widest =
        std::max_element(columns_.begin(), end,
                         [](const auto& a, const auto& b) { return a.width < b.width; });
    if (widest->width <= 1) break;
    int next = 1;  // the width of the second widest
    for (auto column = columns_.begin(); column != end; ++column) {
      if (column != widest)
        next = std::max(next, std::min(column->width, widest->width - 1));
    }
    const int cut = std::min(total - terminal_.columns, widest->width - next);
    widest->width -= cut;
    widest->squeezed = true;
    total -= cut;
  }
}

void Table::append_cell(const Column& column, const Cell& cell, bool last,
                        std::string& out) const {
  const bool whole = column.right && !column.squeezed;
  const std::string text = whole ? cell.text : cut_to_width(cell.text, column.width);
  const int blanks = column.width - display_width(text);
  if (column.right) append_blanks(blanks, out);
  out += cell.null ? paint(text, "2", terminal_.color) : text;
  if (!column.right && !last) append_blanks(blanks, out);
}

std::string Table::header() const {
  std::string names = " ";
  std::string rule;
  for (std::size_t i = 0; i < shown_; ++i) {
    const Column& column = columns_[i];
    const bool last = i + 1 == shown_;
    const std::string text = cut_to_width(column.name, column.width);
    const int blanks = column.width - display_width(text);
    if (column.right) append_blanks(blanks, names);
    names += paint(text, "1", terminal_.color);
    if (!column.right && !last) append_blanks(blanks, names);
    if (!last) names += " │ ";
    for (int dash = 0; dash < column.width + 2; ++dash) rule += "─";
    if (!last) rule += "┼";
  }
  return names + "\n" + rule + "\n";
}

std::string Table::rows(const arrow::RecordBatch& batch) {
  std::string out;
  if (!begun_) {
    settle_widths(&batch);
    out = header();
    begun_ = true;
  }
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    out += ' ';
    for (std::size_t i = 0; i < shown_; ++i) {
      const bool last = i + 1 == shown_;
      append_cell(columns_[i], cell(*batch.column(static_cast<int>(i)), row), last, out);
      if (!last) out += " │ ";
    }
    out += '\n';
  }
  row_count_ += batch.num_rows();
  return out;
}

std::string Table::footer() {
  std::string out;
  if (!begun_) {
    settle_widths(nullptr);
    out = header();
  }
  std::string count =
      fmt::format("{} {}", count_text(row_count_), row_count_ == 1 ? "row" : "rows");
  if (shown_ < columns_.size()) {
    count += fmt::format(", {} of {} columns shown", shown_, columns_.size());
  }
  return out + paint(count, "2", terminal_.color) + "\n";
}

}  // namespace penstock::cli
