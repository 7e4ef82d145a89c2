// Every kind of value in every kind of column, under every policy.
#include "columns/value_writer.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/columns/show.h"
#include "unit/support.h"

namespace penstock {
namespace {

using testing::Failure;
using testing::failure_of;
using testing::shown;
using Rows = std::vector<std::string>;

struct Loose {
  ValueKind kind;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes;
};
Loose of_int(std::int64_t value) { return {ValueKind::kInt, value, 0, {}}; }
Loose of_real(double value) { return {ValueKind::kReal, 0, value, {}}; }
Loose of_text(std::string bytes) { return {ValueKind::kText, 0, 0, std::move(bytes)}; }
Loose of_blob(std::string bytes) { return {ValueKind::kBlob, 0, 0, std::move(bytes)}; }

void set(ValueWriter& writer, std::int64_t row, const Loose& value) {
  const auto size = static_cast<std::int64_t>(value.bytes.size());
  switch (value.kind) {
    case ValueKind::kNull:
      return writer.set_null(row);
    case ValueKind::kInt:
      return writer.set_int(row, value.integer);
    case ValueKind::kReal:
      return writer.set_real(row, value.real);
    case ValueKind::kText:
      return writer.set_text(row, value.bytes.data(), size);
    case ValueKind::kBlob:
      return writer.set_blob(row, value.bytes.data(), size);
  }
}

constexpr const char* kPolicyHint =
    "CAST the column in the query, or set types.on_lossy (--on-lossy) to null, text or "
    "clamp";
constexpr const char* kTextHint =
    "the first rows fitted, so the column is not text; set types.columns: {c: text}";

struct Written {
  std::string value;
  LossyCounts lossy;
};

Written write(const Loose& value, const std::string& type, OnLossy policy) {
  ValueWriter writer({"c", "DECL", policy}, *parse_type_name(type));
  writer.start(1);
  set(writer, 0, value);
  const auto column = writer.finish(1);
  EXPECT_TRUE(column->ValidateFull().ok()) << type;
  return {shown(*column, 0), writer.lossy()};
}

// What a value becomes: exactly, or (nothing) under `clamp`, or (nothing again) NULL.
struct Place {
  Loose value;
  const char* type;
  const char* exact;
  const char* clamped;
};

std::string name_of(const Place& place) {
  return fmt::format("{} {} {} '{}' in {}", to_string(place.value.kind),
                     place.value.integer, place.value.real, place.value.bytes,
                     place.type);
}

void check(const Place& place) {
  SCOPED_TRACE(name_of(place));
  const auto refused = [&](OnLossy policy) {
    return failure_of([&] { write(place.value, place.type, policy); });
  };
  const auto expect = [&](OnLossy policy, const std::string& value, LossyCounts counts) {
    const Written written = write(place.value, place.type, policy);
    EXPECT_EQ(written.value, value);
    EXPECT_EQ(written.lossy.nulled, counts.nulled);
    EXPECT_EQ(written.lossy.clamped, counts.clamped);
    EXPECT_EQ(written.lossy.as_text, counts.as_text);
  };
  if (place.exact != nullptr) {
    for (const OnLossy policy :
         {OnLossy::kError, OnLossy::kNull, OnLossy::kText, OnLossy::kClamp}) {
      expect(policy, place.exact, {});
    }
    return;
  }
  const std::string kind(to_string(place.value.kind));
  Failure failure{
      Category::kDataSource, "lossy_value",
      fmt::format("row 1, column 'c' (declared DECL): {} {} value does not fit {}",
                  kind == "integer" ? "an" : "a", kind,
                  to_string(*parse_type_name(place.type))),
      kPolicyHint};
  EXPECT_EQ(refused(OnLossy::kError), failure);
  failure.hint = kTextHint;
  EXPECT_EQ(refused(OnLossy::kText), failure);
  expect(OnLossy::kNull, "NULL", {.nulled = 1});
  if (place.clamped == nullptr) {
    expect(OnLossy::kClamp, "NULL", {.nulled = 1});
  } else {
    expect(OnLossy::kClamp, place.clamped, {.clamped = 1});
  }
}

constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kPast2To53 = (std::int64_t{1} << 53) + 1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ValueWriter, IntegersInIntegerColumnsFitOrAreClampedToTheLimits) {
  for (const Place& place : std::initializer_list<Place>{
           {of_int(kLow), "int64", "-9223372036854775808", nullptr},
           {of_int(kHigh), "int64", "9223372036854775807", nullptr},
           {of_int(127), "int8", "127", nullptr},
           {of_int(128), "int8", nullptr, "127"},
           {of_int(-129), "int8", nullptr, "-128"},
           {of_int(-32768), "int16", "-32768", nullptr},
           {of_int(32768), "int16", nullptr, "32767"},
           {of_int(2147483647), "int32", "2147483647", nullptr},
           {of_int(kLow), "int32", nullptr, "-2147483648"},
           {of_int(255), "uint8", "255", nullptr},
           {of_int(-1), "uint8", nullptr, "0"},
           {of_int(65536), "uint16", nullptr, "65535"},
           {of_int(4294967295), "uint32", "4294967295", nullptr},
           {of_int(4294967296), "uint32", nullptr, "4294967295"},
           {of_int(kHigh), "uint64", "9223372036854775807", nullptr},
           {of_int(-1), "uint64", nullptr, "0"}}) {
    check(place);
  }
}

TEST(ValueWriter, RealsInIntegerColumnsMustBeWhole) {
  for (const Place& place : std::initializer_list<Place>{
           {of_real(2.0), "int64", "2", nullptr},
           {of_real(-0.0), "int64", "0", nullptr},
           {of_real(0.99), "int64", nullptr, "1"},
           {of_real(-0.5), "int64", nullptr, "0"},
           {of_real(1e19), "int64", nullptr, "9223372036854775807"},
           {of_real(-1e19), "int64", nullptr, "-9223372036854775808"},
           {of_real(-9223372036854775808.0), "int64", "-9223372036854775808", nullptr},
           {of_real(1e19), "uint64", "10000000000000000000", nullptr},
           {of_real(1e20), "uint64", nullptr, "18446744073709551615"},
           {of_real(-0.9), "uint64", nullptr, "0"},
           {of_real(300.5), "int8", nullptr, "127"},
           {of_real(kInfinity), "int32", nullptr, "2147483647"},
           {of_real(-kInfinity), "uint16", nullptr, "0"},
           {of_real(std::nan("")), "int64", nullptr, nullptr}}) {
    check(place);
  }
}

TEST(ValueWriter, TextAndBlobsAreNoNumbers) {
  for (const char* type : {"int64", "uint8", "float64", "float32"}) {
    for (const char* text : {"", "nan", "12", "0.99"}) {
      check({of_text(text), type, nullptr, nullptr});
    }
    check({of_blob("\x01"), type, nullptr, nullptr});
    check({of_blob(""), type, nullptr, nullptr});
  }
}

TEST(ValueWriter, FloatColumnsTakeWhatTheyHoldExactly) {
  for (const Place& place : std::initializer_list<Place>{
           {of_real(0.05), "float64", "0.05", nullptr},
           {of_real(kInfinity), "float64", "inf", nullptr},
           {of_int(3), "float64", "3", nullptr},
           {of_int(kPast2To53), "float64", nullptr, "9.007199254740992e+15"},
           {of_int(kLow), "float64", nullptr, "-9.223372036854776e+18"},
           {of_real(0.5), "float32", "0.5", nullptr},
           {of_real(0.1), "float32", nullptr, "0.1"},
           {of_real(1e300), "float32", nullptr, "3.4028235e+38"},
           {of_real(-1e300), "float32", nullptr, "-3.4028235e+38"},
           {of_real(kInfinity), "float32", "inf", nullptr},
           {of_int(16777216), "float32", "16777216", nullptr},
           {of_int(16777217), "float32", nullptr, "16777216"}}) {
    check(place);
  }
}

TEST(ValueWriter, BoolsAreZeroOneTrueAndFalse) {
  for (const Place& place :
       std::initializer_list<Place>{{of_int(0), "bool", "false", nullptr},
                                    {of_int(1), "bool", "true", nullptr},
                                    {of_int(2), "bool", nullptr, "true"},
                                    {of_int(-1), "bool", nullptr, "true"},
                                    {of_real(0.5), "bool", nullptr, "true"},
                                    {of_real(0.0), "bool", nullptr, "false"},
                                    {of_text("TRUE"), "bool", "true", nullptr},
                                    {of_text("False"), "bool", "false", nullptr},
                                    {of_text("yes"), "bool", nullptr, nullptr},
                                    {of_text(""), "bool", nullptr, nullptr},
                                    {of_blob("\x01"), "bool", nullptr, nullptr}}) {
    check(place);
  }
}

TEST(ValueWriter, DecimalsTakeIntegersRealsAndText) {
  for (const Place& place : std::initializer_list<Place>{
           {of_int(5), "decimal(5,2)", "5.00", nullptr},
           {of_int(1000), "decimal(5,2)", nullptr, "999.99"},
           {of_int(kLow), "decimal(5,2)", nullptr, "-999.99"},
           {of_int(kLow), "decimal(38,19)", "-9223372036854775808.0000000000000000000",
            nullptr},
           {of_real(1.25), "decimal(5,2)", "1.25", nullptr},
           {of_real(0.1), "decimal(38,20)", "0.10000000000000000000", nullptr},
           {of_real(1.005), "decimal(5,2)", nullptr, "1.00"},
           {of_real(1.119), "decimal(5,2)", nullptr, "1.12"},
           {of_real(-1e300), "decimal(5,2)", nullptr, "-999.99"},
           {of_real(999.999), "decimal(5,2)", nullptr, "999.99"},
           {of_real(kInfinity), "decimal(5,2)", nullptr, "999.99"},
           {of_real(std::nan("")), "decimal(5,2)", nullptr, nullptr},
           {of_text("12.5"), "decimal(5,2)", "12.50", nullptr},
           {of_text("1e2"), "decimal(5,2)", "100.00", nullptr},
           {of_text("12.345"), "decimal(5,2)", nullptr, nullptr},
           {of_text("abc"), "decimal(5,2)", nullptr, nullptr},
           {of_blob("1"), "decimal(5,2)", nullptr, nullptr},
           {of_int(-7), "decimal(76,2)", "-7.00", nullptr},
           {of_real(0.25), "decimal(76,2)", "0.25", nullptr},
           {of_real(0.255), "decimal(76,2)", nullptr, "0.26"},
           {of_real(1e300), "decimal(40,39)", nullptr,
            "9.999999999999999999999999999999999999999"},
           {of_text("1e-200"), "decimal(76,2)", nullptr, nullptr},
           {of_text("1e-900"), "decimal(39,2)", nullptr, nullptr},
           {of_blob("1"), "decimal(76,2)", nullptr, nullptr}}) {
    check(place);
  }
}

TEST(ValueWriter, DatesAndTimestampsTakeIsoTextUnixSecondsAndJulianDays) {
  for (const Place& place : std::initializer_list<Place>{
           {of_text("2020-08-25"), "date", "2020-08-25", nullptr},
           {of_text("2020-08-25 00:00:00"), "date", "2020-08-25", nullptr},
           {of_int(1598313600), "date", "2020-08-25", nullptr},
           {of_int(-86400), "date", "1969-12-31", nullptr},
           {of_int(1598313601), "date", nullptr, nullptr},
           {of_real(2440588.5), "date", "1970-01-02", nullptr},
           {of_real(2440588.75), "date", nullptr, nullptr},
           {of_text("2020-08-25 01:00:00"), "date", nullptr, nullptr},
           {of_text("0000-00-00"), "date", nullptr, nullptr},
           {of_int(1598313600), "timestamp", "2020-08-25 00:00:00.000000", nullptr},
           {of_text("2026-01-02T03:04:05Z"), "timestamp", "2026-01-02 03:04:05.000000",
            nullptr},
           {of_text("2026-01-02 03:04:05.25+02:00"), "timestamptz",
            "2026-01-02 01:04:05.250000Z", nullptr},
           {of_text("2026-01-02"), "timestamp", "2026-01-02 00:00:00.000000", nullptr},
           {of_real(2440587.5), "timestamp", "1970-01-01 00:00:00.000000", nullptr},
           {of_real(6e6), "timestamp", nullptr, nullptr},
           {of_real(-0.1), "timestamp", nullptr, nullptr},
           {of_int(kHigh), "timestamp", nullptr, nullptr},
           {of_int(kLow), "timestamp", nullptr, nullptr},
           {of_int(kLow), "date", nullptr, nullptr},
           {of_text("tomorrow"), "timestamp", nullptr, nullptr},
           {of_text(""), "timestamptz", nullptr, nullptr},
           {of_blob("2026-01-02"), "timestamp", nullptr, nullptr},
           {of_text("03:04:05.5"), "time", "03:04:05.500000", nullptr},
           {of_text("24:00:00"), "time", nullptr, nullptr},
           {of_int(3600), "time", nullptr, nullptr},
           {of_real(0.5), "time", nullptr, nullptr},
           {of_blob("03:04"), "time", nullptr, nullptr}}) {
    check(place);
  }
}

TEST(ValueWriter, TheLastSecondsThatMicrosecondsHold) {
  constexpr std::int64_t kLast = kHigh / 1'000'000;
  ValueWriter writer({"c", "DECL", OnLossy::kNull}, {TypeName::Kind::kTimestamp});
  writer.start(4);
  writer.set_int(0, kLast);
  writer.set_int(1, -kLast);
  writer.set_int(2, kLast + 1);
  writer.set_int(3, -kLast - 1);
  const auto column = writer.finish(4);
  const auto* values = column->data()->GetValues<std::int64_t>(1);
  EXPECT_EQ(values[0], kLast * 1'000'000);
  EXPECT_EQ(values[1], -kLast * 1'000'000);
  EXPECT_TRUE(column->IsNull(2));
  EXPECT_TRUE(column->IsNull(3));
  EXPECT_EQ(writer.lossy().nulled, 2);
}

TEST(ValueWriter, TextColumnsTakeNumbersAsTheirText) {
  for (const Place& place : std::initializer_list<Place>{
           {of_int(kLow), "text", "'-9223372036854775808'", nullptr},
           {of_real(0.1), "text", "'0.1'", nullptr},
           {of_real(3.0), "text", "'3.0'", nullptr},
           {of_real(-kInfinity), "text", "'-Infinity'", nullptr},
           {of_text(""), "text", "''", nullptr},
           {of_text(std::string("a\0b", 3)), "text", "'a\0b'", nullptr}}) {
    if (place.value.bytes.size() == 3) {
      EXPECT_EQ(write(place.value, "text", OnLossy::kError).value,
                std::string("'a\0b'", 5));
    } else {
      check(place);
    }
  }
}

TEST(ValueWriter, BinaryColumnsTakeTheBytesOfText) {
  check({of_blob("\xFF"), "binary", "x'ff'", nullptr});
  check({of_blob(""), "binary", "x''", nullptr});
  check({of_text("a\xFF"), "binary", "x'61ff'", nullptr});
  check({of_int(1), "binary", nullptr, nullptr});
  check({of_real(1), "binary", nullptr, nullptr});
}

TEST(ValueWriter, ABlobInATextColumnFollowsThePolicy) {
  EXPECT_EQ(failure_of([] { write(of_blob("a\xFF"), "text", OnLossy::kError); }),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 1, column 'c' (declared DECL): a blob value does not fit text",
                     kPolicyHint}));
  const Written text = write(of_blob("a\xFF"), "text", OnLossy::kText);
  EXPECT_EQ(text.value, "'\\x61ff'");
  EXPECT_EQ(text.lossy.as_text, 1);
  const Written clamped = write(of_blob("a\xFF"), "text", OnLossy::kClamp);
  EXPECT_EQ(clamped.value, "'a\uFFFD'");
  EXPECT_EQ(clamped.lossy.clamped, 1);
  const Written nulled = write(of_blob("a\xFF"), "text", OnLossy::kNull);
  EXPECT_EQ(nulled.value, "NULL");
  EXPECT_EQ(nulled.lossy.nulled, 1);
}

