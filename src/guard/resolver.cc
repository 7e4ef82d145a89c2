#include "guard/resolver.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

struct Answer {
  std::mutex mutex;
  std::condition_variable_any ready;
  bool done = false;
  int code = 0;
  std::vector<IpAddress> addresses;
  bool zoned = false;
};

void ask(const std::string& host, Answer* answer) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_family = AF_UNSPEC;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const std::lock_guard lock(answer->mutex);
  answer->code = code;
  for (const addrinfo* one = code == 0 ? found : nullptr; one != nullptr;
       one = one->ai_next) {
    IpAddress address;
    if (one->ai_family == AF_INET) {
      sockaddr_in small{};
      std::memcpy(&small, one->ai_addr, sizeof(small));
      address.bytes[10] = address.bytes[11] = 0xFF;
      std::memcpy(address.bytes.data() + 12, &small.sin_addr, 4);
    } else if (one->ai_family == AF_INET6) {
      sockaddr_in6 big{};
      std::memcpy(&big, one->ai_addr, sizeof(big));
      std::memcpy(address.bytes.data(), &big.sin6_addr, 16);
      answer->zoned = answer->zoned || big.sin6_scope_id != 0;
    } else {
      continue;
    }
    const auto& known = answer->addresses;
    if (std::find(known.begin(), known.end(), address) == known.end())
      answer->addresses.push_back(address);
  }
  answer->done = true;
  answer->ready.notify_all();
}

}  // namespace

std::vector<IpAddress> resolve_by_system(const std::string& host, Deadline deadline,
                                         const std::stop_token& stop) {
  const auto answer = std::make_shared<Answer>();
  // Detached: getaddrinfo cannot be cancelled. It owns its part of the answer and ends by
  // itself.
  std::thread([host, answer] { ask(host, answer.get()); }).detach();
  std::unique_lock lock(answer->mutex);
  const auto done = [&answer] { return answer->done; };
  const bool in_time = answer->ready.wait_until(lock, stop, deadline.at(), done);
  if (stop.stop_requested()) {
    throw Error(Category::kInterrupted, "interrupted",
                "interrupted while resolving the host");
  }
  if (!in_time) {
    throw Error(Category::kTimeout, "resolve_timeout",
                fmt::format("resolving host '{}' took longer than the connect timeout",
                            printable(host)));
  }
  if (answer->zoned) {
    throw Error(
        Category::kRefused, "zoned_address",
        fmt::format(
            "host '{}' resolves to an IPv6 address with a zone, which is always refused",
            printable(host)));
  }
  if (answer->addresses.empty()) {
    const std::string why = answer->code == 0 ? "no address" : gai_strerror(answer->code);
    throw Error(Category::kUnavailable, "host_not_found",
                fmt::format("cannot resolve host '{}': {}", printable(host), why),
                "check the DSN's host name");
  }
  return answer->addresses;
}

}  // namespace penstock
