// A result against a task's output schema (FT-005).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "penstock/task.h"

namespace penstock {

/// Checks names and types once, values batch by batch. A declared type that is narrower
/// or of another kind of number is converted where that loses nothing: the value, turned
/// back, is the same. One thread at a time.
class OutputCheck {
 public:
  /// Throws Error{kTask} naming the column and what was expected: one that is missing,
  /// one too many (by policy), one of another type.
  OutputCheck(const Task& task, const std::shared_ptr<arrow::Schema>& found);

  /// Of what convert() gives: the declared columns in their declared order, then those
  /// that are kept.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Throws Error{kTask} naming row and column: a NULL where there must be none, a value
  /// that the declared type cannot hold. Never with the value.
  std::shared_ptr<arrow::RecordBatch> convert(
      const std::shared_ptr<arrow::RecordBatch>& batch);

 private:
  struct Column {
    int index;         // in the result
    std::string type;  // as declared; empty: as it comes
    bool nullable = true;
    bool number_as_text = false;
  };

  void add(const OutputColumn& declared, const arrow::Schema& found);
  void add_extra(const Task& task, const arrow::Schema& found);

  std::vector<Column> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<arrow::Field>> fields_;
  bool as_it_comes_ = false;
  std::int64_t rows_ = 0;
};

}  // namespace penstock
