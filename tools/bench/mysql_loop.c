// The limits of every MySQL and MariaDB reader: loops that take what the server sends,
// row by row as it comes, count the rows and keep none of them.
//   mysql_loop mysql://USER:PASSWORD@HOST:PORT/DATABASE SQL [--text | --prepared]
//              [--verify]
//     --text      the text protocol: mysql_use_result; the default
//     --prepared  the binary protocol of a prepared statement, unbuffered
// Prints {"rows": N}, with --verify also {"sums": {...}} (lineitem.py).
//   mysql_loop --version    prints the version of the library
#include <mysql.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxColumns = 256, kMaxBytes = 256 };

struct Column {
  char name[64];
  enum enum_field_types type;
  int64_t sum;
};

struct Columns {
  unsigned count;
  struct Column each[kMaxColumns];
};

// Days since 1970-01-01 of YYYY-MM-DD
// (https://howardhinnant.github.io/date_algorithms.html).
static int64_t days_of(const char* text) {
  int year = 0, month = 0, day = 0;
  if (sscanf(text, "%d-%d-%d", &year, &month, &day) != 3) return 0;
  if (month <= 2) year -= 1;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (int64_t)era * 146097 + day_of_era - 719468;
}

// A DECIMAL(15,2) is always written with its two decimals.
static int64_t hundredths_of(const char* text) {
  int64_t value = 0;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at >= '0' && *at <= '9') value = value * 10 + (*at - '0');
  }
  return text[0] == '-' ? -value : value;
}

static void add(struct Column* column, const char* text, unsigned long length) {
  switch (column->type) {
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
      column->sum += strtoll(text, NULL, 10);
      break;
    case MYSQL_TYPE_DATE:
      column->sum += days_of(text);
      break;
    case MYSQL_TYPE_NEWDECIMAL:
      column->sum += hundredths_of(text);
      break;
    default:
      column->sum += (int64_t)length;
      break;
  }
}

static void describe(MYSQL_RES* result, struct Columns* columns) {
  const MYSQL_FIELD* fields = mysql_fetch_fields(result);
  columns->count = mysql_num_fields(result);
  if (columns->count > kMaxColumns) columns->count = kMaxColumns;
  for (unsigned i = 0; i < columns->count; ++i) {
    snprintf(columns->each[i].name, sizeof columns->each[i].name, "%s", fields[i].name);
    columns->each[i].type = fields[i].type;
  }
}

static int read_text(MYSQL* connection, const char* sql, int64_t* rows,
                     struct Columns* columns) {
  if (mysql_query(connection, sql) != 0) return 0;
  MYSQL_RES* result = mysql_use_result(connection);
  if (result == NULL) return 0;
  if (columns != NULL) describe(result, columns);
  MYSQL_ROW row;
  while ((row = mysql_fetch_row(result)) != NULL) {
    ++*rows;
    if (columns == NULL) continue;
    const unsigned long* lengths = mysql_fetch_lengths(result);
    for (unsigned i = 0; i < columns->count; ++i) {
      if (row[i] != NULL) add(&columns->each[i], row[i], lengths[i]);
    }
  }
  mysql_free_result(result);
  return mysql_errno(connection) == 0;
}

// To verify, all columns are asked for as text. Else nothing is bound: a fetch then reads
// the row and converts none of it.
static int read_prepared(MYSQL_STMT* statement, const char* sql, int64_t* rows,
                         struct Columns* columns) {
  static char texts[kMaxColumns][kMaxBytes];
  static unsigned long lengths[kMaxColumns];
  static my_bool nulls[kMaxColumns];
  static MYSQL_BIND binds[kMaxColumns];
  if (mysql_stmt_prepare(statement, sql, strlen(sql)) != 0) return 0;
  if (columns != NULL) {
    MYSQL_RES* metadata = mysql_stmt_result_metadata(statement);
    if (metadata == NULL) return 0;
    describe(metadata, columns);
    mysql_free_result(metadata);
  }
  if (mysql_stmt_execute(statement) != 0) return 0;
  for (unsigned i = 0; columns != NULL && i < columns->count; ++i) {
    binds[i].buffer_type = MYSQL_TYPE_STRING;
    binds[i].buffer = texts[i];
    binds[i].buffer_length = kMaxBytes - 1;
    binds[i].length = &lengths[i];
    binds[i].is_null = &nulls[i];
  }
  if (columns != NULL && mysql_stmt_bind_result(statement, binds) != 0) return 0;

  int code;
  while ((code = mysql_stmt_fetch(statement)) == 0) {
    ++*rows;
    for (unsigned i = 0; columns != NULL && i < columns->count; ++i) {
      if (nulls[i]) continue;
      texts[i][lengths[i]] = '\0';
      add(&columns->each[i], texts[i], lengths[i]);
    }
  }
  return code == MYSQL_NO_DATA;
}

static MYSQL* connect_to(const char* url) {
  char user[64], password[64], host[64], database[64];
  unsigned port = 0;
  if (sscanf(url, "mysql://%63[^:]:%63[^@]@%63[^:]:%u/%63[^?]", user, password, host,
             &port, database) != 5) {
    fprintf(stderr, "mysql_loop: not a URL of the form above\n");
    return NULL;
  }
  MYSQL* connection = mysql_init(NULL);
  if (mysql_real_connect(connection, host, user, password, database, port, NULL, 0) ==
      NULL) {
    fprintf(stderr, "mysql_loop: %s\n", mysql_error(connection));
    return NULL;
  }
  return connection;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("libmariadb %s\n", mysql_get_client_info());
    return 0;
  }
  int prepared = 0, verify = 0, usage = argc < 3;
  for (int i = 3; i < argc; ++i) {
    if (strcmp(argv[i], "--prepared") == 0) {
      prepared = 1;
    } else if (strcmp(argv[i], "--verify") == 0) {
      verify = 1;
    } else if (strcmp(argv[i], "--text") != 0) {
      usage = 1;
    }
  }
  if (usage) {
    fprintf(stderr,
            "usage: mysql_loop mysql://USER:PASSWORD@HOST:PORT/DATABASE SQL [--text | "
            "--prepared] [--verify]\n");
    return 2;
  }
  MYSQL* connection = connect_to(argv[1]);
  if (connection == NULL) return 1;

  static struct Columns columns;
  struct Columns* wanted = verify ? &columns : NULL;
  int64_t rows = 0;
  if (prepared) {
    MYSQL_STMT* statement = mysql_stmt_init(connection);
    if (!read_prepared(statement, argv[2], &rows, wanted)) {
      fprintf(stderr, "mysql_loop: %s\n", mysql_stmt_error(statement));
      return 1;
    }
    mysql_stmt_close(statement);
  } else if (!read_text(connection, argv[2], &rows, wanted)) {
    fprintf(stderr, "mysql_loop: %s\n", mysql_error(connection));
    return 1;
  }

  printf("{\"rows\": %lld", (long long)rows);
  for (unsigned i = 0; i < columns.count; ++i) {
    printf("%s\"%s\": %lld", i == 0 ? ", \"sums\": {" : ", ", columns.each[i].name,
           (long long)columns.each[i].sum);
  }
  printf("%s\n", verify ? "}}" : "}");
  mysql_close(connection);
  return 0;
}
