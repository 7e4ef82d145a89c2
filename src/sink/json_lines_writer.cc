// JSON lines: one object a row, keys in column order.
//
// JSON has no exact place for everything: NaN and the infinities are the strings "NaN",
// "Infinity", "-Infinity"; decimals are strings, in full; 64-bit integers are numbers, in
// full, which a reader that keeps doubles will round. All else is the string that CSV
// has, with T between a date and its time. A map is an array of {"key", "value"}.
#include <cctype>
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

using arrow::Array;
using arrow::DataType;
using arrow::Status;
using arrow::Type;

constexpr std::size_t kFlushBytes = 1024 * 1024;

void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t clean = 0;  // start of what needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(clean, i - clean);
    clean = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += c < 0x10 ? "u000" : "u001";
        out += "0123456789abcdef"[c & 15];
    }
  }
  out += text.substr(clean);
  out += '"';
}

void append_value(const Array& array, std::int64_t row, const DataType& type,
                  std::string& out);

// `array` is where find_value has led.
void append_found(const Array& array, std::int64_t row, const DataType& type,
                  std::string& out) {
  switch (type.id()) {
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return append_string(view_of(array, row), out);
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE: {
      const std::size_t start = out.size();
      text_function(type)(array, row, out);
      if (std::isdigit(static_cast<unsigned char>(out.back())) == 0) {
        out.insert(start, 1, '"');
        out += '"';
      }
      return;
    }
    case Type::TIMESTAMP: {
      const auto& of = static_cast<const arrow::TimestampType&>(type);
      out += '"';
      append_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                       of.unit(), {'T', false, of.timezone().empty() ? "" : "Z"}, out);
      out += '"';
      return;
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::MAP: {
      const Elements elements = elements_of(array, row);
      out += '[';
      for (std::int64_t i = elements.begin; i < elements.end; ++i) {
        if (i > elements.begin) out += ',';
        append_value(*elements.values, i, value_type(*elements.values->type()), out);
      }
      out += ']';
      return;
    }
    case Type::STRUCT: {
      const auto& record = static_cast<const arrow::StructArray&>(array);
      out += '{';
      for (int i = 0; i < record.num_fields(); ++i) {
        if (i > 0) out += ',';
        append_string(type.field(i)->name(), out);
        out += ':';
        append_value(*record.field(i), row, value_type(*type.field(i)->type()), out);
      }
      out += '}';
      return;
    }
    default:
      break;
  }
  if (type.id() == Type::BOOL || arrow::is_integer(type.id())) {
    text_function(type)(array, row, out);
    return;
  }
  std::string text;
  text_function(type)(array, row, text);
  append_string(text, out);
}

void append_value(const Array& array, std::int64_t row, const DataType& type,
                  std::string& out) {
  const Array* at = &array;
  if (find_value(at, row)) {
    append_found(*at, row, type, out);
  } else {
    out += "null";
  }
}

class JsonLinesWriter final : public Encoder {
 public:
  JsonLinesWriter(std::shared_ptr<arrow::io::OutputStream> out,
                  const std::shared_ptr<arrow::Schema>& schema)
      : out_(std::move(out)), schema_(schema) {
    for (const auto& field : schema->fields()) {
      std::string key = columns_.empty() ? "{" : ",";
      append_string(field->name(), key);
      columns_.push_back({key + ":", &value_type(*field->type())});
    }
  }

  Status WriteRecordBatch(const arrow::RecordBatch& batch) override {
    const arrow::ArrayVector& arrays = batch.columns();
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (std::size_t i = 0; i < arrays.size(); ++i) {
        text_ += columns_[i].key;
        append_value(*arrays[i], row, *columns_[i].type, text_);
      }
      text_ += arrays.empty() ? "{}\n" : "}\n";
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
    std::string key;  // with what stands before it and the colon
    const DataType* type;
  };

  std::shared_ptr<arrow::io::OutputStream> out_;
  std::shared_ptr<arrow::Schema> schema_;  // owns the columns' types
  std::vector<Column> columns_;
  std::string text_;
};

}  // namespace

EncoderResult make_json_lines_writer(std::shared_ptr<arrow::io::OutputStream> out,
                                     const std::shared_ptr<arrow::Schema>& schema) {
  return std::make_shared<JsonLinesWriter>(std::move(out), schema);
}

}  // namespace penstock
