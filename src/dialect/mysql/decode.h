// The bytes of a binary row -> Arrow. Separate from the wire, so that it is tested on
// captured bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "columns/column_writer.h"
#include "dialect/mysql/types.h"
#include "penstock/types.h"

namespace penstock::mysql {

/// Decodes the rows of a prepared statement into record batches. Hot. One thread at a
/// time.
///
/// Errors: Error{kDataSource}, code "lossy_value", by the policy; Error{kUnavailable},
/// code "protocol_error", for bytes that are no row of these columns, whatever they are.
class RowDecoder {
 public:
  RowDecoder(std::vector<ColumnPlan> plans, OnLossy on_lossy);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  void start(std::int64_t rows);
  /// Appends the row in a packet's payload; the bytes it takes in the batch.
  std::int64_t add(std::string_view payload);
  std::int64_t rows() const { return row_; }
  std::shared_ptr<arrow::RecordBatch> finish();
  Ledger ledger() const;

 private:
  struct Column {
    Column(const ColumnPlan& column_plan, OnLossy on_lossy);
    ColumnPlan plan;
    Decode decode;
    ColumnWriter writer;
  };

  const char* set(Column& column, const char* at, const char* end);
  void set_bytes(Column& column, std::string_view bytes);
  void set_decimal(Column& column, std::string_view text);
  void set_date(Column& column, std::string_view bytes);
  void set_bool(Column& column, std::uint64_t value);

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Column> columns_;
  std::size_t bitmap_bytes_;
  std::int64_t fixed_bytes_ = 0;
  std::int64_t row_ = 0;
  bool clamp_ = false;
};

}  // namespace penstock::mysql
