#include <fmt/format.h>

#include "base/text.h"
#include "guard/dsn_parts.h"

namespace penstock {
namespace {

constexpr std::string_view kSqliteForms =
    "the forms are sqlite:///relative/path.db, sqlite:////absolute/path.db, "
    "sqlite:///file:path.db?mode=ro&uri=true and sqlite:// (in memory)";

[[noreturn]] void refuse(const std::string& variable, std::string_view code,
                         std::string_view what, std::string_view hint = kSqliteForms) {
  refuse_dsn(variable, code, what, hint);
}

struct SqliteOptions {
  bool uri = false;
  bool read_only = false;
};

SqliteOptions sqlite_options(std::string_view query, const std::string& variable) {
  SqliteOptions options;
  if (query.empty()) return options;
  for (const std::string_view pair : split(query, '&')) {
    const auto equals = pair.find('=');
    const std::string key(pair.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? ""
                                                             : pair.substr(equals + 1));
    if (key == "mode") {
      if (value != "ro") refuse(variable, "dsn_mode", "asks for a mode other than ro");
      options.read_only = true;
    } else if (key == "uri") {
      if (value != "true") refuse(variable, "dsn_uri", "has a uri= other than true");
      options.uri = true;
    } else {
      refuse(variable, "dsn_option",
             fmt::format("has the option '{}', which is not allowed for sqlite",
                         safe_option_name(key)),
             "allowed: mode=ro, uri=true");
    }
  }
  return options;
}

// RFC 8089: file:path, file:/path and file:///path; an authority other than the empty one
// is refused.
std::string path_of_file_uri(std::string_view uri, const std::string& variable) {
  uri.remove_prefix(5);
  if (!uri.starts_with("//")) return std::string(uri);
  uri.remove_prefix(2);
  if (!uri.starts_with('/'))
    refuse(variable, "dsn_file_host", "has a host in its file: path");
  return std::string(uri);
}

std::string sqlite_path(std::string_view rest, const std::string& variable,
                        bool* read_only) {
  const auto question = rest.find('?');
  const SqliteOptions options = sqlite_options(
      question == std::string_view::npos ? "" : rest.substr(question + 1), variable);
  *read_only = options.read_only;
  rest = rest.substr(0, question);
  if (rest.empty()) return {};
  if (!rest.starts_with('/')) {
    refuse(variable, "dsn_sqlite_host", "names a host, which sqlite does not have");
  }
  const auto decoded = percent_decode(rest.substr(1));
  if (!decoded)
    refuse(variable, "dsn_percent", "has a '%' that is not followed by two hex digits");
  std::string path = *decoded;
  if (path.find('\0') != std::string::npos)
    refuse(variable, "dsn_nul", "has a NUL in its path");
  if (path == ":memory:") return {};
  if (to_lower(path).starts_with("file:")) {
    if (!options.uri || !options.read_only) {
      refuse(variable, "dsn_file_uri", "has a file: path without ?mode=ro&uri=true");
    }
    path = path_of_file_uri(path, variable);
    if (path.empty())
      refuse(variable, "dsn_file_uri", "has a file: path with nothing after it");
  } else if (options.uri) {
    refuse(variable, "dsn_uri", "has uri=true without a file: path");
  }
  return path;
}

}  // namespace

void parse_sqlite_dsn(std::string_view rest, Dsn* dsn) {
  dsn->path = sqlite_path(rest, dsn->variable, &dsn->read_only);
}

}  // namespace penstock
