// The values of one column of one batch, written by row number straight into Arrow's
// layout.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

namespace penstock {

/// Owns the buffers of a batch under construction. Hot: every value of every result
/// passes through here, so the setters are inline, check nothing and allocate nothing but
/// string data. Rows are set in order, each exactly once.
///
/// Layouts: fixed width (as the Arrow type's C type), bool (a byte here, a bit when
/// finished), utf8 and binary (32-bit offsets). One thread at a time.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(std::shared_ptr<arrow::DataType> type);

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  /// Bytes a row takes whatever its value; the rest is what set_bytes was given.
  std::int64_t fixed_bytes() const { return width_; }

  /// Makes room for a batch of at most `rows` rows. Throws Error{kLimit} when there is no
  /// memory.
  void start(std::int64_t rows);

  /// Makes room for `rows` rows where start() made less, keeping those that are set.
  void reserve(std::int64_t rows);

  template <typename T>
  void set(std::int64_t row, T value) {
    std::memcpy(values_ + row * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
  }

  /// Throws Error{kLimit}, code "batch_too_large", past 2 GiB in one batch.
  void set_bytes(std::int64_t row, const void* bytes, std::int64_t size) {
    if (size > data_capacity_ - data_size_) grow(size);
    std::memcpy(data_ + data_size_, bytes, static_cast<std::size_t>(size));
    data_size_ += size;
    offsets_[row + 1] = static_cast<std::int32_t>(data_size_);
  }

  void set_null(std::int64_t row);

  /// The first `rows` rows as an array; call start() before the next.
  std::shared_ptr<arrow::Array> finish(std::int64_t rows);

  /// utf8: the first row whose bytes are not valid UTF-8, or `rows`.
  /// One pass over the bytes, and next to nothing where they are ASCII.
  std::int64_t find_invalid_utf8(std::int64_t rows) const;
  /// Bytes of a row set by set_bytes.
  const char* bytes(std::int64_t row, std::int64_t* size) const {
    *size = offsets_[row + 1] - offsets_[row];
    return reinterpret_cast<const char*>(data_) + offsets_[row];
  }
  /// Bytes that set_bytes was given since start().
  std::int64_t data_size() const { return data_size_; }
  std::int64_t null_count() const { return null_count_; }
  bool is_null(std::int64_t row) const {
    return validity_ != nullptr && ((validity_->data()[row / 8] >> (row % 8)) & 1) == 0;
  }

 private:
  void grow(std::int64_t size);
  std::shared_ptr<arrow::Buffer> packed_bools(std::int64_t rows) const;

  std::shared_ptr<arrow::DataType> type_;
  bool variable_ = false;
  bool boolean_ = false;
  std::int64_t width_ = 0;
  std::int64_t capacity_rows_ = 0;
  std::int64_t last_data_size_ =
      0;  // of the batch before: room for as much is made at once

  std::shared_ptr<arrow::ResizableBuffer> fixed_;  // values, or offsets
  std::shared_ptr<arrow::ResizableBuffer> variable_data_;
  std::shared_ptr<arrow::Buffer> validity_;  // made at the first NULL
  std::int64_t null_count_ = 0;

  std::uint8_t* values_ = nullptr;
  std::int32_t* offsets_ = nullptr;
  std::uint8_t* data_ = nullptr;
  std::int64_t data_size_ = 0;
  std::int64_t data_capacity_ = 0;
};

}  // namespace penstock
