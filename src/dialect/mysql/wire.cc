#include "dialect/mysql/wire.h"

#include <algorithm>

#include "dialect/mysql/plugin.h"

namespace penstock::mysql {
namespace {

// The protocol's own limit: max_allowed_packet is at most 1 GB.
constexpr std::size_t kMaxPayloadBytes = std::size_t{1} << 30;

void* ssl_of(MYSQL* connection) {
  const MARIADB_PVIO* pvio = connection->net.pvio;
  return pvio->ctls == nullptr ? nullptr : pvio->ctls->ssl;
}

}  // namespace

// HandshakeV10: header, version 10, server version\0, thread 4, nonce 8, 0, capabilities
// 2 (low half).
Greeting greeting_of(std::span<const unsigned char> bytes) {
  constexpr unsigned kClientSsl = 0x0800;
  if (bytes.size() < 5) return Greeting::kUnfinished;
  const std::size_t size = bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  if (bytes[4] != 10) return Greeting::kOther;
  if (size > 2048) return Greeting::kOther;
  if (bytes.size() < size + 4) return Greeting::kUnfinished;
  const auto payload = bytes.subspan(4, size);
  const auto zero = std::find(payload.begin() + 1, payload.end(), 0);
  const auto at = static_cast<std::size_t>(zero - payload.begin()) + 1 + 4 + 8 + 1;
  if (at + 2 > payload.size()) return Greeting::kOther;
  const unsigned capabilities = payload[at] | payload[at + 1] << 8;
  return (capabilities & kClientSsl) != 0 ? Greeting::kTls : Greeting::kPlain;
}

Wire::Wire(MYSQL* connection)
    : stream_(mysql_get_socket(connection), ssl_of(connection)),
      sequence_(static_cast<std::uint8_t>(connection->net.pkt_nr)) {
  MARIADB_PVIO* pvio = connection->net.pvio;
  const uchar* cached = pvio->cache + pvio->cache_size;
  if (cached <= pvio->cache_pos) return;
  stream_.put({reinterpret_cast<const char*>(pvio->cache_pos),
               static_cast<std::size_t>(cached - pvio->cache_pos)});
  pvio->cache_size = 0;
  pvio->cache_pos = pvio->cache;
}

std::string_view Wire::receive_packet(SocketWait& wait) {
  while (true) {
    if (stream_.size() >= 4) {
      const std::uint32_t header = read_little<std::uint32_t>(stream_.data());
      if (header >> 24 != sequence_) connection_lost("its packets are out of order");
      const std::size_t size = header & 0xFFFFFF;
      if (stream_.size() >= size + 4) {
        ++sequence_;
        return take(size);
      }
    }
    stream_.receive(wait);
  }
}

std::string_view Wire::next_slow(SocketWait& wait) {
  std::string_view part = receive_packet(wait);
  if (part.size() < kLongest) return part;
  long_ = part;
  while (part.size() == kLongest) {
    part = receive_packet(wait);
    if (long_.size() + part.size() > kMaxPayloadBytes + kLongest)
      connection_lost("a packet has no end");
    long_ += part;
  }
  return long_;
}

}  // namespace penstock::mysql
