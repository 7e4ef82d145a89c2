// Takes secrets out of text that leaves the process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "penstock/environment.h"
#include "penstock/error.h"
#include "penstock/secret.h"

namespace penstock {

/// Knows secrets by their exact value, and finds each as it is, percent-encoded, escaped
/// as JSON or as `printable` escapes it, in hex, and in base64 also inside a longer text;
/// a start of one where the text was cut, too. What is found becomes "***". RS-026.
///
/// It is the second line: no message is meant to hold a secret. A driver's or a server's
/// words may.
///
/// Thread contract: any number of threads may redact; adding is for one alone.
class Redactor {
 public:
  /// Passwords shorter than this would be found in ordinary words, and are not looked
  /// for.
  static constexpr std::size_t kLeastBytes = 4;

  Redactor() = default;
  /// Knows what the DSNs among the variables PENSTOCK_* and RECOTEM_* hold. They are read
  /// tolerantly: of what is no DSN, all that could be meant as a password is a secret.
  static Redactor of(const Environment& environment);

  void add(const Secret& secret);

  std::string operator()(std::string_view text) const;
  /// The error with its message and its hint redacted.
  Error operator()(const Error& error) const;

 private:
  struct Known {
    Secret plain;
    std::vector<Secret> base64;  // of its three alignments, in two alphabets
  };
  std::vector<Known> known_;
};

}  // namespace penstock
