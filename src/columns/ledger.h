// Counts, by column, every value that had no exact place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock {

struct LossyCounts {
  std::int64_t nulled = 0;
  std::int64_t as_text = 0;
  std::int64_t clamped = 0;
};

/// One entry a column, in the result's order.
using Ledger = std::vector<LossyCounts>;

}  // namespace penstock
