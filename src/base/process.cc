#include "base/process.h"

#include <algorithm>
#include <cstring>
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

}  // namespace penstock
