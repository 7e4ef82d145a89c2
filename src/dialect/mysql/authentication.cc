#include "dialect/mysql/authentication.h"

#include <cstring>
#include <exception>
#include <string>

#include <openssl/evp.h>

#include "dialect/mysql/link.h"
#include "dialect/mysql/plugin.h"
#include "penstock/error.h"

namespace penstock::mysql {
namespace {

constexpr int kNonceBytes = 20;
constexpr unsigned char kProofAccepted = 3;
constexpr unsigned char kSendPassword = 4;

Sha256 sha256(std::string_view bytes) {
  Sha256 hash{};
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return hash;
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

bool may_send_password(MYSQL* connection, const Link* link) {
  // A connection that is not ours gets what libmariadb's own plug-in gives it over TLS.
  const bool encrypted = mysql_get_ssl_cipher(connection) != nullptr;
  if (link == nullptr) return encrypted;
  return link->trusts_peer();
}

int send_password(MYSQL_PLUGIN_VIO* vio, MYSQL* connection) {
  Link* link = Link::of(connection);
  if (!may_send_password(connection, link)) {
    if (link != nullptr) {
      link->fail(std::make_exception_ptr(
          Error(Category::kRefused, "password_not_sent",
                "the server wants the password itself (caching_sha2_password), which is "
                "sent only over TLS with a verified certificate",
                "add ssl_mode=VERIFY_IDENTITY and ssl_ca=FILE to the DSN")));
    }
    return CR_ERROR;
  }
  const auto size = static_cast<int>(std::strlen(connection->passwd)) + 1;
  const auto* password = reinterpret_cast<const unsigned char*>(connection->passwd);
  return vio->write_packet(vio, password, size) != 0 ? CR_ERROR : CR_OK;
}

int authenticate(MYSQL_PLUGIN_VIO* vio, MYSQL* connection) {
  unsigned char* packet = nullptr;
  const int nonce = vio->read_packet(vio, &packet);
  if (nonce < kNonceBytes) return CR_ERROR;
  const char* password = connection->passwd;
  if (password == nullptr || *password == '\0') {
    const unsigned char none = 0;
    return vio->write_packet(vio, &none, 1) != 0 ? CR_ERROR : CR_OK;
  }
  const Sha256 proof = caching_sha2_proof(
      password, {reinterpret_cast<const char*>(packet), std::size_t{kNonceBytes}});
  if (vio->write_packet(vio, proof.data(), static_cast<int>(proof.size())) != 0)
    return CR_ERROR;
  const int answer = vio->read_packet(vio, &packet);
  if (answer != 1) return CR_ERROR;
  if (*packet == kProofAccepted) return CR_OK;
  return *packet == kSendPassword ? send_password(vio, connection) : CR_ERROR;
}

}  // namespace

Sha256 caching_sha2_proof(std::string_view password, std::string_view nonce) {
  const Sha256 once = sha256(password);
  const Sha256 twice = sha256(bytes_of(once));
  std::string salted(bytes_of(twice));
  salted += nonce;
  Sha256 proof = sha256(salted);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= once[i];
  return proof;
}

bool register_authentication(MYSQL* any) {
  static AuthenticationPlugin plugin{{kAuthenticationPlugin,
                                      kInterfaceVersion,
                                      "caching_sha2_password",
                                      "penstock",
                                      "caching_sha2_password without the server's key",
                                      {1, 0, 0},
                                      "",
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr},
                                     authenticate};
  return mysql_client_register_plugin(
             any, reinterpret_cast<st_mysql_client_plugin*>(&plugin)) != nullptr;
}

}  // namespace penstock::mysql
