// The socket under one libmariadb connection. libmariadb is given this in place of its
// own.
#pragma once

#include <cstddef>
#include <exception>
#include <mysql.h>

#include "base/socket_wait.h"
#include "guard/target.h"

namespace penstock::mysql {

/// Whatever libmariadb sends, receives or waits for goes through here, so that a deadline
/// or a stop ends any call of it, and it dials nothing but the target.
///
/// libmariadb resolves the host it is given and verifies the certificate against that
/// same string; with its socket plug-in's `connect` wrapped, the name is only verified
/// and never resolved. Must outlive the MYSQL that it is attached to. One thread at a
/// time.
class Link {
 public:
  /// `requires_tls`: a server whose greeting offers none is refused before anything is
  /// sent. `trusts_peer`: the password itself may be sent once TLS is up (the certificate
  /// is verified) or at once (a Unix socket).
  Link(const Target& target, std::size_t route, bool requires_tls, bool trusts_peer)
      : target_(target),
        route_(route),
        requires_tls_(requires_tls),
        trusts_peer_(trusts_peer) {}
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Puts this under `connection`, which has not connected yet.
  void attach(MYSQL* connection);
  /// That of `connection`, or null for one that is not ours.
  static Link* of(MYSQL* connection);

  /// Until the next call, waits end as `wait` says; null: nothing is waited for.
  void use(SocketWait* wait) { wait_ = wait; }
  /// No byte goes in or out any more, so that closing what libmariadb holds cannot wait.
  void cut();

  int socket() const { return socket_; }
  bool trusts_peer() const { return trusts_peer_; }
  /// Throws what ended a wait or refused the server, if anything did; libmariadb only
  /// knows of a lost connection.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  void fail(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }

  /// For the plug-in. Each catches what `wait` throws and gives an error to libmariadb.
  bool connect() noexcept;
  ssize_t read(unsigned char* to, std::size_t room) noexcept;
  ssize_t write(const unsigned char* from, std::size_t size) noexcept;
  bool until(bool readable) noexcept;

 private:
  void check_greeting();

  const Target& target_;
  std::size_t route_;
  bool requires_tls_;
  bool trusts_peer_;
  SocketWait* wait_ = nullptr;
  int socket_ = -1;
  bool cut_ = false;
  std::exception_ptr failure_;
};

/// Sets libmariadb up, once a process: its library, the wrapped socket plug-in, our
/// caching_sha2_password. Later calls give the same. Throws Error{kRefused} if a variable
/// of the environment would make libmariadb load code or look elsewhere, and
/// Error{kUnexpected} if the wrap does not hold (tried without a network before the first
/// connection).
void set_up_driver();

}  // namespace penstock::mysql
