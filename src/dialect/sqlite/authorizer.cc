#include "dialect/sqlite/authorizer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/text.h"

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

constexpr const char* kSchemaChange = "a change of the schema";

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

// https://www.sqlite.org/rtree.html#shadow_tables
bool is_rtree_shadow(const char* name) {
  const std::string_view table = name == nullptr ? "" : name;
  return table.ends_with("_node") || table.ends_with("_rowid") ||
         table.ends_with("_parent");
}

}  // namespace

int authorize_read(int action, const char* first, const char* second) noexcept {
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
      return is_schema_table(first) || is_rtree_shadow(first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_INSERT:
    case SQLITE_DELETE:
      return is_rtree_shadow(first) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

int authorize_write(int action, const char* first, const char* second) noexcept {
  switch (action) {
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_ALTER_TABLE:
    case SQLITE_REINDEX:
    case SQLITE_ANALYZE:
      return SQLITE_OK;
    default:
      return authorize_read(action, first, second);
  }
}

std::string name_of_action(int action, const char* first, const char* second) {
  if (is_schema_table(first)) return kSchemaChange;
  switch (action) {
    case SQLITE_INSERT:
      return "INSERT";
    case SQLITE_UPDATE:
      return "UPDATE";
    case SQLITE_DELETE:
      return "DELETE";
    case SQLITE_ATTACH:
      return "ATTACH";
    case SQLITE_DETACH:
      return "DETACH";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return "a transaction of its own";
    case SQLITE_PRAGMA:
      return fmt::format("PRAGMA {}", printable(first == nullptr ? "" : first, 60));
    case SQLITE_FUNCTION:
      return fmt::format("{}()", printable(second == nullptr ? "" : second, 60));
    default:
      return kSchemaChange;
  }
}

}  // namespace penstock::sqlite
