// Rows as an aligned table on a terminal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "cli/terminal.h"

namespace penstock::cli {

/// Widths are settled by the first batch, so that memory is bounded and rows show as they
/// come; a longer cell ends in "…", and columns that do not fit beside the others are
/// left out and counted in the footer.
class Table {
 public:
  Table(const arrow::Schema& schema, const Terminal& terminal);

  /// The lines of a batch; the header stands before the first.
  std::string rows(const arrow::RecordBatch& batch);
  /// The header if no batch came, and the count.
  std::string footer();

 private:
  struct Column {
    std::string name;
    bool right = false;     // numbers
    bool squeezed = false;  // narrower than its cells, to fit the terminal
    int width = 0;
  };
  struct Cell {
    std::string text;
    bool null = false;
  };

  Cell cell(const arrow::Array& array, std::int64_t row) const;
  void settle_widths(const arrow::RecordBatch* first);
  std::string header() const;
  void append_cell(const Column& column, const Cell& cell, bool last,
                   std::string& out) const;

  const Terminal terminal_;
  std::vector<Column> columns_;
  std::size_t shown_ = 0;  // the first so many columns
  bool begun_ = false;
  std::int64_t row_count_ = 0;
};

}  // namespace penstock::cli
