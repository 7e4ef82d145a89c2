// The bytes of a row -> Arrow. Separate from the wire, so that it is tested on captured
// bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "columns/column_writer.h"
#include "columns/list_writer.h"
#include "dialect/postgres/types.h"
#include "penstock/types.h"

namespace penstock::postgres {

/// Decodes DataRow messages into record batches. Hot. One thread at a time.
///
/// Errors: Error{kDataSource}, code "lossy_value", by the policy; Error{kUnavailable},
/// code "protocol_error", for bytes that are no row of these columns, whatever they are.
class RowDecoder {
 public:
  RowDecoder(std::vector<ColumnPlan> plans, OnLossy on_lossy);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  void start(std::int64_t rows);
  /// Appends the row in the body of a DataRow message; the bytes it takes in the batch.
  std::int64_t add(std::string_view body);
  std::int64_t rows() const { return row_; }
  std::shared_ptr<arrow::RecordBatch> finish();
  Ledger ledger() const;

 private:
  struct Column {
    Column(const ColumnPlan& column_plan, OnLossy on_lossy);
    Decode decode;  // of the plan; read for every value, so it stands with the buffer
    int scale;
    std::int64_t limit;  // a decimal below it, in 64 bits, has few enough digits
    ColumnWriter writer;
    ColumnPlan plan;
    std::optional<ListWriter> list;
  };

  void set(Column& column, const char* at, std::int32_t size);
  void set_other(Column& column, std::string_view bytes);
  void set_misfit(Column& column, Decode decode, std::string_view bytes);
  void set_list(Column& column, std::string_view bytes);

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Column> columns_;
  std::int64_t fixed_bytes_ = 0;
  std::int64_t longer_bytes_ = 0;  // of the row: its text beyond what the server sent
  std::int64_t row_ = 0;
  bool clamp_ = false;
};

}  // namespace penstock::postgres
