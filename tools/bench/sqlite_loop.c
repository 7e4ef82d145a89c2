// The limit of every SQLite reader: a bare sqlite3_step loop that asks each column for
// its value by its storage class and keeps none of them. Read-only, default settings, one
// thread.
//   sqlite_loop DATABASE SQL [--verify]     prints {"rows": N}, with --verify also
//   {"sums": {...}} (lineitem.py) sqlite_loop --version                   prints the
//   library's version
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

enum { kMaxColumns = 256 };

static int fail(sqlite3* database) {
  fprintf(stderr, "sqlite_loop: %s\n", sqlite3_errmsg(database));
  return 1;
}

// Where what was read ends up, so that no read can be left out.
static volatile sqlite3_int64 g_ints;
static volatile double g_doubles;
static const void* volatile g_bytes;

static void read_column(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      g_ints = sqlite3_column_int64(statement, column);
      break;
    case SQLITE_FLOAT:
      g_doubles = sqlite3_column_double(statement, column);
      break;
    case SQLITE_TEXT:
      g_bytes = sqlite3_column_text(statement, column);
      g_ints = sqlite3_column_bytes(statement, column);
      break;
    case SQLITE_BLOB:
      g_bytes = sqlite3_column_blob(statement, column);
      g_ints = sqlite3_column_bytes(statement, column);
      break;
    default:
      break;
  }
}

// Days since 1970-01-01 of YYYY-MM-DD
// (https://howardhinnant.github.io/date_algorithms.html).
static sqlite3_int64 days_of(const char* text) {
  int year = 0, month = 0, day = 0;
  if (text == NULL || sscanf(text, "%d-%d-%d", &year, &month, &day) != 3) return 0;
  if (month <= 2) year -= 1;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (sqlite3_int64)era * 146097 + day_of_era - 719468;
}

// One column's share of the sums that every contender must agree on.
static sqlite3_int64 verify_column(sqlite3_stmt* statement, int column) {
  const char* declared = sqlite3_column_decltype(statement, column);
  if (declared == NULL) declared = "";
  if (strstr(declared, "INT")) return sqlite3_column_int64(statement, column);
  if (strstr(declared, "DECIMAL")) {
    return llround(sqlite3_column_double(statement, column) * 100);
  }
  const char* text = (const char*)sqlite3_column_text(statement, column);
  if (strstr(declared, "DATE")) return days_of(text);
  return sqlite3_column_bytes(statement, column);
}

static void print(sqlite3_stmt* statement, sqlite3_int64 rows,
                  const sqlite3_int64* sums) {
  printf("{\"rows\": %lld", rows);
  for (int i = 0; sums != NULL && i < sqlite3_column_count(statement); ++i) {
    printf("%s\"%s\": %lld", i == 0 ? ", \"sums\": {" : ", ",
           sqlite3_column_name(statement, i), sums[i]);
  }
  printf("%s\n", sums != NULL ? "}}" : "}");
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("%s\n", sqlite3_libversion());
    return 0;
  }
  const int verify = argc == 4 && strcmp(argv[3], "--verify") == 0;
  if (argc != 3 && !verify) {
    fprintf(stderr, "usage: sqlite_loop DATABASE SQL [--verify]\n");
    return 2;
  }
  sqlite3* database = NULL;
  sqlite3_stmt* statement = NULL;
  if (sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(database, argv[2], -1, &statement, NULL) != SQLITE_OK) {
    return fail(database);
  }
  const int columns = sqlite3_column_count(statement);
  if (columns > kMaxColumns) {
    fprintf(stderr, "sqlite_loop: more than %d columns\n", kMaxColumns);
    return 1;
  }

  sqlite3_int64 sums[kMaxColumns] = {0};
  sqlite3_int64 rows = 0;
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ++rows;
    for (int i = 0; i < columns; ++i) {
      if (verify) {
        sums[i] += verify_column(statement, i);
      } else {
        read_column(statement, i);
      }
    }
  }
  if (code != SQLITE_DONE) return fail(database);
  print(statement, rows, verify ? sums : NULL);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return 0;
}
