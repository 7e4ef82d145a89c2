#include "dialect/sqlite/cursor.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "dialect/sqlite/connection.h"
#include "dialect/sqlite/declared_type.h"
#include "penstock/error.h"

namespace penstock::sqlite {
namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

// Gives `sink` the value, in its own type; the bytes of it that vary.
//
// sqlite3_column_value and the sqlite3_value_* calls on it cost half of what the
// sqlite3_column_* calls do, and on a connection without a mutex they may be mixed
// (https://www.sqlite.org/c3ref/value.html).
template <typename Sink>
std::int64_t read_value(sqlite3_value* value, Sink&& sink) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      sink.on_int(sqlite3_value_int64(value));
      return 0;
    case SQLITE_FLOAT:
      sink.on_real(sqlite3_value_double(value));
      return 0;
    case SQLITE_NULL:
      sink.on_null();
      return 0;
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      const int size = sqlite3_value_bytes(value);
      if (text == nullptr)
        throw Error(Category::kLimit, "out_of_memory",
                    "not enough memory for a text value");
      sink.on_bytes(ValueKind::kText, text, size);
      return size;
    }
    default: {
      const auto* blob = static_cast<const char*>(sqlite3_value_blob(value));
      const int size = sqlite3_value_bytes(value);
      sink.on_bytes(ValueKind::kBlob, blob == nullptr ? "" : blob, size);
      return size;
    }
  }
}

struct ToWriter {
  ValueWriter& writer;
  std::int64_t row;
  void on_int(std::int64_t value) const { writer.set_int(row, value); }
  void on_real(double value) const { writer.set_real(row, value); }
  void on_null() const { writer.set_null(row); }
  void on_bytes(ValueKind kind, const char* bytes, std::int64_t size) const {
    kind == ValueKind::kText ? writer.set_text(row, bytes, size)
                             : writer.set_blob(row, bytes, size);
  }
};

struct ToLookahead {
  Lookahead& column;
  void on_int(std::int64_t value) const { column.add_int(value); }
  void on_real(double value) const { column.add_real(value); }
  void on_null() const { column.add_null(); }
  void on_bytes(ValueKind kind, const char* bytes, std::int64_t size) const {
    column.add_bytes(kind, bytes, size);
  }
};

}  // namespace

std::vector<CursorColumn> cursor_columns(sqlite3_stmt* prepared,
                                         const TypeChoices& choices) {
  const int count = sqlite3_column_count(prepared);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i)
    names.push_back(text_or_empty(sqlite3_column_name(prepared, i)));
  names = unique_names(std::move(names), choices.duplicates);
  check_named_columns(choices, names);
  std::vector<CursorColumn> columns;
  for (int i = 0; i < count; ++i) {
    CursorColumn column{names[static_cast<std::size_t>(i)],
                        text_or_empty(sqlite3_column_decltype(prepared, i)),
                        std::nullopt};
    const auto chosen = choices.columns.find(column.name);
    column.type = chosen != choices.columns.end()
                      ? std::optional(chosen->second)
                      : type_of_declared(column.declared, choices.numeric);
    columns.push_back(std::move(column));
  }
  return columns;
}

SqliteCursor::SqliteCursor(SqliteConnection& connection, Prepared prepared,
                           const ReadOptions& options)
    : connection_(connection),
      prepared_(std::move(prepared)),
      batch_(options.batch),
      on_lossy_(options.types.on_lossy) {
  const std::vector<CursorColumn> columns =
      cursor_columns(prepared_.get(), options.types);
  // Under OnLossy::kText the first rows decide whether a column keeps its declared type,
  // too.
  const bool known =
      on_lossy_ != OnLossy::kText &&
      std::all_of(columns.begin(), columns.end(),
                  [](const CursorColumn& column) { return column.type.has_value(); });
  if (known) {
    for (const CursorColumn& column : columns) add_writer(column, *column.type);
    set_schema();
  } else {
    first_ = read_first(columns);
  }
}

void SqliteCursor::add_writer(const CursorColumn& column, const TypeName& type) {
  ColumnWriter::Facts facts{column.name, column.declared, on_lossy_};
  facts.guessed = !column.type.has_value();
  facts.in_place_of_declared = column.type.has_value() && *column.type != type;
  writers_.emplace_back(std::move(facts), type);
}

void SqliteCursor::set_schema() {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const ValueWriter& writer : writers_) {
    fields.push_back(arrow::field(writer.facts().name, arrow_type(writer.type())));
  }
  schema_ = arrow::schema(std::move(fields));
}

bool SqliteCursor::step() {
  const int code = sqlite3_step(prepared_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.fail("the query failed");
  done_ = true;
  return false;
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::read_first(
    const std::vector<CursorColumn>& columns) {
  std::vector<Lookahead> kept;
  for (const CursorColumn& column : columns) kept.emplace_back(column.type);
  std::int64_t rows = 0;
  for (std::int64_t bytes = 0; rows < batch_.rows && bytes < batch_.bytes && step();
       ++rows) {
    int index = 0;
    for (Lookahead& column : kept) {
      bytes += 8 + read_value(sqlite3_column_value(prepared_.get(), index++),
                              ToLookahead{column});
    }
  }
  std::size_t index = 0;
  for (const Lookahead& column : kept) {
    add_writer(columns[index++], column.decide());
    writers_.back().start(rows);
    column.replay(writers_.back());
  }
  set_schema();
  return rows == 0 ? nullptr : finish(rows);
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::read_batch() {
  std::int64_t row_bytes = 0;
  for (ValueWriter& writer : writers_) {
    writer.start(batch_.rows);
    row_bytes += writer.fixed_bytes();
  }
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  while (rows < batch_.rows && bytes < batch_.bytes && step()) {
    bytes += row_bytes;
    int index = 0;
    for (ValueWriter& writer : writers_) {
      bytes += read_value(sqlite3_column_value(prepared_.get(), index++),
                          ToWriter{writer, rows});
    }
    ++rows;
  }
  return rows == 0 ? nullptr : finish(rows);
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::finish(std::int64_t rows) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (ValueWriter& writer : writers_) arrays.push_back(writer.finish(rows));
  return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::next() {
  if (first_) return std::exchange(first_, nullptr);
  return done_ ? nullptr : read_batch();
}

Ledger SqliteCursor::ledger() const {
  Ledger ledger;
  for (const ValueWriter& writer : writers_) ledger.push_back(writer.lossy());
  return ledger;
}

}  // namespace penstock::sqlite
