#include "columns/column_writer.h"

#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/text.h"
#include "columns/conversions.h"
#include "penstock/error.h"

namespace penstock {

ColumnWriter::ColumnWriter(Facts facts, std::string type_text,
                           std::shared_ptr<arrow::DataType> type)
    : facts_(std::move(facts)),
      type_text_(std::move(type_text)),
      text_(type->id() == arrow::Type::STRING),
      buffer_(std::move(type)) {}

void ColumnWriter::null_or_refuse(std::int64_t row, std::string_view value_type) {
  if (facts_.on_lossy == OnLossy::kError || facts_.on_lossy == OnLossy::kText) {
    refuse(row, value_type);
  }
  buffer_.set_null(row);
  ++lossy_.nulled;
}

void ColumnWriter::set_unreadable_text(std::int64_t row, std::string_view bytes,
                                       std::string_view value_type) {
  const auto set = [this, row](const std::string& text) {
    buffer_.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
  };
  if (facts_.on_lossy == OnLossy::kText) {
    set("\\x" + to_hex(bytes));
    if (!facts_.in_place_of_declared) ++lossy_.as_text;
  } else if (facts_.on_lossy == OnLossy::kClamp) {
    set(replace_invalid_utf8(bytes));
    count_clamped();
  } else {
    null_or_refuse(row, value_type);
  }
}

void ColumnWriter::refuse(std::int64_t row, std::string_view value_type) const {
  const std::string name = printable(facts_.name, 60);
  const std::string declared =
      facts_.declared.empty()
          ? "no declared type"
          : fmt::format("declared {}", printable(facts_.declared, 60));
  std::string hint =
      "CAST the column in the query, or set types.on_lossy (--on-lossy) to null, text or "
      "clamp";
  if (facts_.guessed) {
    hint = fmt::format(
        "the column's type was taken from the first rows; CAST it in the query, or set "
        "types.columns: {{{}: text}}",
        name);
  } else if (facts_.on_lossy == OnLossy::kText) {
    hint = fmt::format(
        "the first rows fitted, so the column is not text; set types.columns: {{{}: "
        "text}}",
        name);
  }
  const char* article = value_type.starts_with('i') ? "an" : "a";
  throw Error(Category::kDataSource, "lossy_value",
              fmt::format("row {}, column '{}' ({}): {} {} value does not fit {}",
                          rows_before_ + row + 1, name, declared, article, value_type,
                          type_text_),
              hint);
}

// Rare: writes the column again, with each value that is not UTF-8 as the policy says.
void ColumnWriter::replace_invalid_text(std::int64_t rows) {
  ColumnBuffer old = std::move(buffer_);
  buffer_ = ColumnBuffer(old.type());
  buffer_.start(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (old.is_null(row)) {
      buffer_.set_null(row);
      continue;
    }
    std::int64_t size = 0;
    const char* bytes = old.bytes(row, &size);
    const std::string_view text(bytes, static_cast<std::size_t>(size));
    if (is_valid_utf8(text)) {
      buffer_.set_bytes(row, bytes, size);
    } else {
      set_unreadable_text(row, text, "text (not valid UTF-8)");
    }
  }
}

std::shared_ptr<arrow::Array> ColumnWriter::finish(std::int64_t rows) {
  if (text_ && buffer_.find_invalid_utf8(rows) < rows) replace_invalid_text(rows);
  rows_before_ += rows;
  if (facts_.in_place_of_declared) lossy_.as_text += rows - buffer_.null_count();
  return buffer_.finish(rows);
}

}  // namespace penstock
