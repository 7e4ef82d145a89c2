#include "dialect/mysql/link.h"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "dialect/mysql/wire.h"
#include "guard/dial.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

constexpr char kKey[] = "penstock";
// A greeting is some 80 to 300 bytes.
constexpr std::size_t kMaxGreetingBytes = 4096;

}  // namespace

Link::~Link() {
  if (socket_ >= 0) ::close(socket_);
}

void Link::attach(MYSQL* connection) {
  mysql_optionsv(connection, MARIADB_OPT_USERDATA, const_cast<char*>(kKey), this);
}

Link* Link::of(MYSQL* connection) {
  void* found = nullptr;
  if (connection->options.extension == nullptr ||
      mysql_get_optionv(connection, MARIADB_OPT_USERDATA, const_cast<char*>(kKey),
                        &found) != 0) {
    return nullptr;
  }
  return static_cast<Link*>(found);
}

void Link::cut() {
  cut_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Link::connect() noexcept {
  try {
    socket_ = dial(target_, route_, *wait_);
    if (requires_tls_) check_greeting();
    return true;
  } catch (...) {
    fail(std::current_exception());
    return false;
  }
}

// The server speaks first. What it says is looked at and left where it is.
void Link::check_greeting() {
  std::vector<unsigned char> bytes(kMaxGreetingBytes);
  std::size_t seen = 0;
  while (true) {
    wait_->until_readable(socket_);
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return;  // libmariadb will say so
    const auto greeting = greeting_of({bytes.data(), static_cast<std::size_t>(got)});
    if (greeting == Greeting::kOther || greeting == Greeting::kTls) return;
    if (greeting == Greeting::kPlain) {
      throw Error(Category::kRefused, "tls_not_offered",
                  "the server offers no TLS, which the DSN asks for; nothing was sent",
                  "turn TLS on in the server, or take the ssl options from the DSN");
    }
    // Not all of it yet: poll would return at once for what is already there.
    if (static_cast<std::size_t>(got) == seen) ::usleep(1000);
    seen = static_cast<std::size_t>(got);
  }
}

bool Link::until(bool readable) noexcept {
  if (wait_ == nullptr || cut_) return false;
  try {
    readable ? wait_->until_readable(socket_) : wait_->until_writable(socket_);
    return true;
  } catch (...) {
    fail(std::current_exception());
    return false;
  }
}

ssize_t Link::read(unsigned char* to, std::size_t room) noexcept {
  while (!cut_) {
    const ssize_t got = ::recv(socket_, to, room, 0);
    if (got >= 0) return got;
    if (errno != EINTR && (errno != EAGAIN || !until(true))) return -1;
  }
  return -1;
}

ssize_t Link::write(const unsigned char* from, std::size_t size) noexcept {
  while (!cut_) {
    const ssize_t sent = ::send(socket_, from, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno != EINTR && (errno != EAGAIN || !until(false))) return -1;
  }
  return -1;
}

}  // namespace penstock::mysql
