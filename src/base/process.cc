#include "base/process.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

namespace penstock {

void forbid_core_dumps() noexcept {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void overwrite_environment(std::initializer_list<std::string_view> prefixes) noexcept {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const bool ours =
        std::any_of(prefixes.begin(), prefixes.end(),
                    [&](std::string_view prefix) { return text.starts_with(prefix); });
    char* const equals = ours ? std::strchr(*entry, '=') : nullptr;
    if (equals != nullptr) OPENSSL_cleanse(equals + 1, std::strlen(equals + 1));
  }
}

void remove_driver_variables() noexcept {
  constexpr std::string_view kPrefixes[] = {"PG", "MYSQL_", "MARIADB_", "LIBMYSQL_"};
  // unsetenv's own work in place: the entries behind one that goes move up.
  char** kept = environ;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const bool drivers =
        std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                    [&](std::string_view prefix) { return text.starts_with(prefix); });
    if (!drivers) *kept++ = *entry;
  }
  if (kept != nullptr) *kept = nullptr;
}

}  // namespace penstock
