// A prepared read and its rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "columns/lookahead.h"
#include "columns/value_writer.h"
#include "dialect/dialect.h"
#include "dialect/sqlite/handles.h"

namespace penstock::sqlite {

class SqliteConnection;

/// A result column as far as it is known before any row.
struct CursorColumn {
  std::string name;
  std::string declared;
  std::optional<TypeName> type;  // nothing: its first rows decide

  friend bool operator==(const CursorColumn&, const CursorColumn&) = default;
};

/// Throws Error{kDataSource} for two columns of one name and for a name that is not
/// UTF-8, Error{kRecipe} for a choice that names no column.
std::vector<CursorColumn> cursor_columns(sqlite3_stmt* prepared,
                                         const TypeChoices& choices);

class SqliteCursor final : public Cursor {
 public:
  /// Reads the first batch at once if a column's type depends on it.
  SqliteCursor(SqliteConnection& connection, Prepared prepared,
               const ReadOptions& options, std::int64_t expected_rows);

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::shared_ptr<arrow::RecordBatch> next() override;
  Ledger ledger() const override;
  std::int64_t expected_rows() const override { return expected_rows_; }

 private:
  void add_writer(const CursorColumn& column, const TypeName& type);
  void set_schema();
  std::shared_ptr<arrow::RecordBatch> read_first();
  bool step();
  void check_schema_after_first_step();
  std::shared_ptr<arrow::RecordBatch> read_batch();
  std::shared_ptr<arrow::RecordBatch> finish(std::int64_t rows);

  SqliteConnection& connection_;
  Prepared prepared_;
  ReadOptions options_;
  std::int64_t expected_rows_;
  std::vector<CursorColumn> columns_;
  bool stepped_ = false;
  bool done_ = false;
  std::vector<ValueWriter> writers_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatch>
      first_;  // read by the constructor, not yet given out
};

}  // namespace penstock::sqlite
