// numeric's binary form. The bytes were captured with
//   psql -Atc "SELECT encode(numeric_send(VALUE), 'hex')"
#include "dialect/postgres/numeric.h"

#include <gtest/gtest.h>

#include "unit/dialect/postgres/wire_bytes.h"

namespace penstock::postgres {
namespace {

using testing::hex;

struct Captured {
  const char* text;  // as the server prints it
  const char* bytes;
};

constexpr Captured kNumbers[] = {
    {"0", "0000 0000 0000 0000"},
    {"0.00", "0000 0000 0000 0002"},
    {"1", "0001 0000 0000 0000 0001"},
    {"-1", "0001 0000 4000 0000 0001"},
    {"1.25", "0002 0000 0000 0002 0001 09c4"},
    {"-12.50", "0002 0000 4000 0002 000c 1388"},
    {"9999", "0001 0000 0000 0000 270f"},
    {"10000", "0001 0001 0000 0000 0001"},
    {"100000000000000000000", "0001 0005 0000 0000 0001"},
    {"0.0001", "0001 ffff 0000 0004 0001"},
    {"0.000067", "0001 fffe 0000 0006 1a2c"},
    {"0.00000001", "0001 fffe 0000 0008 0001"},
    {"12345678901234567890.123456789012345",
     "0009 0004 0000 000f 04d2 162e 2334 0d80 1ed2 04d2 162e 2334 0d7a"},
    {"1.123456789012345", "0005 0000 0000 000f 0001 04d2 162e 2334 0d7a"},
    {"27670116110564327421", "0005 0004 0000 0000 0acf 0074 0451 1920 1cfd"},
    {"NaN", "0000 0000 c000 0000"},
    {"Infinity", "0000 0000 d000 0020"},
    {"-Infinity", "0000 0000 f000 0020"},
};

TEST(Numeric, IsPrintedAsTheServerPrintsIt) {
  for (const Captured& one : kNumbers) {
    const std::string bytes = hex(one.bytes);
    const Numeric numeric(bytes);
    ASSERT_TRUE(numeric.valid) << one.text;
    EXPECT_EQ(text_of(numeric), one.text);
  }
}

std::string decimal128(const char* bytes, int precision, int scale) {
  const std::string data = hex(bytes);
  const auto value = decimal128_of(Numeric(data), precision, scale);
  if (!value) return "none";
  // The short way must give the same or leave it to the long one.
  std::int64_t small = 0;
  if (small_decimal(data, scale, &small)) {
    EXPECT_EQ(static_cast<Int128>(small), *value);
  }
  return arrow::Decimal128(static_cast<std::int64_t>(*value >> 64),
                           static_cast<std::uint64_t>(*value))
      .ToIntegerString();
}

TEST(Numeric, IsTheIntegerOfItsScaleOrNothing) {
  EXPECT_EQ(decimal128("0002 0000 0000 0002 0001 09c4", 29, 9), "1250000000");
  EXPECT_EQ(decimal128("0002 0000 0000 0002 0001 09c4", 3, 2), "125");
  EXPECT_EQ(decimal128("0002 0000 0000 0002 0001 09c4", 2, 2), "none");  // three digits
  EXPECT_EQ(decimal128("0002 0000 0000 0002 0001 09c4", 9, 1), "none");  // two places
  EXPECT_EQ(decimal128("0000 0000 0000 0002", 10, 4), "0");
  EXPECT_EQ(decimal128("0002 0000 4000 0002 000c 1388", 10, 1), "-125");
  EXPECT_EQ(decimal128("0001 0005 0000 0000 0001", 21, 0), "100000000000000000000");
  EXPECT_EQ(decimal128("0001 0005 0000 0000 0001", 20, 0), "none");
  EXPECT_EQ(decimal128("0001 0005 0000 0000 0001", 38, 17),
            "10000000000000000000000000000000000000");
  EXPECT_EQ(decimal128("0001 0005 0000 0000 0001", 38, 18), "none");
  EXPECT_EQ(decimal128("0001 ffff 0000 0004 0001", 38, 38),
            "10000000000000000000000000000000000");
  EXPECT_EQ(decimal128("0000 0000 c000 0000", 38, 0), "none");
  EXPECT_EQ(decimal128("0000 0000 d000 0020", 38, 0), "none");
  // 38 nines, as captured from numeric(38,0).
  EXPECT_EQ(decimal128("000a 0009 4000 0000 0063 270f 270f 270f 270f 270f 270f 270f 270f "
                       "270f",
                       38, 0),
            "-99999999999999999999999999999999999999");
}

TEST(Numeric, ZerosBehindThePointAreNoDigits) {
  // 1.5 with three hundred places.
  const std::string bytes = hex("0002 0000 0000 012d 0001 1388");
  EXPECT_EQ(decimal256_of(Numeric(bytes), 76, 1)->ToIntegerString(), "15");
  EXPECT_EQ(decimal256_of(Numeric(bytes), 2, 1)->ToIntegerString(), "15");
  EXPECT_FALSE(decimal256_of(Numeric(bytes), 76, 0).has_value());
}

TEST(Numeric, TheNearestIsRoundedHalfAwayFromZeroAndCut) {
  const auto nearest = [](const char* bytes, int precision, int scale) {
    const std::string data = hex(bytes);
    const auto value = nearest_decimal(Numeric(data), precision, scale);
    return value ? value->ToIntegerString() : "none";
  };
  EXPECT_EQ(nearest("0002 0000 0000 0002 0001 09c4", 10, 1), "13");   // 1.25
  EXPECT_EQ(nearest("0002 0000 4000 0002 000c 1388", 10, 0), "-13");  // -12.50
  EXPECT_EQ(nearest("0001 0000 0000 0000 270f", 3, 0), "999");
  EXPECT_EQ(nearest("0002 0000 0000 0001 270f 1388", 4, 0), "9999");   // 9999.5
  EXPECT_EQ(nearest("0002 0000 0000 0001 270f 1388", 5, 0), "10000");  // 9999.5
  EXPECT_EQ(nearest("0001 ffff 0000 0004 0001", 5, 2), "0");
  EXPECT_EQ(nearest("0000 0000 0000 0002", 5, 2), "0");
  EXPECT_EQ(nearest("0000 0000 d000 0020", 5, 2), "99999");
  EXPECT_EQ(nearest("0000 0000 f000 0020", 5, 2), "-99999");
  EXPECT_EQ(nearest("0000 0000 c000 0000", 5, 2), "none");
}

TEST(Numeric, BytesThatAreNoNumericAreInvalid) {
  for (const char* bytes : {"", "0000", "0000 0000 0000 00", "0001 0000 0000 0000",
                            "0001 0000 0000 0000 0001 00", "0001 0000 0000 0000 2710",
                            "ffff 0000 0000 0000 0001", "0001 0000 0000 4000 0001",
                            "0002 0000 0000 0000 0001"}) {
    const std::string data = hex(bytes);
    EXPECT_FALSE(Numeric(data).valid) << bytes;
    std::int64_t value = 0;
    if (data != hex("0001 0000 0000 4000 0001")) {
      EXPECT_FALSE(small_decimal(data, 2, &value)) << bytes;
    }
  }
}

}  // namespace
}  // namespace penstock::postgres
