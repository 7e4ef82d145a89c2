#include "penstock/secret.h"

#include <openssl/crypto.h>

namespace penstock {

Secret::~Secret() {
  text_.resize(text_.capacity());  // what a longer value before left behind it, too
  OPENSSL_cleanse(text_.data(), text_.size());
}

}  // namespace penstock
