// Rows as bytes, without a server.
#include "dialect/mysql/decode.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/mysql/wire.h"
#include "unit/columns/show.h"
#include "unit/support.h"

namespace penstock::mysql {
namespace {

using namespace std::string_literals;
using penstock::testing::Failure;
using penstock::testing::failure_of;
using penstock::testing::shown;
using ::testing::ElementsAre;

ResultColumn column(const std::string& name, enum_field_types type, unsigned long length,
                    unsigned decimals = 0, unsigned charset = 45) {
  return {name, type, length, 0, decimals, charset, ""};
}

std::vector<ColumnPlan> plans() {
  return plan_columns(
      {column("i", MYSQL_TYPE_LONG, 11, 0, 63),
       column("d", MYSQL_TYPE_NEWDECIMAL, 12, 2, 63),
       column("t", MYSQL_TYPE_VAR_STRING, 40), column("day", MYSQL_TYPE_DATE, 10, 0, 63),
       column("at", MYSQL_TYPE_DATETIME, 26, 6, 63),
       column("big", MYSQL_TYPE_NEWDECIMAL, 62, 1, 63)},
      {});
}

// 7, cast(-1.5 as decimal(10,2)), 'é', date '2026-01-02', timestamp
// '2026-01-02 03:04:05.000006', cast(12 as decimal(60,1)), as the protocol has them.
std::string row() {
  return "\x00\x00\x07\x00\x00\x00\x05-1.50\x02\xC3\xA9\x04\xEA\x07\x01\x02"
         "\x0B\xEA\x07\x01\x02\x03\x04\x05\x06\x00\x00\x00\x04"s +
         "12.0";
}

TEST(MysqlRows, AreDecodedFromTheirBytes) {
  RowDecoder decoder(plans(), OnLossy::kError);
  decoder.start(10);
  EXPECT_GT(decoder.add(row()), 0);
  EXPECT_GT(decoder.add("\x00\xFC"s), 0);  // six NULLs from the third bit on
  EXPECT_EQ(decoder.rows(), 2);
  const auto batch = decoder.finish();
  ASSERT_TRUE(batch->ValidateFull().ok());
  std::vector<std::string> values;
  for (int i = 0; i < 6; ++i) values.push_back(shown(*batch->column(i), 0));
  EXPECT_THAT(values, ElementsAre("7", "-1.50", "'\xC3\xA9'", "2026-01-02",
                                  "2026-01-02 03:04:05.000006", "12.0"));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(shown(*batch->column(i), 1), "NULL");
}

TEST(MysqlRows, BytesThatAreNoRowAreAnError) {
  const auto failure = [](const std::string& bytes) {
    return failure_of([&] {
      RowDecoder decoder(plans(), OnLossy::kError);
      decoder.start(10);
      decoder.add(bytes);
    });
  };
  const Failure broken{Category::kUnavailable, "protocol_error",
                       "the server sent bytes that are no row of this query",
                       "the result was not complete, so nothing was published"};
  const std::string whole = row();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(failure(whole.substr(0, size)), broken) << size;
  EXPECT_EQ(failure(whole + "x"), broken);
  EXPECT_EQ(failure("\x01"s + whole.substr(1)), broken);
  std::string length = whole;
  length[6] = '\xFB';
  EXPECT_EQ(failure(length), broken);
  length[6] = '\xFE';
  EXPECT_EQ(failure(length), broken);
  std::string number = whole;
  number[8] = 'x';
  EXPECT_EQ(failure(number), broken);
}

TEST(MysqlRows, ATypeThisProgramDoesNotKnowIsBytesWithItsNumberInTheField) {
  const auto found =
      plan_columns({column("v", static_cast<enum_field_types>(243), 4, 0, 63)}, {});
  const auto schema = schema_of(found);
  EXPECT_EQ(schema->field(0)->type()->ToString(), "binary");
  EXPECT_EQ(found[0].declared, "type 243");
  EXPECT_TRUE(found[0].name_in_metadata);
}

TEST(MysqlGreeting, IsReadOnlyWhenItIsThere) {
  const std::string version =
      "\x0A"s + "8.0.0\x00"s + "\x07\x00\x00\x00"s + "12345678\x00"s;
  const auto of = [](const std::string& payload) {
    const std::string packet =
        std::string(1, static_cast<char>(payload.size())) + "\x00\x00\x00"s + payload;
    return greeting_of(
        {reinterpret_cast<const unsigned char*>(packet.data()), packet.size()});
  };
  EXPECT_EQ(of(version + "\xFF\xFF"s), Greeting::kTls);
  EXPECT_EQ(of(version + "\xFF\xF7"s), Greeting::kPlain);
  EXPECT_EQ(of(version + "\xFF"s), Greeting::kOther);
  EXPECT_EQ(of(version), Greeting::kOther);
  EXPECT_EQ(of("\xFF\x10\x04#08004Too many"), Greeting::kOther);
  EXPECT_EQ(of("\x0A"s + "no end"), Greeting::kOther);
  const std::string packet = "\x20\x00\x00\x00\x0A"s;
  for (std::size_t size = 0; size <= packet.size(); ++size) {
    EXPECT_EQ(greeting_of({reinterpret_cast<const unsigned char*>(packet.data()), size}),
              Greeting::kUnfinished);
  }
}

}  // namespace
}  // namespace penstock::mysql
