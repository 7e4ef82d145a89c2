#include "dialect/sqlite/cursor.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/arrow_types.h"
#include "dialect/sqlite/connection.h"
#include "dialect/sqlite/declared_type.h"
#include "penstock/error.h"

namespace penstock::sqlite {
namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

[[noreturn]] void refuse_for_memory() {
  throw Error(Category::kLimit, "out_of_memory", "not enough memory for a value",
              "the query needs more memory than it may have");
}

// Gives `sink` the value, in its own type; the bytes of it that vary, in the batch.
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
      if (text == nullptr) refuse_for_memory();
      sink.on_text(text, size);
      return size;
    }
    default: {
      // Null for an empty blob, but also for a zeroblob that there is no memory for.
      const auto* blob = static_cast<const char*>(sqlite3_value_blob(value));
      const int size = sqlite3_value_bytes(value);
      if (blob == nullptr && size > 0) refuse_for_memory();
      return sink.on_blob(blob == nullptr ? "" : blob, size);
    }
  }
}

struct ToWriter {
  ValueWriter& writer;
  std::int64_t row;
  void on_int(std::int64_t value) const { writer.set_int(row, value); }
  void on_real(double value) const { writer.set_real(row, value); }
  void on_null() const { writer.set_null(row); }
  void on_text(const char* text, std::int64_t size) const {
    writer.set_text(row, text, size);
  }
  std::int64_t on_blob(const char* blob, std::int64_t size) const {
    const std::int64_t before = writer.buffer().data_size();
    writer.set_blob(row, blob, size);
    return writer.buffer().data_size() - before;
  }
};

struct ToLookahead {
  Lookahead& column;
  void on_int(std::int64_t value) const { column.add_int(value); }
  void on_real(double value) const { column.add_real(value); }
  void on_null() const { column.add_null(); }
  void on_text(const char* text, std::int64_t size) const {
    column.add_bytes(ValueKind::kText, text, size);
  }
  std::int64_t on_blob(const char* blob, std::int64_t size) const {
    column.add_bytes(ValueKind::kBlob, blob, size);
    return 2 * size;  // it may become text: hex digits
  }
};

}  // namespace

std::vector<CursorColumn> cursor_columns(sqlite3_stmt* prepared,
                                         const TypeChoices& choices) {
  const int count = sqlite3_column_count(prepared);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.push_back(text_or_empty(sqlite3_column_name(prepared, i)));
    if (is_valid_utf8(names.back())) continue;
    throw Error(Category::kDataSource, "column_name_encoding",
                fmt::format("the name of result column {} is not valid UTF-8", i + 1),
                "give it an alias in the query (AS ...)");
  }
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
                           const ReadOptions& options, std::int64_t expected_rows)
    : connection_(connection),
      prepared_(std::move(prepared)),
      options_(options),
      expected_rows_(expected_rows),
      columns_(cursor_columns(prepared_.get(), options.types)) {
  // Under OnLossy::kText the first rows decide whether a column keeps its declared type,
  // too.
  const bool known =
      options_.types.on_lossy != OnLossy::kText &&
      std::all_of(columns_.begin(), columns_.end(),
                  [](const CursorColumn& column) { return column.type.has_value(); });
  if (known) {
    for (const CursorColumn& column : columns_) add_writer(column, *column.type);
    set_schema();
  } else {
    first_ = read_first();
  }
}

void SqliteCursor::add_writer(const CursorColumn& column, const TypeName& type) {
  ColumnWriter::Facts facts{column.name, column.declared, options_.types.on_lossy};
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
  if (code != SQLITE_ROW && code != SQLITE_DONE) connection_.fail_step();
  if (!std::exchange(stepped_, true)) check_schema_after_first_step();
  done_ = code == SQLITE_DONE;
  return !done_;
}

// The first step prepares the statement again if another program has changed the schema
// meanwhile (https://www.sqlite.org/c3ref/step.html): `SELECT *` may then have other
// columns than those we know.
void SqliteCursor::check_schema_after_first_step() {
  if (sqlite3_stmt_status(prepared_.get(), SQLITE_STMTSTATUS_REPREPARE, 0) == 0) return;
  if (sqlite3_column_count(prepared_.get()) == static_cast<int>(columns_.size()) &&
      cursor_columns(prepared_.get(), options_.types) == columns_) {
    return;
  }
  throw Error(Category::kDataSource, "schema_changed",
              "another program changed the columns of the result while the query began",
              "run it again");
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::read_first() {
  std::vector<Lookahead> kept;
  for (const CursorColumn& column : columns_) kept.emplace_back(column.type);
  const BatchSize& batch = options_.batch;
  std::int64_t rows = 0;
  for (std::int64_t bytes = 0; rows < batch.rows && bytes < batch.bytes && step();
       ++rows) {
    int index = 0;
    for (Lookahead& column : kept) {
      bytes += 8 + read_value(sqlite3_column_value(prepared_.get(), index++),
                              ToLookahead{column});
    }
  }
  std::size_t index = 0;
  for (const Lookahead& column : kept) {
    add_writer(columns_[index++], column.decide());
    writers_.back().start(rows);
    column.replay(writers_.back());
  }
  set_schema();
  return rows == 0 ? nullptr : finish(rows);
}

std::shared_ptr<arrow::RecordBatch> SqliteCursor::read_batch() {
  std::int64_t row_bytes = 0;
  for (const ValueWriter& writer : writers_) row_bytes += writer.fixed_bytes();
  // No more room than the bytes allow: a result may have two thousand columns.
  const BatchSize& batch = options_.batch;
  const std::int64_t most_rows = std::min(batch.rows, batch.bytes / row_bytes + 1);
  for (ValueWriter& writer : writers_) writer.start(most_rows);
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  while (rows < most_rows && bytes < batch.bytes && step()) {
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
  if (first_ == nullptr && done_) return nullptr;
  // The consumer's time counts, too (contract).
  connection_.check_wait();
  return first_ ? std::exchange(first_, nullptr) : read_batch();
}

Ledger SqliteCursor::ledger() const {
  Ledger ledger;
  for (const ValueWriter& writer : writers_) ledger.push_back(writer.lossy());
  return ledger;
}

}  // namespace penstock::sqlite
