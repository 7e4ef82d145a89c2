#include "dialect/postgres/connect.h"

#include <algorithm>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/socket_wait.h"
#include "base/text.h"
#include "dialect/postgres/errors.h"
#include "dialect/postgres/password_guard.h"

namespace penstock::postgres {
namespace {

// A path that cannot exist: libpq then finds no password file, certificate or root of its
// own accord (an empty value would make it look in the home folder).
constexpr const char* kNoFile = "/dev/null/none";

using Keywords = std::map<std::string, std::string>;

Keywords keywords_of(const Dsn& dsn, const Target& target) {
  if (dsn.user.empty()) {
    throw Error(Category::kDataSource, "dsn_user",
                fmt::format("{} names no user", dsn.place()),
                "the form is postgresql://user:password@host:port/database");
  }
  Keywords keywords{
      {"user", dsn.user},
      {"dbname", dsn.database.empty() ? dsn.user : dsn.database},
      {"port", std::to_string(target.port())},
      {"client_encoding", "UTF8"},
      {"application_name", "penstock"},
      {"sslmode", "prefer"},
      {"sslcert", kNoFile},
      {"sslkey", kNoFile},
      {"sslrootcert", kNoFile},
      {"sslcrl", kNoFile},
      {"passfile", kNoFile},
      {"gssencmode", "disable"},
      {"target_session_attrs", "any"},
      {"keepalives", "1"},
  };
  for (const auto& [name, value] : dsn.options) {
    if (name != "host" && name != "hostaddr" && name != "service" &&
        name != "client_encoding" && name != "connect_timeout" && !value.empty()) {
      keywords[name] = value;
    }
  }
  return keywords;
}

void check_options(PGconn* connection, const Keywords& ours) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfo(connection), &PQconninfoFree);
  for (const PQconninfoOption* one = options.get();
       one != nullptr && one->keyword != nullptr; ++one) {
    if (one->val == nullptr || *one->val == '\0') continue;
    const auto set = ours.find(one->keyword);
    const bool as_set = set != ours.end() && set->second == one->val;
    const bool as_compiled = set == ours.end() && one->compiled != nullptr &&
                             std::string_view(one->compiled) == one->val;
    if (as_set || as_compiled) continue;
    const std::string variable = one->envvar == nullptr
                                     ? "a service file"
                                     : fmt::format("{}, or a service file", one->envvar);
    throw Error(Category::kRefused, "foreign_driver_option",
                fmt::format("libpq's option '{}' has a value that penstock did not set",
                            one->keyword),
                fmt::format("it comes from the environment: unset {}", variable));
  }
}

Error connect_error(PGconn* connection, const std::string& place) {
  const std::string message = printable(trim(PQerrorMessage(connection)), 400);
  Classified found{Category::kUnavailable, "connect_failed",
                   "check that the server runs and can be reached"};
  // In the words of the server, and of PgBouncer.
  if (message.find("authentication failed") != std::string::npos ||
      message.find("no password supplied") != std::string::npos ||
      message.find("no pg_hba.conf entry") != std::string::npos) {
    found = classify("28P01");
  } else if (message.find("FATAL:  database \"") != std::string::npos ||
             message.find("FATAL:  no such database") != std::string::npos) {
    found = classify("3D000");
  } else if (message.find("certificate") != std::string::npos ||
             message.find("SSL") != std::string::npos) {
    found = {Category::kUnavailable, "tls_failed",
             "check sslmode and sslrootcert in the DSN, and the server's certificate"};
  }
  return Error(found.category, std::string(found.code),
               fmt::format("cannot connect to {}: {}", place, message),
               std::string(found.hint));
}

