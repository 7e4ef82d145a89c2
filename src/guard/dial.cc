#include "guard/dial.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "penstock/error.h"

namespace penstock {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::string place_of(const Target& target) {
  return target.unix_socket().empty()
             ? fmt::format("{}:{}", printable(target.name()), target.port())
             : printable(target.unix_socket());
}

Error failed(const Target& target, int error) {
  return Error(
      Category::kUnavailable, "connect_failed",
      fmt::format("cannot connect to {}: {}", place_of(target), std::strerror(error)),
      "check that the server runs and can be reached");
}

Address address_of(const Target& target, std::size_t index) {
  Address address;
  if (!target.unix_socket().empty()) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    const std::string& path = target.unix_socket();
    if (path.size() >= sizeof(local.sun_path)) throw failed(target, ENAMETOOLONG);
    std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
    std::memcpy(&address.storage, &local, sizeof(local));
    address.size = sizeof(local);
    return address;
  }
  const IpAddress& ip = target.addresses().at(index);
  const auto port = htons(static_cast<std::uint16_t>(target.port()));
  if (ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = port;
    std::memcpy(&v4.sin_addr, ip.bytes.data() + 12, 4);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.size = sizeof(v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.size = sizeof(v6);
  }
  return address;
}

// Closes the socket unless it is released.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

}  // namespace

std::size_t routes_of(const Target& target) {
  return target.unix_socket().empty() ? target.addresses().size() : 1;
}

int dial(const Target& target, std::size_t index, SocketWait& wait) {
  const Address address = address_of(target, index);
  Socket socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw failed(target, errno);
  if (address.storage.ss_family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  }
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket.get(), raw, address.size) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) throw failed(target, errno);
    wait.until_writable(socket.get());
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 ||
        error != 0) {
      throw failed(target, error != 0 ? error : errno);
    }
  }
  return socket.release();
}

}  // namespace penstock
