// One column of a result under construction: its buffer, its policy for lossy values, and
// what it counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "columns/column_buffer.h"
#include "columns/ledger.h"
#include "penstock/types.h"

namespace penstock {

/// What every dialect's columns share; how a value is decoded is theirs. Rows are set in
/// order, each once. One thread at a time.
///
/// Errors: a value without an exact place throws Error{kDataSource}, code "lossy_value",
/// under OnLossy::kError; the message names row, column, declared type and the value's
/// type, never the value.
class ColumnWriter {
 public:
  struct Facts {
    std::string name;
    std::string declared;  // the database's type name; empty for an expression
    OnLossy on_lossy = OnLossy::kError;
    /// Text because a value did not fit the declared type: its values count as_text.
    bool in_place_of_declared = false;
    /// Decided by the first batch: a misfit gets the hint to CAST.
    bool guessed = false;
  };
  /// `type` is a storage type: no extension type.
  ColumnWriter(Facts facts, std::string type_text, std::shared_ptr<arrow::DataType> type);

  const Facts& facts() const { return facts_; }
  const LossyCounts& lossy() const { return lossy_; }
  ColumnBuffer& buffer() { return buffer_; }
  std::int64_t fixed_bytes() const { return buffer_.fixed_bytes(); }

  void start(std::int64_t rows) { buffer_.start(rows); }
  void set_null(std::int64_t row) { buffer_.set_null(row); }

  /// A value that has no exact place, under OnLossy::kError, or under kText in a column
  /// that is not text: throws. Else it becomes NULL and is counted.
  void null_or_refuse(std::int64_t row, std::string_view value_type);
  /// A value that the caller has set to the nearest one the type holds.
  void count_clamped() { ++lossy_.clamped; }

  /// For a column whose values are kept elsewhere: `rows` more are done.
  void count_rows(std::int64_t rows) { rows_before_ += rows; }
  /// The batch's first `rows` rows; text is checked to be UTF-8 here, a batch at once.
  std::shared_ptr<arrow::Array> finish(std::int64_t rows);

 protected:
  /// Bytes that are not UTF-8, or a blob, in a text column.
  void set_unreadable_text(std::int64_t row, std::string_view bytes,
                           std::string_view value_type);

 private:
  [[noreturn]] void refuse(std::int64_t row, std::string_view value_type) const;
  void replace_invalid_text(std::int64_t rows);

  Facts facts_;
  std::string type_text_;
  bool text_;
  std::int64_t rows_before_ = 0;  // in the batches that are done
  LossyCounts lossy_;
  ColumnBuffer buffer_;
};

}  // namespace penstock
