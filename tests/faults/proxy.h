// Between a client and a real server on loopback: a network that breaks where a test
// says.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace penstock::testing {

enum class Fault { kNone, kClose, kReset, kStall, kFlip };

/// After `bytes` of the first connection's answers the fault; kFlip: that byte arrives
/// with the bits of `mask` turned over, and all else whole. Later connections (which
/// cancel what runs) pass whole.
class Proxy {
 public:
  Proxy(int server_port, Fault fault, std::size_t bytes, std::uint8_t mask = 1)
      : server_port_(server_port),
        fault_(fault),
        bytes_(bytes),
        mask_(mask),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stopped_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address = loopback(0);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 8);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Proxy() {
    ::eventfd_write(stopped_, 1);
    thread_.join();
    ::close(listener_);
    ::close(stopped_);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  /// Bytes that the first connection has been given.
  std::size_t answered() const { return answered_; }

  /// The port in a DSN of a server at 127.0.0.1.
  static int port_of(const std::string& dsn) {
    const std::string host = "@127.0.0.1:";
    return std::stoi(dsn.substr(dsn.find(host) + host.size()));
  }
  /// That DSN, by way of this proxy.
  std::string through(std::string dsn) const {
    const std::string port = fmt::format(":{}/", port_of(dsn));
    return dsn.replace(dsn.find(port), port.size(), fmt::format(":{}/", port_));
  }

 private:
  struct Pair {
    int client;
    int server;
    bool first;
    bool stalled = false;
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  void serve() {
    std::vector<Pair> pairs;
    while (true) {
      std::vector<pollfd> polled{{stopped_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        polled.push_back({pair.client, POLLIN, 0});
        polled.push_back({pair.stalled ? -1 : pair.server, POLLIN, 0});
      }
      ::poll(polled.data(), polled.size(), -1);
      if (polled[0].revents != 0) break;
      std::vector<Pair> kept;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const bool up = polled[2 + 2 * i].revents == 0 || pass_up(pairs[i]);
        if (up && (polled[3 + 2 * i].revents == 0 || pass_down(pairs[i]))) {
          kept.push_back(pairs[i]);
        } else {
          ::close(pairs[i].client);
          ::close(pairs[i].server);
        }
      }
      pairs = std::move(kept);
      if (polled[1].revents != 0) pairs.push_back(accept());
    }
    for (const Pair& pair : pairs) {
      ::close(pair.client);
      ::close(pair.server);
    }
  }
  Pair accept() {
    Pair pair{::accept(listener_, nullptr, nullptr),
              ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), !accepted_};
    accepted_ = true;
    const sockaddr_in address = loopback(server_port_);
    ::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return pair;
  }
  static bool pass_up(const Pair& pair) {
    char buffer[65536];
    const ssize_t got = ::recv(pair.client, buffer, sizeof(buffer), 0);
    return got > 0 && ::send(pair.server, buffer, static_cast<std::size_t>(got),
                             MSG_NOSIGNAL) == got;
  }
  bool pass_down(Pair& pair) {
    char buffer[4096];
    std::size_t room = sizeof(buffer);
    const bool ends = pair.first && fault_ != Fault::kNone && fault_ != Fault::kFlip;
    if (ends) room = std::min(room, bytes_ - answered_);
    const ssize_t got = room == 0 ? 0 : ::recv(pair.server, buffer, room, 0);
    if (got < 0 || (got == 0 && room > 0)) return false;
    const auto size = static_cast<std::size_t>(got);
    if (pair.first && fault_ == Fault::kFlip && bytes_ >= answered_ &&
        bytes_ < answered_ + size) {
      buffer[bytes_ - answered_] = static_cast<char>(buffer[bytes_ - answered_] ^ mask_);
    }
    if (::send(pair.client, buffer, size, MSG_NOSIGNAL) != got) return false;
    if (pair.first) answered_ += size;
    if (!ends || answered_ < bytes_) return true;
    if (fault_ == Fault::kStall) {
      pair.stalled = true;
      return true;
    }
    if (fault_ == Fault::kReset) {
      const linger now{1, 0};
      ::setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    return false;
  }

  int server_port_;
  Fault fault_;
  std::size_t bytes_;
  std::uint8_t mask_;
  int listener_;
  int stopped_;
  int port_ = 0;
  bool accepted_ = false;
  std::atomic<std::size_t> answered_ = 0;
  std::thread thread_;
};

}  // namespace penstock::testing