// A column of these texts, with a NULL among them.
Rows written_texts(const std::vector<std::string>& texts, OnLossy policy,
                   LossyCounts* counts) {
  ValueWriter writer({"c", "", policy}, {TypeName::Kind::kText});
  const auto rows = static_cast<std::int64_t>(texts.size()) + 1;
  writer.start(rows);
  writer.set_null(0);
  for (std::int64_t row = 1; row < rows; ++row) {
    set(writer, row, of_text(texts[static_cast<std::size_t>(row - 1)]));
  }
  const auto column = writer.finish(rows);
  EXPECT_TRUE(column->ValidateFull().ok());
  *counts = writer.lossy();
  return shown(*column);
}

TEST(ValueWriter, TextThatIsNotUtf8FollowsThePolicy) {
  const std::vector<std::string> texts{"ok", "\xC3", "\xA9", "é", ""};
  LossyCounts counts;
  EXPECT_EQ(failure_of([&] { written_texts(texts, OnLossy::kError, &counts); }).message,
            "row 3, column 'c' (no declared type): a text (not valid UTF-8) value does "
            "not fit text");
  EXPECT_EQ(written_texts(texts, OnLossy::kNull, &counts),
            (Rows{"NULL", "'ok'", "NULL", "NULL", "'é'", "''"}));
  EXPECT_EQ(counts.nulled, 2);
  EXPECT_EQ(written_texts(texts, OnLossy::kText, &counts),
            (Rows{"NULL", "'ok'", "'\\xc3'", "'\\xa9'", "'é'", "''"}));
  EXPECT_EQ(counts.as_text, 2);
  EXPECT_EQ(written_texts(texts, OnLossy::kClamp, &counts),
            (Rows{"NULL", "'ok'", "'\uFFFD'", "'\uFFFD'", "'é'", "''"}));
  EXPECT_EQ(counts.clamped, 2);
}

