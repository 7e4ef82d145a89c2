// Stage: base. The caps of a run. Every one is on, with a default; a flag may lower it,
// only a file or the environment may raise it.
#pragma once

#include <chrono>
#include <cstdint>

namespace penstock {

struct Limits {
  /// Rows of the result; exactly this many pass (RS-020). 0: the environment's cap,
  /// 50,000,000 by default.
  std::int64_t rows = 0;
  /// Arrow bytes of the result. 0: no cap.
  std::int64_t bytes = 0;
  /// The whole run, from opening to the last row. 0: no cap of its own.
  std::chrono::milliseconds total{0};
  /// From executing to the last row, the consumer's time included (RS-014). Range 1 s ..
  /// 1800 s.
  std::chrono::milliseconds statement{300'000};
  /// To connect; SQLite: the busy timeout (RS-009). Range 1 s .. 60 s.
  std::chrono::milliseconds connect{10'000};
};

/// How rows are cut into record batches; a batch ends at whichever comes first. Larger
/// batches cost memory and gain nothing past the defaults (docs/benchmarks.md).
struct BatchSize {
  std::int64_t rows = 16'384;  // at most 100,000 (RS-021)
  /// Of column data; one row is always delivered, however long.
  std::int64_t bytes = 4 * 1024 * 1024;
};

}  // namespace penstock
