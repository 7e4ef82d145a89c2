// What a SQLSTATE is to the user.
#pragma once

#include <string>
#include <string_view>

#include "penstock/error.h"

namespace penstock::postgres {

struct Classified {
  Category category;
  std::string_view code;
  std::string_view hint;
};

/// Pure; by class and code (https://www.postgresql.org/docs/15/errcodes-appendix.html).
Classified classify(std::string_view sqlstate) noexcept;

/// An error the server reported: "[where: ]message", with the server's own hint where it
/// gave one. Text that is not printable is escaped.
Error server_error(std::string_view sqlstate, std::string_view message,
                   std::string_view server_hint, std::string_view where);

}  // namespace penstock::postgres