TEST(ValueWriter, RowsAreCountedAcrossBatches) {
  ValueWriter writer({"total", "INTEGER", OnLossy::kError}, {TypeName::Kind::kInt64});
  for (int batch = 0; batch < 2; ++batch) {
    writer.start(2);
    writer.set_int(0, 1);
    writer.set_int(1, 2);
    writer.finish(2);
  }
  writer.start(2);
  writer.set_int(0, 1);
  EXPECT_EQ(failure_of([&] { writer.set_text(1, "x", 1); }).message,
            "row 6, column 'total' (declared INTEGER): a text value does not fit int64");
}

TEST(ValueWriter, AGuessedColumnGetsTheHintToCast) {
  ColumnWriter::Facts facts{"n", "", OnLossy::kError};
  facts.guessed = true;
  ValueWriter writer(facts, {TypeName::Kind::kInt64});
  writer.start(1);
  EXPECT_EQ(failure_of([&] { writer.set_real(0, 0.05); }),
            (Failure{Category::kDataSource, "lossy_value",
                     "row 1, column 'n' (no declared type): a real value does not fit "
                     "int64",
                     "the column's type was taken from the first rows; CAST it in the "
                     "query, or set types.columns: {n: text}"}));
}

TEST(ValueWriter, AWholeColumnInPlaceOfItsDeclaredTypeCountsItsValues) {
  ColumnWriter::Facts facts{"n", "INTEGER", OnLossy::kText};
  facts.in_place_of_declared = true;
  ValueWriter writer(facts, {TypeName::Kind::kText});
  writer.start(4);
  writer.set_int(0, 1);
  writer.set_null(1);
  set(writer, 2, of_text(""));
  set(writer, 3, of_blob("\xFF"));
  EXPECT_EQ(shown(*writer.finish(4)), (Rows{"'1'", "NULL", "''", "'\\xff'"}));
  EXPECT_EQ(writer.lossy().as_text, 3);
}

}  // namespace
}  // namespace penstock
