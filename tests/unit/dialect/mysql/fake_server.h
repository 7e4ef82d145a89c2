// A server of one connection that says what a test wants, and keeps what it was told.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace penstock::testing {

/// A self-signed certificate for `name`, valid from `start_days` to `end_days` from now.
struct Certificate {
  explicit Certificate(const std::string& name, int start_days = -1, int end_days = 1)
      : key(EVP_EC_gen("P-256")), x509(X509_new()) {
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), start_days * 86'400L);
    X509_gmtime_adj(X509_getm_notAfter(x509), end_days * 86'400L);
    X509_set_pubkey(x509, key);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(x509, subject);
    const std::string names = "DNS:" + name;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x509, key, EVP_sha256());
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x509);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }

  EVP_PKEY* key;
  X509* x509;
};

/// The server's end of the connection, in plaintext or TLS. All waits end after seconds.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
  }
  ~Peer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(socket_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(int sequence, const std::string& payload) {
    std::string packet;
    for (int i = 0; i < 3; ++i) packet += static_cast<char>(payload.size() >> (8 * i));
    packet += static_cast<char>(sequence);
    raw(packet + payload);
  }
  void raw(const std::string& bytes) {
    if (ssl_ != nullptr) {
      SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    } else {
      [[maybe_unused]] const auto sent =
          ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
  }
  /// A packet's payload; empty once the client is gone.
  std::string receive() {
    const std::string header = exactly(4);
    if (header.size() < 4) return "";
    const auto byte = [&](int i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(header[i]));
    };
    return exactly(byte(0) | byte(1) << 8 | byte(2) << 16);
  }
  bool start_tls(const Certificate& certificate) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate.x509);
    SSL_CTX_use_PrivateKey(context_, certificate.key);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_);
    return SSL_accept(ssl_) == 1;
  }

 private:
  std::string exactly(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto got = ssl_ != nullptr
                           ? static_cast<ssize_t>(SSL_read(ssl_, bytes.data() + have,
                                                           static_cast<int>(size - have)))
                           : ::recv(socket_, bytes.data() + have, size - have, 0);
      if (got <= 0) return "";
      have += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  int socket_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
};

/// Listens on a loopback port and gives one connection to `talk`.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(Peer&)> talk)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 4);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, talk = std::move(talk)] {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      Peer peer(connection);
      talk(peer);
    });
  }
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  int port() const { return port_; }

 private:
  int listener_;
  int port_ = 0;
  std::jthread thread_;
};

/// HandshakeV10 of a server that has `plugin`.
inline std::string greeting(bool tls, const std::string& plugin = "mysql_native_password",
                            const std::string& version = "8.0.0") {
  // All that libmariadb wants, but for TLS and compression.
  const unsigned low = 0xF7DF & ~0x0020U & ~0x0800U;
  const unsigned capabilities = low | (tls ? 0x0800U : 0U);
  std::string payload = "\x0A" + version + std::string(1, '\0');
  payload += std::string("\x07\0\0\0", 4) + "12345678" + std::string(1, '\0');
  payload += static_cast<char>(capabilities);
  payload += static_cast<char>(capabilities >> 8);
  payload += std::string("\x2D\x02\0", 3);  // utf8mb4, autocommit
  payload += std::string("\x0F\0", 2);      // PLUGIN_AUTH and more
  payload += std::string("\x15", 1) + std::string(10, '\0') + "123456789012" +
             std::string(1, '\0');
  return payload + plugin + std::string(1, '\0');
}

inline std::string ok_packet() { return std::string("\0\0\0\x02\0\0\0", 7); }

}  // namespace penstock::testing
