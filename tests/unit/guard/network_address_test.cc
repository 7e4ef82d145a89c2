// Which addresses are public, at the edges of every range.
#include <gtest/gtest.h>

#include "guard/address.h"

namespace penstock {
namespace {

bool open(const char* text) {
  const auto address = parse_ip(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address && is_public(*address);
}

struct Edges {
  const char* before;  // null: refused too, or there is none
  const char* first;
  const char* last;
  const char* after;
};

constexpr Edges kV4[] = {
    {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
    {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"},
    {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"},
    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
    {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"},
    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
    {"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr},
    {nullptr, "240.0.0.0", "255.255.255.255", nullptr},
    {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
};

constexpr Edges kV6[] = {
    // Everything outside 2000::/3.
    {nullptr, "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
    {"3fff:1000::", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
     "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::"},
    {"3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3ffe::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
    {nullptr, "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
};

// RS-016
TEST(Address, EveryRangeIsRefusedFromItsFirstToItsLastAddress) {
  const auto check = [](const Edges& edges) {
    EXPECT_FALSE(open(edges.first)) << edges.first;
    EXPECT_FALSE(open(edges.last)) << edges.last;
    for (const char* neighbour : {edges.before, edges.after}) {
      EXPECT_TRUE(neighbour == nullptr || open(neighbour)) << neighbour;
    }
  };
  for (const Edges& edges : kV4) check(edges);
  for (const Edges& edges : kV6) check(edges);
}

// RS-016
TEST(Address, AMappedAddressIsJudgedAsTheIPv4AddressItIs) {
  for (const Edges& edges : kV4) {
    EXPECT_FALSE(open((std::string("::ffff:") + edges.first).c_str())) << edges.first;
    EXPECT_FALSE(open((std::string("::ffff:") + edges.last).c_str())) << edges.last;
    EXPECT_TRUE(edges.after == nullptr ||
                open((std::string("::ffff:") + edges.after).c_str()))
        << edges.first;
  }
  EXPECT_EQ(parse_ip("::ffff:8.8.8.8"), parse_ip("8.8.8.8"));
  EXPECT_EQ(parse_ip("::ffff:808:808"), parse_ip("8.8.8.8"));
}

// RS-016
TEST(Address, OtherWrappingsOfAPrivateAddressAreRefused) {
  for (const char* text :
       {"::127.0.0.1",          // IPv4-compatible
        "64:ff9b::10.0.0.1",    // NAT64
        "64:ff9b:1::10.0.0.1",  // NAT64, local
        "2002:7f00:1::",        // 6to4 of 127.0.0.1
        "2002:808:808::",       // 6to4 of a public one, too
        "2001:0:808:808::1",    // Teredo
        "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::1",
        "::", "100::1", "2606:4700::5efe:10.0.0.1",  // ISATAP
        "2606:4700::200:5efe:127.0.0.1", "2606:4700::5efe:168.63.129.16"}) {
    EXPECT_FALSE(open(text)) << text;
  }
  EXPECT_TRUE(open("2606:4700::5efe:8.8.8.8"));
  EXPECT_TRUE(open("2606:4700::100:5efe:10.0.0.1"));  // no ISATAP: another identifier
  EXPECT_TRUE(open("2606:4700:4700::1111"));
  EXPECT_TRUE(open("8.8.8.8"));
}

TEST(Address, OnlyTheCanonicalNumbersAreReadAsAddresses) {
  for (const char* text : {"",           "127.1",           "0x7f.1",     "0x7f000001",
                           "2130706433", "0177.0.0.1",      "127.0.0.01", "127.0.0.1.",
                           " 127.0.0.1", "127.0.0.1 ",      "127.0.0",    "127.0.0.0.1",
                           "256.0.0.1",  "１２７.０.０.１", "::1%lo",     "fe80::1%eth0",
                           "[::1]",      "::ffff:127.1",    "1::2::3",    "localhost",
                           "12345::"}) {
    EXPECT_FALSE(parse_ip(text).has_value()) << text;
  }
  for (const char* text : {"127.0.0.1", "8.8.8.8", "::1", "2606:4700::1111", "::"}) {
    EXPECT_EQ(to_string(*parse_ip(text)), text);
  }
}

}  // namespace
}  // namespace penstock