Connected connect_once(const Dsn& dsn, const Target& target, const std::string& address,
                       SocketWait& wait) {
  Keywords keywords = keywords_of(dsn, target);
  if (target.unix_socket().empty()) {
    keywords["hostaddr"] = address;
    keywords["host"] = target.name();
  } else {
    keywords["host"] = target.unix_socket();
  }
  const std::string password(dsn.password.reveal());
  const std::string key_password(dsn.key_password.reveal());
  if (!password.empty()) keywords["password"] = password;
  if (!key_password.empty()) keywords["sslpassword"] = key_password;
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Connected connection(
      PQconnectStartParams(names.data(), values.data(), /*expand_dbname=*/0));
  if (!connection)
    throw Error(Category::kLimit, "out_of_memory", "not enough memory to connect");
  check_options(connection.get(), keywords);
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  const std::string place =
      target.unix_socket().empty()
          ? fmt::format("{}:{}", printable(target.name()), target.port())
          : printable(target.unix_socket());
  // Whom the password itself may be told: a verified server, and one on this machine.
  const std::string_view mode = dsn.option("sslmode");
  const bool trusted = !target.unix_socket().empty() || mode == "verify-ca" ||
                       mode == "verify-full" || password.empty();
  PasswordGuard password_guard;
  auto state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (PQstatus(connection.get()) == CONNECTION_BAD || state == PGRES_POLLING_FAILED) {
      throw connect_error(connection.get(), place);
    }
    const int socket = PQsocket(connection.get());
    state == PGRES_POLLING_READING ? wait.until_readable(socket)
                                   : wait.until_writable(socket);
    const bool guarded =
        !trusted && PQstatus(connection.get()) == CONNECTION_AWAITING_RESPONSE;
    state = guarded ? password_guard.poll(connection.get(), wait)
                    : PQconnectPoll(connection.get());
  }
  return connection;
}

}  // namespace

Connected connect(const Dsn& dsn, const Target& target, const Wait& wait) {
  SocketWait socket_wait(wait.deadline, wait.stop);
  try {
    if (!target.unix_socket().empty()) return connect_once(dsn, target, "", socket_wait);
    for (std::size_t i = 0; i + 1 < target.addresses().size(); ++i) {
      try {
        return connect_once(dsn, target, to_string(target.addresses()[i]), socket_wait);
      } catch (const Error& error) {
        if (error.code() != "connect_failed") throw;
      }
    }
    return connect_once(dsn, target, to_string(target.addresses().back()), socket_wait);
  } catch (const Error& error) {
    if (error.category() != Category::kTimeout) throw;
    throw Error(Category::kTimeout, "connect_timeout",
                fmt::format("no connection to {}:{} within the time limit",
                            printable(target.name()), target.port()),
                "raise connect_timeout_seconds, or check the network");
  }
}

void cancel(PGconn* connection, Deadline deadline) {
  PGcancel* handle = PQgetCancel(connection);
  if (handle == nullptr) return;
  // Not joined: PQcancel has no time limit, and a stalled peer must not hold us. It owns
  // its handle.
  auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  std::thread([handle, done] {
    char message[256];
    PQcancel(handle, message, sizeof(message));
    PQfreeCancel(handle);
    done->set_value();
  }).detach();
  finished.wait_for(stop_limits(deadline).silence);
}

namespace {

Error lost(PGconn* connection) {
  return Error(Category::kUnavailable, "connection_lost",
               fmt::format("the connection to the server was lost: {}",
                           printable(trim(PQerrorMessage(connection)), 300)));
}

Result last_result(PGconn* connection, SocketWait& wait) {
  while (true) {
    const int unsent = PQflush(connection);
    if (unsent < 0) throw lost(connection);
    if (unsent == 0) break;
    wait.until_writable(PQsocket(connection));
  }
  Result last;
  while (true) {
    while (PQisBusy(connection) != 0) {
      wait.until_readable(PQsocket(connection));
      if (PQconsumeInput(connection) == 0) throw lost(connection);
    }
    Result result(PQgetResult(connection));
    if (!result) break;
    // Of several results the first error counts.
    if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR)
      last = std::move(result);
  }
  if (!last) throw lost(connection);
  return last;
}

}  // namespace

Result await_result(PGconn* connection, const Wait& wait,
                    const std::function<std::string(int position)>& where) {
  SocketWait socket_wait(wait.deadline, wait.stop);
  Result last;
  try {
    last = last_result(connection, socket_wait);
  } catch (const Error&) {
    // The server does not notice by itself that nobody waits any more.
    cancel(connection, wait.deadline);
    throw;
  }
  if (PQresultStatus(last.get()) == PGRES_FATAL_ERROR) {
    const auto field = [&last](int code) {
      const char* text = PQresultErrorField(last.get(), code);
      return std::string_view(text == nullptr ? "" : text);
    };
    if (field(PG_DIAG_SQLSTATE).empty()) throw lost(connection);
    const int position =
        std::atoi(std::string(field(PG_DIAG_STATEMENT_POSITION)).c_str());
    throw server_error(field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY),
                       field(PG_DIAG_MESSAGE_HINT),
                       where && position > 0 ? where(position) : std::string());
  }
  return last;
}

}  // namespace penstock::postgres
