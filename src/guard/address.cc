#include "guard/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace penstock {
namespace {

struct Range {
  std::array<std::uint8_t, 16> base;
  int bits;  // of the prefix, in the 128
};

constexpr Range v4(int a, int b, int c, int d, int bits) {
  Range range{{}, 96 + bits};
  range.base[10] = 0xFF;
  range.base[11] = 0xFF;
  const int octets[] = {a, b, c, d};
  for (std::size_t i = 0; i < 4; ++i)
    range.base[12 + i] = static_cast<std::uint8_t>(octets[i]);
  return range;
}

constexpr Range v6(std::uint32_t first, std::uint32_t second, int bits) {
  Range range{{}, bits};
  for (std::size_t i = 0; i < 4; ++i) {
    range.base[i] = static_cast<std::uint8_t>(first >> (24 - 8 * i));
    range.base[4 + i] = static_cast<std::uint8_t>(second >> (24 - 8 * i));
  }
  return range;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry
constexpr Range kRefusedV4[] = {
    v4(0, 0, 0, 0, 8),        v4(10, 0, 0, 0, 8),     v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),      v4(169, 254, 0, 0, 16), v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),     v4(192, 0, 2, 0, 24),   v4(192, 31, 196, 0, 24),
    v4(192, 52, 193, 0, 24),  v4(192, 88, 99, 0, 24), v4(192, 168, 0, 0, 16),
    v4(192, 175, 48, 0, 24),  v4(198, 18, 0, 0, 15),  v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),   v4(224, 0, 0, 0, 4),    v4(240, 0, 0, 0, 4),
    v4(168, 63, 129, 16, 32),  // Azure's metadata and DNS, in public space
};

// https://www.iana.org/assignments/iana-ipv6-special-registry
constexpr Range kGlobalV6 = v6(0x20000000, 0, 3);
constexpr Range kRefusedV6[] = {
    v6(0x20010000, 0, 23),          v6(0x20010DB8, 0, 32), v6(0x20020000, 0, 16),
    v6(0x2620004F, 0x80000000, 48), v6(0x3FFE0000, 0, 16), v6(0x3FFF0000, 0, 20),
};

bool within(const IpAddress& address, const Range& range) {
  const auto whole = static_cast<std::size_t>(range.bits / 8);
  if (!std::equal(range.base.begin(),
                  range.base.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  const int rest = range.bits % 8;
  if (rest == 0) return true;
  const int mask = 0xFF << (8 - rest) & 0xFF;
  return (address.bytes[whole] & mask) == (range.base[whole] & mask);
}

// ISATAP (RFC 5214): an interface identifier of 0000:5efe or 0200:5efe and then an IPv4
// address.
std::optional<IpAddress> isatap(const IpAddress& address) {
  const auto& b = address.bytes;
  if ((b[8] & 0xFD) != 0 || b[9] != 0 || b[10] != 0x5E || b[11] != 0xFE)
    return std::nullopt;
  IpAddress inner;
  inner.bytes[10] = inner.bytes[11] = 0xFF;
  std::copy(b.begin() + 12, b.end(), inner.bytes.begin() + 12);
  return inner;
}

}  // namespace

bool IpAddress::is_v4() const { return within(*this, v4(0, 0, 0, 0, 0)); }

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string name(text);
  IpAddress address;
  if (in_addr small{}; inet_pton(AF_INET, name.c_str(), &small) == 1) {
    address.bytes[10] = address.bytes[11] = 0xFF;
    std::memcpy(address.bytes.data() + 12, &small, 4);
    return address;
  }
  if (inet_pton(AF_INET6, name.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool small = address.is_v4();
  inet_ntop(small ? AF_INET : AF_INET6, address.bytes.data() + (small ? 12 : 0), text,
            sizeof(text));
  return text;
}

bool is_public(const IpAddress& address) {
  const auto refused = [&address](const auto& table) {
    return std::any_of(std::begin(table), std::end(table),
                       [&address](const Range& range) { return within(address, range); });
  };
  if (address.is_v4()) return !refused(kRefusedV4);
  if (!within(address, kGlobalV6) || refused(kRefusedV6)) return false;
  const auto inner = isatap(address);
  return !inner || is_public(*inner);
}

}  // namespace penstock
