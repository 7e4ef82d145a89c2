// Two runs that would write one output exclude each other (RS-027).
#pragma once

#include <stop_token>

#include "penstock/output.h"
#include "sink/descriptor.h"
#include "sink/destination.h"

namespace penstock {

/// Holds `<output>.lock` until destroyed. The kernel lets go of it when the process ends,
/// however it ends.
class OutputLock {
 public:
  /// Waits as `options` say. Throws Error{kLocked}, code "lock_contested";
  /// Error{kInterrupted} if `stop` comes first; Error{kOutput} if there can be no lock.
  OutputLock(const Destination& destination, const LockOptions& options,
             std::stop_token stop);

 private:
  Descriptor file_;
};

}  // namespace penstock
