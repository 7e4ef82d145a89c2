// The SQL scanner by all three lexicons, against the query itself and against SQLite's
// own tokenizer.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "declare/scanner.h"
#include "penstock/error.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// The pieces are the query, but for the backslash of `\:`, a byte-order mark, and a ';'
// with what follows it.
void check_pieces(std::string_view sql, const penstock::ScannedSql& scanned) {
  require(!scanned.pieces.empty());
  std::size_t end = sql.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  bool last_was_text = false;
  for (const penstock::SqlPiece& piece : scanned.pieces) {
    const bool is_text = piece.parameter < 0;
    if (piece.offset != end) {
      require(is_text && piece.offset == end + 1 && sql[end] == '\\' &&
              sql[piece.offset] == ':');
    } else {
      require(!(is_text && last_was_text));
    }
    const std::string written =
        is_text ? piece.text
                : ":" + scanned.parameters.at(static_cast<std::size_t>(piece.parameter));
    require(!written.empty() && sql.substr(piece.offset, written.size()) == written);
    end = piece.offset + written.size();
    last_was_text = is_text;
  }
  require(end == sql.size() || sql[end] == ';');
}

// What SQLite can prepare has exactly the parameters that the scanner found.
void check_against_sqlite(const penstock::ScannedSql& scanned) {
  using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
  static const Database kDatabase = [] {
    sqlite3* handle = nullptr;
    require(sqlite3_open(":memory:", &handle) == SQLITE_OK);
    return Database(handle, sqlite3_close);
  }();
  std::string text;
  for (const penstock::SqlPiece& piece : scanned.pieces) {
    text += piece.parameter < 0 ? piece.text : "?" + std::to_string(piece.parameter + 1);
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v2(kDatabase.get(), text.c_str(), static_cast<int>(text.size()),
                         &statement, &tail) != SQLITE_OK) {
    return;
  }
  const int count = sqlite3_bind_parameter_count(statement);
  sqlite3_finalize(statement);
  require(count == static_cast<int>(scanned.parameters.size()));
  require(tail == text.c_str() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  for (const penstock::Lexicon* lexicon :
       {&penstock::Lexicon::postgres(), &penstock::Lexicon::mysql(),
        &penstock::Lexicon::sqlite()}) {
    try {
      const penstock::ScannedSql scanned = penstock::scan_sql(sql, *lexicon, {});
      check_pieces(sql, scanned);
      if (lexicon == &penstock::Lexicon::sqlite()) check_against_sqlite(scanned);
    } catch (const penstock::Error& error) {
      require(error.category() == penstock::Category::kRecipe &&
              !error.message().empty());
    }
  }
  return 0;
}
