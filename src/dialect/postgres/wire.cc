#include "dialect/postgres/wire.h"

namespace penstock::postgres {
namespace {

// The protocol's own limit on a message is 2^31; a value is at most 1 GB.
constexpr std::size_t kMaxMessageBytes = 0x7FFFFFFF;

}  // namespace

Wire::Wire(PGconn* connection)
    : stream_(PQsocket(connection), PQsslStruct(connection, "OpenSSL")) {}

Wire::Message Wire::next_slow(SocketWait& wait) {
  while (true) {
    if (stream_.size() >= 5) {
      const std::size_t size = read_u32(stream_.data() + 1);
      if (size < 4 || size > kMaxMessageBytes) {
        connection_lost("it does not speak the protocol");
      }
      if (stream_.size() >= size + 1) return take(size);
    }
    stream_.receive(wait);
  }
}

}  // namespace penstock::postgres
