// Names to addresses, once.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "guard/address.h"

namespace penstock {

/// All addresses of a host name, in the order to try them. Throws Error{kUnavailable} if
/// there are none, kTimeout or kInterrupted. A test gives its own, so that nothing is
/// ever asked off the machine.
using Resolver = std::function<std::vector<IpAddress>(
    const std::string& host, Deadline deadline, const std::stop_token& stop)>;

/// getaddrinfo(3), on a thread of its own so that a stalled name server cannot hold the
/// caller past its deadline. An address with an IPv6 zone is refused.
std::vector<IpAddress> resolve_by_system(const std::string& host, Deadline deadline,
                                         const std::stop_token& stop);

}  // namespace penstock
