#include "penstock/secret.h"

#include <openssl/crypto.h>

namespace penstock {

Secret::~Secret() { OPENSSL_cleanse(text_.data(), text_.size()); }

}  // namespace penstock
