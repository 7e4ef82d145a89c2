// IP addresses, and which of them are public.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// An IPv4 address (as ::ffff:a.b.c.d, so that there is one form) or an IPv6 address
/// without a zone.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// Reads the canonical numeric forms only (RFC 4291, dotted quads); no zone, no octal, no
/// short forms. Those reach us through the resolver, which gives them back as a plain
/// address.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);

/// Whether a connection may go there without being opted in (RS-016): not private,
/// loopback, link-local, nor any other special-purpose range of the IANA registries (RFC
/// 6890 and its successors), nor a cloud's metadata service. The table is ours, so that
/// no library's idea of "private" can change it. IPv6 forms that wrap an IPv4 address are
/// judged by it.
bool is_public(const IpAddress& address);

}  // namespace penstock
