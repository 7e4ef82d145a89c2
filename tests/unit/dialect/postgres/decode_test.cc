// Rows as captured from a server -> Arrow. The bytes of a value: \copy (SELECT VALUE) to
// 'x' (format binary), behind the header of 19 bytes, the count and the length.
#include "dialect/postgres/decode.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "unit/columns/show.h"
#include "unit/dialect/postgres/wire_bytes.h"
#include "unit/support.h"

namespace penstock::postgres {
namespace {

using penstock::testing::failure_of;
using penstock::testing::shown;
using testing::big_endian;
using testing::data_row;
using testing::hex;

RowDecoder decoder(const std::vector<ResultColumn>& columns,
                   OnLossy on_lossy = OnLossy::kError) {
  TypeChoices choices;
  choices.on_lossy = on_lossy;
  return {plan_columns(columns, {}, choices), on_lossy};
}

std::vector<std::string> decoded(Oid oid, int typmod,
                                 std::initializer_list<std::string> values) {
  RowDecoder rows = decoder({{"c", oid, typmod, 0}});
  rows.start(static_cast<std::int64_t>(values.size()));
  for (const std::string& value : values) rows.add(data_row({value}));
  return shown(*rows.finish()->column(0));
}

constexpr int typmod(int precision, int scale) {
  return (precision << 16 | (scale & 0x7FF)) + 4;
}

TEST(RowDecoder, ReadsTheBinaryFormOfEachType) {
  using Shown = std::vector<std::string>;
  EXPECT_EQ(decoded(16, -1, {hex("01"), hex("00"), "NULL"}),
            (Shown{"true", "false", "NULL"}));
  EXPECT_EQ(decoded(21, -1, {hex("8000"), hex("7fff")}), (Shown{"-32768", "32767"}));
  EXPECT_EQ(decoded(23, -1, {hex("80000000")}), Shown{"-2147483648"});
  EXPECT_EQ(decoded(20, -1, {hex("8000000000000000")}), Shown{"-9223372036854775808"});
  EXPECT_EQ(decoded(26, -1, {hex("ffffffff")}), Shown{"4294967295"});
  EXPECT_EQ(decoded(701, -1, {hex("3fb999999999999a")}), Shown{"0.1"});
  EXPECT_EQ(decoded(1700, typmod(29, 9), {hex("0002 0000 0000 0002 0001 09c4")}),
            Shown{"1.250000000"});
  EXPECT_EQ(decoded(1082, -1, {hex("0000251a")}), Shown{"2026-01-02"});
  EXPECT_EQ(decoded(1114, -1, {big_endian(820638245000006, 8)}),
            Shown{"2026-01-02 03:04:05.000006"});
  EXPECT_EQ(decoded(1083, -1, {big_endian(86'399'999'999, 8)}), Shown{"23:59:59.999999"});
  EXPECT_EQ(decoded(18, -1, {"x", std::string(1, '\0')}), (Shown{"'x'", "''"}));
  EXPECT_EQ(decoded(25, -1, {"", "a\nb"}), (Shown{"''", "'a\nb'"}));
  EXPECT_EQ(decoded(17, -1, {hex("00ff")}), Shown{"x'00ff'"});
}

TEST(RowDecoder, ReadsAnArrayWithItsNulls) {
  // '{1,NULL,3}'::int4[]
  const auto out =
      decoded(1007, -1,
              {hex("00000001 00000001 00000017 00000003 00000001 00000004 00000001 "
                   "ffffffff 00000004 00000003"),
               hex("00000000 00000000 00000017"), "NULL"});
  EXPECT_EQ(out[0], "list<item: int32>[1, null, 3]");
  EXPECT_EQ(out[1], "list<item: int32>[]");
  EXPECT_EQ(out[2], "NULL");
}

TEST(RowDecoder, TheBatchesOfOneResultDoNotMix) {
  RowDecoder rows = decoder({{"a", 23, -1, 0}, {"b", 25, -1, 0}});
  for (int batch = 0; batch < 3; ++batch) {
    rows.start(2);
    rows.add(data_row({big_endian(static_cast<std::uint64_t>(batch), 4), "NULL"}));
    rows.add(data_row({"NULL", "x"}));
    const auto made = rows.finish();
    ASSERT_EQ(made->num_rows(), 2);
    EXPECT_EQ(shown(*made->column(0)),
              (std::vector<std::string>{std::to_string(batch), "NULL"}));
    EXPECT_EQ(shown(*made->column(1)), (std::vector<std::string>{"NULL", "'x'"}));
  }
}

// RS-020
TEST(RowDecoder, BytesThatAreNoRowAreAnErrorAndNothingElse) {
  const std::string whole =
      data_row({hex("00000001"), "ab", hex("0002 0000 0000 0002 0001 09c4"),
                hex("00000001 00000000 00000017 00000001 00000001 00000004 00000001")});
  const std::vector<ResultColumn> columns{{"a", 23, -1, 0},
                                          {"b", 25, -1, 0},
                                          {"c", 1700, typmod(10, 2), 0},
                                          {"d", 1007, -1, 0}};
  {
    RowDecoder rows = decoder(columns);
    rows.start(1);
    rows.add(whole);
    EXPECT_EQ(rows.finish()->num_rows(), 1);
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    RowDecoder rows = decoder(columns);
    rows.start(1);
    EXPECT_EQ(failure_of([&] { rows.add(std::string_view(whole).substr(0, size)); }).code,
              "protocol_error")
        << size;
  }
  RowDecoder rows = decoder(columns);
  rows.start(1);
  EXPECT_EQ(failure_of([&] { rows.add(whole + "x"); }).code, "protocol_error");
}

TEST(RowDecoder, AValueOfAnotherWidthIsNoValueOfTheType) {
  for (const Oid oid : {16U, 18U, 20U, 21U, 23U, 26U, 700U, 701U, 1082U, 1083U, 1114U,
                        1184U, 1186U, 2950U}) {
    for (const std::string& bytes :
         {std::string(), std::string(3, '\1'), std::string(17, '\1')}) {
      RowDecoder rows = decoder({{"c", oid, -1, 0}});
      rows.start(1);
      EXPECT_EQ(failure_of([&] { rows.add(data_row({bytes})); }).code, "protocol_error")
          << oid << " " << bytes.size();
    }
  }
}

// RS-020
TEST(RowDecoder, AnArrayThatClaimsMoreElementsThanItHasAllocatesNothing) {
  for (const char* bytes :
       {"00000001 00000000 00000017 7fffffff 00000001", "00000001 00000000 00000017",
        "00000001 00000000 00000017 ffffffff 00000001",
        "00000001 00000000 00000017 00000002 00000001 00000004 00000001",
        "00000001 00000000 00000017 00000001 00000001 7fffffff 00000001",
        "00000001 00000000 00000017 00000001 00000001 00000004 00000001 00"}) {
    RowDecoder rows = decoder({{"c", 1007, -1, 0}});
    rows.start(1);
    EXPECT_EQ(failure_of([&] { rows.add(data_row({hex(bytes)})); }).code,
              "protocol_error")
        << bytes;
  }
}

TEST(RowDecoder, TextThatIsNotUtf8FollowsThePolicy) {
  const std::string bytes = data_row({"a\xff"});
  RowDecoder strict = decoder({{"c", 25, -1, 0}});
  strict.start(1);
  strict.add(bytes);
  EXPECT_EQ(failure_of([&] { strict.finish(); }).code, "lossy_value");
  RowDecoder clamp = decoder({{"c", 25, -1, 0}}, OnLossy::kClamp);
  clamp.start(1);
  clamp.add(bytes);
  EXPECT_EQ(shown(*clamp.finish()->column(0)),
            std::vector<std::string>{"'a\xEF\xBF\xBD'"});
  EXPECT_EQ(clamp.ledger()[0].clamped, 1);
}

}  // namespace
}  // namespace penstock::postgres
