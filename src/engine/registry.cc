#include "engine/registry.h"

#include <utility>

#include <fmt/format.h>

#include "dialect/mysql/dialect.h"
#include "dialect/postgres/dialect.h"
#include "dialect/sqlite/dialect.h"
#include "penstock/error.h"

namespace penstock {
namespace {

std::vector<std::unique_ptr<Dialect>> make_dialects() {
  std::vector<std::unique_ptr<Dialect>> all;
  all.push_back(postgres::make_dialect());
  all.push_back(mysql::make_dialect());
  all.push_back(sqlite::make_dialect());
  return all;
}

const char* library_of(const std::string& dialect) {
  return dialect == "postgresql" ? "libpq" : "libmariadb";
}

}  // namespace

const std::vector<std::unique_ptr<Dialect>>& dialects() {
  static const auto all = make_dialects();
  return all;
}

const Dialect& dialect_for(const Dsn& dsn) {
  for (const auto& dialect : dialects()) {
    if (dialect->name() == dsn.dialect) return *dialect;
  }
  throw Error(
      Category::kDataSource, "missing_driver",
      fmt::format(
          "{} driver is required for dialect '{}'; this build of penstock has none",
          library_of(dsn.dialect), dsn.dialect),
      "`penstock doctor` lists the dialects of this build; use one that was built with "
      "the driver");
}

}  // namespace penstock
