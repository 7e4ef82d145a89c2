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

// Half the price of the above, and safe only on a connection without a mutex
// (https://www.sqlite.org/c3ref/column_blob.html: an unprotected sqlite3_value).
static void read_value(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      g_ints = sqlite3_value_int64(value);
      break;
    case SQLITE_FLOAT:
      g_doubles = sqlite3_value_double(value);
      break;
    case SQLITE_TEXT:
      g_bytes = sqlite3_value_text(value);
      g_ints = sqlite3_value_bytes(value);
      break;
    case SQLITE_BLOB:
      g_bytes = sqlite3_value_blob(value);
      g_ints = sqlite3_value_bytes(value);
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

// Every row of the statement; the code that sqlite3_step ended with.
static int read_rows(sqlite3_stmt* statement, int no_mutex, sqlite3_int64* rows,
                     sqlite3_int64* sums) {
  const int columns = sqlite3_column_count(statement);
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ++*rows;
    for (int i = 0; i < columns; ++i) {
      if (sums != NULL) {
        sums[i] += verify_column(statement, i);
      } else if (no_mutex) {
        read_value(sqlite3_column_value(statement, i));
      } else {
        read_column(statement, i);
      }
    }
  }
  return code;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("SQLite %s\n", sqlite3_libversion());
    return 0;
  }
  int no_mutex = 0, verify = 0, usage = argc < 3;
  for (int i = 3; i < argc; ++i) {
    if (strcmp(argv[i], "--no-mutex") == 0) {
      no_mutex = 1;
    } else if (strcmp(argv[i], "--verify") == 0) {
      verify = 1;
    } else {
      usage = 1;
    }
  }
  if (usage) {
    fprintf(stderr, "usage: sqlite_loop DATABASE SQL [--no-mutex] [--verify]\n");
    return 2;
  }
  const int flags = SQLITE_OPEN_READONLY | (no_mutex ? SQLITE_OPEN_NOMUTEX : 0);
  sqlite3* database = NULL;
  sqlite3_stmt* statement = NULL;
  if (sqlite3_open_v2(argv[1], &database, flags, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(database, argv[2], -1, &statement, NULL) != SQLITE_OK) {
    return fail(database);
  }
  if (sqlite3_column_count(statement) > kMaxColumns) {
    fprintf(stderr, "sqlite_loop: more than %d columns\n", kMaxColumns);
    return 1;
  }

  sqlite3_int64 sums[kMaxColumns] = {0};
  sqlite3_int64 rows = 0;
  if (read_rows(statement, no_mutex, &rows, verify ? sums : NULL) != SQLITE_DONE) {
    return fail(database);
  }
  print(statement, rows, verify ? sums : NULL);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return 0;
}
