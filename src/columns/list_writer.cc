#include "columns/list_writer.h"

#include <cstring>

#include <arrow/array/array_nested.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "columns/memory_pool.h"

namespace penstock {

ListWriter::ListWriter(const std::shared_ptr<arrow::DataType>& list_type)
    : type_(list_type),
      elements_(static_cast<const arrow::ListType&>(*list_type).value_type()) {}

void ListWriter::start(std::int64_t rows) {
  elements_.start(rows);
  element_count_ = 0;
  offsets_.assign(1, 0);
  offsets_.reserve(static_cast<std::size_t>(rows) + 1);
  nulls_.clear();
}

void ListWriter::reserve_elements(std::int64_t count) {
  elements_.reserve(element_count_ + count);
}

void ListWriter::end_null_row() {
  nulls_.resize(offsets_.size() - 1, false);
  nulls_.push_back(true);
  end_row();
}

std::shared_ptr<arrow::Array> ListWriter::finish(std::int64_t rows) {
  const auto offset_bytes =
      static_cast<std::int64_t>(offsets_.size() * sizeof(std::int32_t));
  auto offsets = allocated(arrow::AllocateBuffer(offset_bytes, memory_pool()));
  std::memcpy(offsets->mutable_data(), offsets_.data(),
              static_cast<std::size_t>(offset_bytes));
  std::shared_ptr<arrow::Buffer> validity;
  std::int64_t null_count = 0;
  if (!nulls_.empty()) {
    nulls_.resize(static_cast<std::size_t>(rows), false);
    validity = allocated(arrow::AllocateBitmap(rows, memory_pool()));
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool null = nulls_[static_cast<std::size_t>(row)];
      arrow::bit_util::SetBitTo(validity->mutable_data(), row, !null);
      null_count += null ? 1 : 0;
    }
  }
  return std::make_shared<arrow::ListArray>(type_, rows, std::move(offsets),
                                            elements_.finish(element_count_),
                                            std::move(validity), null_count);
}

}  // namespace penstock
