// Bytes of a server -> RowDecoder: whatever they are, a batch or an Error, and never more
// memory than the bytes ask for. The first byte picks the columns and the policy, the
// rest is one row.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/status.h>

#include "dialect/mysql/decode.h"
#include "dialect/mysql/types.h"
#include "dialect/mysql/wire.h"
#include "penstock/error.h"

namespace {

using namespace penstock;
using mysql::ResultColumn;

// Every way to decode.
const std::vector<ResultColumn>& all_columns() {
  static const std::vector<ResultColumn> columns = [] {
    std::vector<ResultColumn> made;
    const auto add = [&](enum_field_types type, unsigned long length, unsigned decimals,
                         unsigned charset) {
      made.push_back({"c" + std::to_string(made.size()), type, length,
                      made.size() % 2 == 0 ? 0U : unsigned{UNSIGNED_FLAG}, decimals,
                      charset, ""});
    };
    for (const auto type :
         {MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG,
          MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE, MYSQL_TYPE_YEAR, MYSQL_TYPE_BIT,
          MYSQL_TYPE_DATE, MYSQL_TYPE_DATETIME, MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TIME,
          MYSQL_TYPE_JSON, MYSQL_TYPE_GEOMETRY, MYSQL_TYPE_NULL}) {
      add(type, 1, 6, 63);
    }
    add(MYSQL_TYPE_VAR_STRING, 40, 0, 45);
    add(MYSQL_TYPE_LONG_BLOB, 4000, 0, 63);
    add(MYSQL_TYPE_NEWDECIMAL, 12, 2, 63);
    add(MYSQL_TYPE_NEWDECIMAL, 42, 38, 63);
    add(MYSQL_TYPE_NEWDECIMAL, 67, 30, 63);
    return made;
  }();
  return columns;
}

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void decode(const std::vector<ResultColumn>& columns, const TypeChoices& choices,
            std::string_view payload) {
  mysql::RowDecoder decoder(plan_columns(columns, choices), choices.on_lossy);
  decoder.start(2);
  try {
    decoder.add(payload);
    decoder.add(payload);
    const auto batch = decoder.finish();
    require(batch->num_rows() == 2 && batch->ValidateFull().ok());
  } catch (const Error& error) {
    require(error.code() == "protocol_error" || error.code() == "lossy_value");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mysql::greeting_of({data, size});
  if (size == 0) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  TypeChoices choices;
  choices.on_lossy = static_cast<OnLossy>(data[0] & 3);
  choices.tinyint1 = choices.bit1 = TypeName{TypeName::Kind::kBool};
  const std::size_t which = data[0] >> 2;
  const auto& columns = all_columns();
  if (which < columns.size()) {
    decode({columns[which]}, choices, payload);
    choices.columns = {{columns[which].name, {TypeName::Kind::kText}}};
    if (columns[which].type != MYSQL_TYPE_GEOMETRY)
      decode({columns[which]}, choices, payload);
  } else {
    decode(columns, choices, payload);
  }
  return 0;
}
