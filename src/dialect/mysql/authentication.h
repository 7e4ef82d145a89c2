// caching_sha2_password, the default of MySQL 8 and later, so that the password is not
// given away.
#pragma once

#include <array>
#include <cstdint>
#include <mysql.h>
#include <string_view>

namespace penstock::mysql {

using Sha256 = std::array<unsigned char, 32>;

/// What proves that we know `password` to a server that has it in its cache:
/// SHA256(password) XOR SHA256(SHA256(SHA256(password)) nonce).
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
Sha256 caching_sha2_proof(std::string_view password, std::string_view nonce);

/// Registers our caching_sha2_password with libmariadb in place of its own, which asks
/// the server for a key and trusts whatever comes: that was seen to give the password to
/// whoever answers. Ours sends the password only over a link that trusts its peer. False
/// if libmariadb will not have it.
bool register_authentication(MYSQL* any);

}  // namespace penstock::mysql
