#include "dialect/sqlite/authorizer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <sqlite3.h>

namespace penstock::sqlite {
namespace {

constexpr std::array<std::string_view, 3> kFunctionsRefused{"load_extension",
                                                            "fts3_tokenizer", "edit"};

// With or without an argument, these change nothing.
constexpr std::array<std::string_view, 14> kPragmasWithArgument{
    "table_info",  "table_xinfo",      "table_list",     "index_list",    "index_info",
    "index_xinfo", "foreign_key_list", "collation_list", "function_list", "module_list",
    "pragma_list", "compile_options",  "database_list",  "data_version"};
// Without one, these show a value.
constexpr std::array<std::string_view, 9> kPragmasWithout{
    "user_version", "application_id", "schema_version", "encoding",   "page_count",
    "page_size",    "freelist_count", "journal_mode",   "auto_vacuum"};

template <typename List>
bool has(const List& list, const char* name) {
  if (name == nullptr) return false;
  return std::any_of(list.begin(), list.end(), [name](std::string_view one) {
    return sqlite3_stricmp(name, one.data()) == 0;
  });
}

bool is_schema_table(const char* name) {
  constexpr std::array<std::string_view, 3> kNames{"sqlite_master", "sqlite_schema",
                                                   "sqlite_temp_master"};
  return has(kNames, name);
}

}  // namespace

int authorize_read(void* /*context*/, int action, const char* first, const char* second,
                   const char* /*database*/, const char* /*trigger*/) noexcept {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return has(kFunctionsRefused, second) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      if (has(kPragmasWithArgument, first)) return SQLITE_OK;
      return second == nullptr && has(kPragmasWithout, first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_UPDATE:
      return is_schema_table(first) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

}  // namespace penstock::sqlite
