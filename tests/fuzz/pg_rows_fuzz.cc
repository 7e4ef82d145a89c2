// Bytes of a server -> RowDecoder: whatever they are, a batch or an Error, and never more
// memory than the bytes ask for. The first byte picks the columns and the policy, the
// rest is one DataRow.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/status.h>

#include "dialect/postgres/decode.h"
#include "dialect/postgres/types.h"
#include "penstock/error.h"

namespace {

using namespace penstock;
using postgres::Oid;
using postgres::ResultColumn;

constexpr int typmod(int precision, int scale) {
  return (precision << 16 | (scale & 0x7FF)) + 4;
}

// Every way to decode, scalars first and then lists of them.
const std::vector<ResultColumn>& all_columns() {
  static const std::vector<ResultColumn> columns = [] {
    std::vector<ResultColumn> made;
    for (const Oid oid : {16U,   17U,   18U,   20U,   21U,   23U,   25U,   26U,   700U,
                          701U,  1082U, 1083U, 1114U, 1186U, 2950U, 1000U, 1001U, 1002U,
                          1007U, 1009U, 1022U, 1182U, 1115U, 1187U, 2951U, 1231U}) {
      made.push_back({"c" + std::to_string(made.size()), oid, -1, 0});
    }
    for (const Oid oid : {1700U, 1231U}) {
      for (const int mod :
           {typmod(10, 2), typmod(38, 38), typmod(76, 10), typmod(5, -2)}) {
        made.push_back({"c" + std::to_string(made.size()), oid, mod, 0});
      }
    }
    return made;
  }();
  return columns;
}

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void decode(const std::vector<ResultColumn>& columns, OnLossy on_lossy,
            const TypeChoices& choices, std::string_view body) {
  postgres::RowDecoder decoder(plan_columns(columns, {}, choices), on_lossy);
  decoder.start(2);
  try {
    decoder.add(body);
    decoder.add(body);
    const auto batch = decoder.finish();
    require(batch->num_rows() == 2 && batch->ValidateFull().ok());
  } catch (const Error& error) {
    require(error.code() == "protocol_error" || error.code() == "lossy_value");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr OnLossy kPolicies[] = {OnLossy::kError, OnLossy::kNull, OnLossy::kClamp,
                                   OnLossy::kText};
  const OnLossy on_lossy = kPolicies[data[0] % 4];
  TypeChoices choices;
  choices.on_lossy = on_lossy;
  if ((data[0] & 4) != 0) choices.numeric = parse_type_name("double");
  const auto& known = all_columns();
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t first = data[1] % known.size();
  // One column, its value without the frame of a row; and three, as a row.
  std::string one{'\0', '\1'};
  for (int shift = 24; shift >= 0; shift -= 8) {
    one += static_cast<char>(body.size() >> shift);
  }
  decode({known[first]}, on_lossy, choices, one.append(body));
  decode({known[first], known[(first + 7) % known.size()],
          known[(first + 11) % known.size()]},
         on_lossy, choices, body);
  return 0;
}
