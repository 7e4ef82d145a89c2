#include "columns/column_buffer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/utf8.h>

#include "columns/memory_pool.h"
#include "penstock/error.h"

namespace penstock {
namespace {

// What 32-bit offsets reach.
constexpr std::int64_t kMostData = std::numeric_limits<std::int32_t>::max();

void resize(arrow::ResizableBuffer& buffer, std::int64_t size, bool shrink) {
  const arrow::Status status = buffer.Resize(size, shrink);
  if (!status.ok()) allocated<int>(status);
}

bool is_ascii(const std::uint8_t* bytes, std::int64_t size) {
  std::uint64_t high = 0;
  std::int64_t at = 0;
  for (; at + 64 <= size; at += 64) {
    std::uint64_t words[8];
    std::memcpy(words, bytes + at, sizeof(words));
    for (const std::uint64_t word : words) high |= word;
  }
  for (; at < size; ++at) high |= static_cast<std::uint64_t>(bytes[at]) << 56 >> 56;
  return (high & 0x8080808080808080ULL) == 0;
}

}  // namespace

ColumnBuffer::ColumnBuffer(std::shared_ptr<arrow::DataType> type)
    : type_(std::move(type)) {
  // Without its tables, made once a process, ValidateUTF8 finds every byte valid.
  arrow::util::InitializeUTF8();
  variable_ = arrow::is_base_binary_like(type_->id());
  boolean_ = type_->id() == arrow::Type::BOOL;
  width_ = variable_ ? 4 : boolean_ ? 1 : type_->byte_width();
}

void ColumnBuffer::start(std::int64_t rows) {
  capacity_rows_ = rows;
  validity_.reset();
  null_count_ = 0;
  fixed_ = allocated(arrow::AllocateResizableBuffer((rows + 1) * width_, memory_pool()));
  values_ = fixed_->mutable_data();
  if (!variable_) return;
  offsets_ = reinterpret_cast<std::int32_t*>(values_);
  offsets_[0] = 0;
  // A sixteenth more than the batch before took: batches of one result are much alike.
  data_capacity_ =
      std::clamp<std::int64_t>(last_data_size_ + last_data_size_ / 16, 1024, kMostData);
  variable_data_ =
      allocated(arrow::AllocateResizableBuffer(data_capacity_, memory_pool()));
  data_ = variable_data_->mutable_data();
  data_size_ = 0;
}

void ColumnBuffer::reserve(std::int64_t rows) {
  if (rows <= capacity_rows_) return;
  const std::int64_t wanted = std::max(rows, capacity_rows_ * 2);
  resize(*fixed_, (wanted + 1) * width_, false);
  values_ = fixed_->mutable_data();
  if (variable_) offsets_ = reinterpret_cast<std::int32_t*>(values_);
  if (validity_) {
    auto grown = allocated(
        arrow::AllocateBuffer(arrow::bit_util::BytesForBits(wanted), memory_pool()));
    std::memset(grown->mutable_data(), 0xFF, static_cast<std::size_t>(grown->size()));
    std::memcpy(grown->mutable_data(), validity_->data(),
                static_cast<std::size_t>(validity_->size()));
    validity_ = std::move(grown);
  }
  capacity_rows_ = wanted;
}

void ColumnBuffer::grow(std::int64_t size) {
  if (size > kMostData - data_size_) {
    throw Error(Category::kLimit, "batch_too_large",
                "a column's values take more than 2 GiB in one batch of rows",
                "make batches smaller: --batch-rows, --batch-bytes");
  }
  data_capacity_ = std::max(std::min(data_capacity_ * 2, kMostData), data_size_ + size);
  resize(*variable_data_, data_capacity_, false);
  data_ = variable_data_->mutable_data();
}

void ColumnBuffer::set_null(std::int64_t row) {
  if (!validity_) {
    const std::int64_t size = arrow::bit_util::BytesForBits(capacity_rows_);
    validity_ = allocated(arrow::AllocateBuffer(size, memory_pool()));
    std::memset(validity_->mutable_data(), 0xFF, static_cast<std::size_t>(size));
  }
  arrow::bit_util::ClearBit(validity_->mutable_data(), row);
  ++null_count_;
  if (variable_) {
    offsets_[row + 1] = static_cast<std::int32_t>(data_size_);
  } else {
    std::memset(values_ + row * width_, 0, static_cast<std::size_t>(width_));
  }
}

std::shared_ptr<arrow::Buffer> ColumnBuffer::packed_bools(std::int64_t rows) const {
  auto bits = allocated(arrow::AllocateEmptyBitmap(rows, memory_pool()));
  for (std::int64_t row = 0; row < rows; ++row) {
    arrow::bit_util::SetBitTo(bits->mutable_data(), row, values_[row] != 0);
  }
  return bits;
}

std::shared_ptr<arrow::Array> ColumnBuffer::finish(std::int64_t rows) {
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{validity_};
  if (boolean_) {
    buffers.push_back(packed_bools(rows));
  } else {
    resize(*fixed_, (variable_ ? rows + 1 : rows) * width_, false);
    buffers.push_back(fixed_);
  }
  if (variable_) {
    resize(*variable_data_, data_size_, data_capacity_ > 2 * data_size_ + 4096);
    buffers.push_back(variable_data_);
    last_data_size_ = data_size_;
  }
  auto data = arrow::ArrayData::Make(type_, rows, std::move(buffers), null_count_);
  validity_.reset();
  fixed_.reset();
  variable_data_.reset();
  return arrow::MakeArray(data);
}

std::int64_t ColumnBuffer::find_invalid_utf8(std::int64_t rows) const {
  if (is_ascii(data_, data_size_)) return rows;
  // Values are stored end to end: if the whole is valid and no value begins inside a
  // character, each is valid.
  const auto begins_inside = [this](std::int64_t row) {
    return offsets_[row] < data_size_ && (data_[offsets_[row]] & 0xC0) == 0x80;
  };
  bool valid = arrow::util::ValidateUTF8(data_, data_size_);
  for (std::int64_t row = 0; valid && row < rows; ++row) valid = !begins_inside(row);
  if (valid) return rows;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t size = offsets_[row + 1] - offsets_[row];
    if (!arrow::util::ValidateUTF8(data_ + offsets_[row], size)) return row;
  }
  return rows;
}

}  // namespace penstock
