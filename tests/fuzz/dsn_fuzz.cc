// Any bytes as a DSN: parts that can be put together again, or an Error that holds no
// part of a password. The first byte picks what the rest is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "guard/dsn.h"
#include "penstock/error.h"

namespace {

using penstock::Dsn;
using penstock::Secret;

// A word that stands in no message of ours.
constexpr std::string_view kMarker = "qZ7wXk";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += "%" + penstock::to_hex({&c, 1});
  }
  return out;
}

// The same DSN, written by the rules: every part percent-encoded.
std::string written(const Dsn& dsn) {
  std::string text = dsn.dialect + "://";
  const std::string_view password = dsn.password.reveal();
  if (!dsn.user.empty() || !password.empty())
    text += escaped(dsn.user) + (password.empty() ? "" : ":" + escaped(password)) + "@";
  text += dsn.host.find(':') == std::string::npos ? dsn.host : "[" + dsn.host + "]";
  if (dsn.port != 0) text += ":" + std::to_string(dsn.port);
  text += "/" + escaped(dsn.database);
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    text += separator;
    text.append(name).append("=").append(escaped(value));
    separator = '&';
  };
  for (const auto& [name, value] : dsn.options) add(name, value);
  if (const auto key = dsn.key_password.reveal(); !key.empty()) add("sslpassword", key);
  return text;
}

void require_same(const Dsn& one, const Dsn& other) {
  require(one.dialect == other.dialect && one.user == other.user &&
          one.host == other.host && one.port == other.port &&
          one.database == other.database && one.options == other.options &&
          one.password.reveal() == other.password.reveal() &&
          one.key_password.reveal() == other.key_password.reveal());
}

void parse(const std::string& text, bool has_marker) {
  try {
    const Dsn dsn = penstock::parse_dsn(Secret(text), "SHOP_DSN");
    penstock::tls_not_configured(dsn);
    if (dsn.dialect == "sqlite") return;
    for (const auto& [name, value] : dsn.options)
      require(name.find("pass") == std::string::npos);
    // A host with these is written in another way than it was read.
    if (dsn.host.find_first_of("[]@/?") != std::string::npos) return;
    require_same(dsn, penstock::parse_dsn(Secret(written(dsn)), "SHOP_DSN"));
  } catch (const penstock::Error& error) {
    require(error.category() == penstock::Category::kDataSource);
    require(!error.code().empty() && penstock::is_valid_utf8(error.message()));
    const std::string said = error.message() + error.hint();
    require(!has_marker || said.find(kMarker) == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool holds_it = rest.find(kMarker) != std::string::npos;
  const std::string scheme = (data[0] & 1) != 0 ? "postgresql://" : "mysql://";
  const std::string marker(kMarker);
  switch (data[0] / 2 % 5) {
    case 0:
      parse(rest, false);
      break;
    case 1:
      parse(scheme + rest, false);
      break;
    case 2:  // the rest stands behind a password
      parse(scheme + "user:" + marker + rest, !holds_it);
      break;
    case 3:  // in the middle of one
      parse(scheme + "user:" + rest + marker + "@host/db", !holds_it);
      break;
    default:  // behind a password among the options
      parse(scheme + "host/db?password=" + marker + rest, !holds_it);
  }
  return 0;
}
