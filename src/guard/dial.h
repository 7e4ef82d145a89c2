// The one place that connects a socket, and only to what was admitted.
#pragma once

#include <cstddef>

#include "base/socket_wait.h"
#include "guard/target.h"

namespace penstock {

/// Ways to reach the target, in the order to try them: each of its addresses, or its
/// socket.
std::size_t routes_of(const Target& target);

/// A connected socket, non-blocking and close-on-exec, which the caller closes: to
/// `target`'s address number `index`, or to its Unix socket. No name is resolved here.
/// Throws Error{kUnavailable}, code "connect_failed", and what `wait` throws.
int dial(const Target& target, std::size_t index, SocketWait& wait);

}  // namespace penstock
