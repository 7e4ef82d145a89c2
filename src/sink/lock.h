// Two runs that would write one output exclude each other (RS-027).
#pragma once

#include <stop_token>

#include "penstock/error.h"
#include "penstock/output.h"
#include "sink/descriptor.h"
#include "sink/destination.h"

namespace penstock {

/// Holds `<output>.lock` until destroyed. The kernel lets go of it when the process ends,
/// however it ends.
///
/// A removed lock file does not give two holders: a lock counts only while the file
/// locked is the one under the name, and while no other run has a temporary of this
/// output open.
class OutputLock {
 public:
  /// Waits as `options` say. Throws Error{kLocked}, code "lock_contested";
  /// Error{kInterrupted} if `stop` comes first; Error{kOutput} if there can be no lock.
  /// Removes stale temporaries.
  OutputLock(const Destination& destination, const LockOptions& options,
             std::stop_token stop);

  /// Once more before the output is opened: if the lock file was removed, takes the new
  /// one. Throws Error{kLocked} if another run was faster.
  void confirm();

 private:
  enum class State { kHeld, kHeldByOther, kWrittenByOther };
  State try_once();
  Error contested(State state) const;

  const Destination& destination_;
  Descriptor file_;
};

}  // namespace penstock
