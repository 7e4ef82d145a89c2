// What a call throws, as one value that a test can compare whole.
#pragma once

#include <ostream>
#include <string>

#include "penstock/error.h"

namespace penstock {

struct Thrown {
  Category category{};
  std::string code;
  std::string message;
  std::string hint;

  friend bool operator==(const Thrown&, const Thrown&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Thrown& thrown) {
    return out << traits(thrown.category).error_type << " " << thrown.code << "\n  "
               << thrown.message << "\n  hint: " << thrown.hint;
  }
};

/// An empty message if nothing was thrown.
template <class Call>
Thrown thrown_by(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.category(), error.code(), error.message(), error.hint()};
  }
  return {};
}

}  // namespace penstock
