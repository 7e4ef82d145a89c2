// CSV: UTF-8, LF, a header; text in quotes, NULL as nothing. Our own, since Arrow's
// writer refuses lists, intervals and uuids.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "sink/scalar_text.h"
#include "sink/text_value.h"
#include "sink/writer.h"

namespace penstock {
namespace {

using arrow::Status;
using arrow::Type;

constexpr std::size_t kFlushBytes = 1024 * 1024;

// Numbers, booleans, dates and times stand bare, and NULL as nothing; all else is quoted.
bool stands_bare(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
      return true;
    default:
      return arrow::is_numeric(type.id()) || arrow::is_decimal(type.id());
  }
}

bool is_text(const arrow::DataType& type) {
  return type.id() == Type::STRING || type.id() == Type::LARGE_STRING ||
         type.id() == Type::STRING_VIEW;
}

void append_quoted_string(const arrow::Array& array, std::int64_t row, std::string& out) {
  append_quoted(view_of(array, row), out);
}

class CsvWriter final : public Encoder {
 public:
  CsvWriter(std::shared_ptr<arrow::io::OutputStream> out, const arrow::Schema& schema)
      : out_(std::move(out)) {
    for (const auto& field : schema.fields()) {
      const arrow::DataType& type = value_type(*field->type());
      if (is_text(type)) {
        columns_.push_back({append_quoted_string, false});
      } else {
        columns_.push_back({text_function(*field->type()), !stands_bare(type)});
      }
      if (columns_.size() > 1) text_ += ',';
      append_quoted(field->name(), text_);
    }
    text_ += '\n';
  }

  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    const arrow::ArrayVector& arrays = batch.columns();
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (std::size_t i = 0; i < arrays.size(); ++i) {
        if (i > 0) text_ += ',';
        append_field(columns_[i], *arrays[i], row);
      }
      text_ += '\n';
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return flush();
  }
  using Encoder::WriteRecordBatch;

  Status Close() override { return flush(); }
  arrow::ipc::WriteStats stats() const override { return {}; }

  Status flush() {
    ARROW_RETURN_NOT_OK(
        out_->Write(text_.data(), static_cast<std::int64_t>(text_.size())));
    text_.clear();
    return Status::OK();
  }

 private:
  struct Column {
    AppendValue append;
    bool quoted;  // by this class
  };

  void append_field(const Column& column, const arrow::Array& array, std::int64_t row) {
    const arrow::Array* at = &array;
    if (!find_value(at, row)) return;
    if (!column.quoted) {
      column.append(*at, row, text_);
      return;
    }
    scratch_.clear();
    column.append(*at, row, scratch_);
    append_quoted(scratch_, text_);
  }

  std::shared_ptr<arrow::io::OutputStream> out_;
  std::vector<Column> columns_;
  std::string text_;
  std::string scratch_;
};

}  // namespace

EncoderResult make_csv_writer(std::shared_ptr<arrow::io::OutputStream> out,
                              const std::shared_ptr<arrow::Schema>& schema) {
  auto writer = std::make_shared<CsvWriter>(std::move(out), *schema);
  ARROW_RETURN_NOT_OK(writer->flush());  // the header, though no row may ever come
  return writer;
}

}  // namespace penstock
