#include "columns/column_buffer.h"

#include <gtest/gtest.h>

#include "penstock/error.h"
#include "unit/columns/show.h"

namespace penstock {
namespace {

using testing::shown;
using Rows = std::vector<std::string>;

void set_text(ColumnBuffer& buffer, std::int64_t row, std::string_view text) {
  buffer.set_bytes(row, text.data(), static_cast<std::int64_t>(text.size()));
}

TEST(ColumnBuffer, NullsAreWhereTheyWereSet) {
  ColumnBuffer buffer(arrow::int64());
  buffer.start(10);
  for (std::int64_t row = 0; row < 10; ++row) {
    row % 3 == 1 ? buffer.set_null(row) : buffer.set(row, row * 10);
  }
  EXPECT_TRUE(buffer.is_null(1));
  EXPECT_FALSE(buffer.is_null(2));
  const auto array = buffer.finish(10);
  EXPECT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->null_count(), 3);
  EXPECT_EQ(shown(*array),
            (Rows{"0", "NULL", "20", "30", "NULL", "50", "60", "NULL", "80", "90"}));
}

TEST(ColumnBuffer, WithoutNullsThereIsNoBitmap) {
  ColumnBuffer buffer(arrow::int32());
  buffer.start(2);
  buffer.set(0, std::int32_t{1});
  buffer.set(1, std::int32_t{2});
  const auto array = buffer.finish(2);
  EXPECT_EQ(array->data()->buffers[0], nullptr);
  EXPECT_EQ(array->null_count(), 0);
}

TEST(ColumnBuffer, FewerRowsThanRoomWasMadeForAreCut) {
  ColumnBuffer buffer(arrow::float64());
  buffer.start(1000);
  buffer.set(0, 1.5);
  buffer.set_null(1);
  const auto array = buffer.finish(2);
  EXPECT_EQ(shown(*array), (Rows{"1.5", "NULL"}));
  EXPECT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(array->data()->buffers[1]->size(), 16);
}

TEST(ColumnBuffer, BoolsArePackedIntoBits) {
  ColumnBuffer buffer(arrow::boolean());
  buffer.start(11);
  for (std::int64_t row = 0; row < 11; ++row) {
    row == 5 ? buffer.set_null(row) : buffer.set(row, static_cast<std::uint8_t>(row % 2));
  }
  const auto array = buffer.finish(11);
  EXPECT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(shown(*array), (Rows{"false", "true", "false", "true", "false", "NULL",
                                 "false", "true", "false", "true", "false"}));
  EXPECT_EQ(array->data()->buffers[1]->size(), 2);
}

TEST(ColumnBuffer, TextGrowsPastItsFirstRoom) {
  ColumnBuffer buffer(arrow::utf8());
  buffer.start(4);
  const std::string long_text(100'000, 'x');
  set_text(buffer, 0, "a");
  set_text(buffer, 1, long_text);
  buffer.set_null(2);
  set_text(buffer, 3, "");
  const auto array = buffer.finish(4);
  EXPECT_TRUE(array->ValidateFull().ok());
  EXPECT_EQ(shown(*array), (Rows{"'a'", "'" + long_text + "'", "NULL", "''"}));
  EXPECT_LE(array->data()->buffers[2]->capacity(), 210'000);
}

TEST(ColumnBuffer, BatchesOwnTheirMemory) {
  ColumnBuffer buffer(arrow::utf8());
  buffer.start(1);
  set_text(buffer, 0, "first");
  const auto first = buffer.finish(1);
  buffer.start(1);
  set_text(buffer, 0, "second");
  const auto second = buffer.finish(1);
  EXPECT_EQ(shown(*first), Rows{"'first'"});
  EXPECT_EQ(shown(*second), Rows{"'second'"});
}

TEST(ColumnBuffer, NoRowsAtAllAreAnEmptyArray) {
  for (const auto& type : {arrow::int64(), arrow::utf8(), arrow::boolean(),
                           arrow::binary(), arrow::decimal128(10, 2)}) {
    ColumnBuffer buffer(type);
    buffer.start(0);
    const auto array = buffer.finish(0);
    EXPECT_EQ(array->length(), 0);
    EXPECT_TRUE(array->ValidateFull().ok()) << type->ToString();
  }
}

std::int64_t first_invalid(const std::vector<std::string>& rows) {
  ColumnBuffer buffer(arrow::utf8());
  const auto count = static_cast<std::int64_t>(rows.size());
  buffer.start(count);
  for (std::int64_t row = 0; row < count; ++row) {
    set_text(buffer, row, rows[static_cast<std::size_t>(row)]);
  }
  const std::int64_t found = buffer.find_invalid_utf8(count);
  EXPECT_EQ(buffer.finish(count)->length(), count);
  return found;
}

TEST(ColumnBuffer, FindsTheFirstRowThatIsNotUtf8) {
  EXPECT_EQ(first_invalid({"a", "é", "€", "\U0001F600", ""}), 5);
  EXPECT_EQ(first_invalid({"a", "\xFF", "\xFF"}), 1);
  EXPECT_EQ(first_invalid({std::string(200, 'a') + "\xC3"}), 0);
  EXPECT_EQ(first_invalid({}), 0);
}

TEST(ColumnBuffer, RowsThatAreUtf8OnlyWhenJoinedAreInvalid) {
  EXPECT_EQ(first_invalid({"\xC3", "\xA9"}), 0);
  EXPECT_EQ(first_invalid({"ok", "\xE2\x82", "\xAC"}), 1);
  EXPECT_EQ(first_invalid({"ok", "", "\xF0\x9F", "\x98\x80"}), 2);
  EXPECT_EQ(first_invalid({"ok", "é", "\x98"}), 2);
}

// RS-021: offsets of 32 bits, which must not wrap into a file that nobody can read.
TEST(ColumnBuffer, WhatIsPastTwoGibInOneBatchIsRefused) {
  constexpr std::int64_t kBlock = 512LL * 1024 * 1024;
  const std::string block(kBlock, 'a');
  ColumnBuffer buffer(arrow::binary());
  buffer.start(5);
  for (std::int64_t row = 0; row < 3; ++row) buffer.set_bytes(row, block.data(), kBlock);
  buffer.set_bytes(3, block.data(), kBlock - 1);
  EXPECT_EQ(buffer.data_size(), 4 * kBlock - 1);
  try {
    buffer.set_bytes(4, "b", 1);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "batch_too_large");
    EXPECT_EQ(error.category(), Category::kLimit);
  }
}

TEST(ColumnBuffer, AnEmptyRowBeforeACharacterIsValid) {
  EXPECT_EQ(first_invalid({"", "é", "", "", "é"}), 5);
}

}  // namespace
}  // namespace penstock
