// A column of lists: offsets and validity here, the elements in a ColumnWriter of their
// own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "columns/column_buffer.h"

namespace penstock {

/// Rows in order, each once: add the row's elements to `elements()` by their own row
/// numbers (next_element() and up), then end the row. start, reserve_elements and finish
/// throw Error{kLimit} when there is no memory. One thread at a time.
class ListWriter {
 public:
  explicit ListWriter(const std::shared_ptr<arrow::DataType>& list_type);

  void start(std::int64_t rows);
  /// Makes room for `count` more elements.
  void reserve_elements(std::int64_t count);
  ColumnBuffer& elements() { return elements_; }
  std::int64_t next_element() { return element_count_++; }
  void end_row() { offsets_.push_back(static_cast<std::int32_t>(element_count_)); }
  void end_null_row();
  std::shared_ptr<arrow::Array> finish(std::int64_t rows);

 private:
  std::shared_ptr<arrow::DataType> type_;
  ColumnBuffer elements_;
  std::int64_t element_count_ = 0;
  std::vector<std::int32_t> offsets_;
  std::vector<bool> nulls_;
};

}  // namespace penstock
