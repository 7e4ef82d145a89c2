#include "faces/store/address.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn.h"
#include "penstock/error.h"
#include "penstock/version.h"

namespace penstock {
namespace {

// Each part with its length before it: no two lists of parts read the same.
class Parts {
 public:
  void add(std::string_view part) { text_ += fmt::format("{}:{},", part.size(), part); }
  void add(std::int64_t number) { add(fmt::format("{}", number)); }
  std::string hash() const { return sha256_hex(text_); }

 private:
  std::string text_;
};

void add_database(const Dsn& dsn, Parts& parts) {
  parts.add(dsn.dialect);
  std::error_code error;
  const auto path = std::filesystem::canonical(dsn.path, error);
  parts.add(dsn.path.empty() || error ? dsn.path : path.string());
  parts.add(dsn.user);
  parts.add(dsn.host);
  parts.add(dsn.port);
  parts.add(dsn.database);
  for (const auto& [name, value] : dsn.options) {
    parts.add(name);
    parts.add(value);
  }
}

void add_types(const TypeChoices& types, Parts& parts) {
  const auto name_of = [](const std::optional<TypeName>& type) {
    return type ? to_string(*type) : std::string();
  };
  parts.add(static_cast<std::int64_t>(types.on_lossy));
  parts.add(static_cast<std::int64_t>(types.duplicates));
  parts.add(name_of(types.numeric));
  parts.add(name_of(types.tinyint1));
  parts.add(name_of(types.bit1));
  for (const auto& [column, type] : types.columns) {
    parts.add(column);
    parts.add(to_string(type));
  }
}

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:a}", *real);
  const auto* truth = std::get_if<bool>(&value);
  return truth != nullptr ? fmt::format("{}", *truth) : "";
}

}  // namespace

std::optional<std::string> address_of(const StoreQuery& query,
                                      const Environment& environment) {
  Parts parts;
  parts.add(kVersion);
  try {
    add_database(resolve_dsn(query.query.connection, environment), parts);
  } catch (const Error&) {
    return std::nullopt;
  }
  // The name stands in the file.
  parts.add(query.query.name);
  parts.add(query.query.sql);
  for (const auto& [name, value] : query.params) {
    parts.add(name);
    parts.add(type_name(value));
    parts.add(text_of(value));
  }
  add_types(query.query.types, parts);
  parts.add(query.query.limits.rows);
  parts.add(query.query.limits.bytes);
  parts.add(to_string(query.format));
  parts.add(static_cast<std::int64_t>(query.gzip));
  return parts.hash();
}

}  // namespace penstock
