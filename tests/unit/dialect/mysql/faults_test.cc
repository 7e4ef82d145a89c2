// What a broken network makes of a read: an error, or all of it, never a part.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/dialect/mysql/server.h"

namespace penstock::testing {
namespace {

using Clock = std::chrono::steady_clock;

enum class Fault { kNone, kClose, kReset, kStall };

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// Between us and a server: after `bytes` of the first connection's answers the fault.
/// Later connections (to kill what runs) pass whole.
class Proxy {
 public:
  Proxy(int server_port, Fault fault, std::size_t bytes)
      : server_port_(server_port),
        fault_(fault),
        bytes_(bytes),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 8);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~Proxy() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  std::size_t answered() const { return answered_; }

 private:
  struct Pair {
    int client;
    int server;
    bool first;
    bool stalled = false;
  };

  void serve(const std::stop_token& stop) {
    std::vector<Pair> pairs;
    while (!stop.stop_requested()) {
      std::vector<pollfd> polled{{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        polled.push_back({pair.client, POLLIN, 0});
        polled.push_back({pair.stalled ? -1 : pair.server, POLLIN, 0});
      }
      ::poll(polled.data(), polled.size(), 20);
      std::vector<Pair> kept;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const bool up = polled[1 + 2 * i].revents == 0 || pass_up(pairs[i]);
        if (up && (polled[2 + 2 * i].revents == 0 || pass_down(pairs[i]))) {
          kept.push_back(pairs[i]);
        } else {
          ::close(pairs[i].client);
          ::close(pairs[i].server);
        }
      }
      pairs = std::move(kept);
      if (polled[0].revents != 0) pairs.push_back(accept());
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
    const bool faulty = pair.first && fault_ != Fault::kNone;
    if (faulty) room = std::min(room, bytes_ - answered_);
    const ssize_t got = room == 0 ? 0 : ::recv(pair.server, buffer, room, 0);
    if (got < 0 || (got == 0 && room > 0)) return false;
    if (::send(pair.client, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got)
      return false;
    if (pair.first) answered_ += static_cast<std::size_t>(got);
    if (!faulty || answered_ < bytes_) return true;
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
  int listener_;
  int port_ = 0;
  bool accepted_ = false;
  std::atomic<std::size_t> answered_ = 0;
  std::jthread thread_;
};

class MysqlFaults : public OnServers {
 protected:
  static constexpr int kRows = 300;
  int server_port() const {
    const std::string text = dsn();
    const auto at = text.find("127.0.0.1:") + std::strlen("127.0.0.1:");
    return std::stoi(text.substr(at));
  }
  /// The rows that came to an end that looks like one, or the failure.
  Failure read_through(const Proxy& proxy, std::size_t* rows,
                       std::chrono::milliseconds limit = std::chrono::seconds(30)) const {
    std::string through = dsn();
    const std::string port = ":" + std::to_string(server_port()) + "/";
    through.replace(through.find(port), port.size(), fmt::format(":{}/", proxy.port()));
    return failure_of([&] {
      Query query = query_of(fmt::format(
          "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {}) "
          "SELECT i, repeat('x', 20) AS x FROM s",
          kRows));
      query.limits.statement = query.limits.connect = limit;
      *rows = read_all(engine_for(through).open(query, {})).rows.size();
    });
  }
};
PENSTOCK_ON_BOTH_SERVERS(MysqlFaults);

// RS-013
TEST_P(MysqlFaults, AConnectionThatIsCutAnywhereIsAnErrorAndNeverAShortResult) {
  std::size_t whole = 0;
  std::size_t rows = 0;
  {
    const Proxy proxy(server_port(), Fault::kNone, 0);
    ASSERT_EQ(read_through(proxy, &rows), Failure{});
    ASSERT_EQ(rows, kRows);
    whole = proxy.answered();
  }
  std::vector<std::size_t> points;
  for (std::size_t i = 1; i < 24; ++i) points.push_back(whole * i / 24);
  for (std::size_t i = 1; i <= 16; ++i) points.push_back(whole - i);
  for (const Fault fault : {Fault::kClose, Fault::kReset}) {
    for (const std::size_t point : points) {
      const Proxy proxy(server_port(), fault, point);
      rows = 0;
      const Failure failure = read_through(proxy, &rows);
      EXPECT_NE(failure, Failure{}) << point << " of " << whole;
      EXPECT_EQ(failure.category, Category::kUnavailable) << point << "\n" << failure;
      EXPECT_EQ(rows, 0U);
    }
  }
}

// RS-014
TEST_P(MysqlFaults, AConnectionThatStallsEndsWithTheTimeLimit) {
  for (const std::size_t point : {100U, 2000U, 5000U, 9000U}) {
    const Proxy proxy(server_port(), Fault::kStall, point);
    std::size_t rows = 0;
    const auto start = Clock::now();
    const Failure failure = read_through(proxy, &rows, std::chrono::milliseconds(1000));
    EXPECT_EQ(failure.category, Category::kTimeout) << failure;
    EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(4000)) << point;
    EXPECT_EQ(rows, 0U);
  }
}

}  // namespace
}  // namespace penstock::testing
