// libpq's C handles, owned.
#pragma once

#include <libpq-fe.h>
#include <memory>

namespace penstock::postgres {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Connected = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Clear>;

}  // namespace penstock::postgres
