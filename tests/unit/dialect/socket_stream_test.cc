#include "dialect/socket_stream.h"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "penstock/error.h"

namespace penstock {
namespace {

// Two ends of a TCP connection on the loopback interface; ours does not block.
class Connection {
 public:
  Connection() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener, any, size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, any, &size), 0);
    ours = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(ours, any, size), 0);
    theirs = ::accept(listener, nullptr, nullptr);
    ::fcntl(ours, F_SETFL, O_NONBLOCK);
    ::close(listener);
  }
  ~Connection() {
    ::close(ours);
    if (theirs >= 0) ::close(theirs);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t some = ::send(theirs, bytes.data() + sent, bytes.size() - sent, 0);
      ASSERT_GT(some, 0);
      sent += static_cast<std::size_t>(some);
    }
  }
  void end() {
    ::close(theirs);
    theirs = -1;
  }

  int ours = -1;
  int theirs = -1;
};

int low_water(int socket) {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  EXPECT_EQ(::getsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, &size), 0);
  return bytes;
}

std::string take_all(SocketStream& stream) {
  const std::size_t size = stream.size();
  return {stream.take(size), size};
}

TEST(SocketStream, GivesEveryByteInOrderHoweverItIsCut) {
  Connection connection;
  SocketStream stream(connection.ours, nullptr);
  SocketWait wait(Deadline::after(std::chrono::seconds(60)), {});
  std::string sent;
  for (int i = 0; sent.size() < 1'500'000; ++i) sent += std::to_string(i) + ",";
  std::thread sender([&] {
    std::size_t at = 0;
    for (std::size_t size = 1; at < sent.size(); size = size * 3 % 40'009 + 1) {
      connection.send(sent.substr(at, size));
      at += std::min(size, sent.size() - at);
    }
    connection.end();
  });
  std::string got;
  while (got.size() < sent.size()) {
    stream.receive(wait);
    got += take_all(stream);
  }
  sender.join();
  EXPECT_EQ(got, sent);
  EXPECT_THROW(stream.receive(wait), Error);
}

// A wait for much must not become a wait for what never comes.
TEST(SocketStream, AfterManyBytesAFewStillArrive) {
  Connection connection;
  SocketStream stream(connection.ours, nullptr);
  SocketWait wait(Deadline::after(std::chrono::seconds(60)), {});
  std::thread sender([&] { connection.send(std::string(1'000'000, 'x')); });
  std::size_t got = 0;
  while (got < 1'000'000) {
    stream.receive(wait);
    got += take_all(stream).size();
  }
  sender.join();
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    connection.send("end");
  });
  stream.receive(wait);
  late.join();
  EXPECT_EQ(take_all(stream), "end");
}

// The client library reads this socket again, and waits for single bytes.
TEST(SocketStream, LeavesTheSocketAsItWas) {
  Connection connection;
  SocketStream stream(connection.ours, nullptr);
  SocketWait wait(Deadline::after(std::chrono::seconds(60)), {});
  std::thread sender([&] { connection.send(std::string(1'000'000, 'x')); });
  for (std::size_t got = 0; got < 1'000'000;) {
    stream.receive(wait);
    got += take_all(stream).size();
    EXPECT_EQ(low_water(connection.ours), 1);
  }
  sender.join();
  SocketWait no_time(Deadline::after(std::chrono::milliseconds(30)), {});
  EXPECT_THROW(stream.receive(no_time), Error);
  EXPECT_EQ(low_water(connection.ours), 1);
}

}  // namespace
}  // namespace penstock
