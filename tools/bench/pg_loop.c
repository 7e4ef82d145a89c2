// The limits of every PostgreSQL reader: loops that take what the server sends, count the
// rows and keep none of them.
//   pg_loop DSN SQL [--copy | --rows] [--parameter VALUE] [--verify]
//     --copy             COPY (SQL) TO STDOUT (FORMAT binary); the default
//     --rows             the extended protocol, binary results, a row at a time
//     --parameter VALUE  bound to $1 as text of a type that the server infers; --rows
// Prints {"rows": N}, with --verify also {"sums": {...}} (lineitem.py).
//   pg_loop --version    prints the version of the library
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxColumns = 256 };
// pg_type.dat's oids of the types that lineitem has.
enum {
  kInt8 = 20,
  kInt4 = 23,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kNumeric = 1700
};
// Dates on the wire are days since 2000-01-01.
enum { kDaysTo2000 = 10957 };

struct Sums {
  int columns;
  Oid types[kMaxColumns];
  char names[kMaxColumns][64];
  int64_t values[kMaxColumns];
};

static int fail(PGconn* connection) {
  fprintf(stderr, "pg_loop: %s", PQerrorMessage(connection));
  return 1;
}

static int64_t big_endian(const char* bytes, int length) {
  uint64_t value = length > 0 && (bytes[0] & 0x80) ? ~UINT64_C(0) : 0;
  for (int i = 0; i < length; ++i) value = value << 8 | (unsigned char)bytes[i];
  return (int64_t)value;
}

// A NUMERIC of at most two decimals, in hundredths: base-10000 digits, the first of which
// counts 10000^weight (src/backend/utils/adt/numeric.c, numeric_send).
static int64_t hundredths(const char* bytes) {
  const int digits = (int)big_endian(bytes, 2), weight = (int)big_endian(bytes + 2, 2);
  int64_t value = 0;
  for (int i = 0; i <= weight || i < digits; ++i) {
    const int64_t digit = i < digits ? big_endian(bytes + 8 + 2 * i, 2) : 0;
    value = i <= weight ? value * 10000 + digit : value * 100 + digit / 100;
    if (i > weight) break;
  }
  // Without a digit behind the point, the loop ended at whole units.
  if (digits <= weight + 1) value *= 100;
  return big_endian(bytes + 4, 2) == 0x4000 ? -value : value;
}

static void add(struct Sums* sums, int column, const char* bytes, int length) {
  switch (sums->types[column]) {
    case kInt8:
    case kInt4:
      sums->values[column] += big_endian(bytes, length);
      break;
    case kDate:
      sums->values[column] += big_endian(bytes, length) + kDaysTo2000;
      break;
    case kNumeric:
      sums->values[column] += hundredths(bytes);
      break;
    default:
      sums->values[column] += length;
      break;
  }
}

// One CopyData message. The first begins with a header of 19 bytes, the last is the
// trailer: a column count of -1
// (https://www.postgresql.org/docs/current/sql-copy.html, Binary Format).
static void add_copied(struct Sums* sums, const char* bytes, int first) {
  if (first) bytes += 19;
  const int columns = (int)big_endian(bytes, 2);
  bytes += 2;
  for (int i = 0; i < columns; ++i) {
    const int length = (int)big_endian(bytes, 4);
    bytes += 4;
    if (length < 0) continue;
    add(sums, i, bytes, length);
    bytes += length;
  }
}

static int copy(PGconn* connection, const char* sql, int64_t* rows, struct Sums* sums) {
  const size_t size = strlen(sql) + 64;
  char* command = malloc(size);
  snprintf(command, size, "COPY (%s) TO STDOUT (FORMAT binary)", sql);
  PGresult* result = PQexec(connection, command);
  free(command);
  const int started = PQresultStatus(result) == PGRES_COPY_OUT;
  PQclear(result);
  if (!started) return 0;

  char* bytes = NULL;
  int64_t messages = 0;
  int length;
  while ((length = PQgetCopyData(connection, &bytes, 0)) > 0) {
    if (sums != NULL) add_copied(sums, bytes, messages == 0);
    ++messages;
    PQfreemem(bytes);
  }
  *rows = messages - 1;
  if (length != -1) return 0;
  result = PQgetResult(connection);
  const int ended = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return ended;
}

static int rows_one_by_one(PGconn* connection, const char* sql, const char* parameter,
                           int64_t* rows, struct Sums* sums) {
  if (!PQsendQueryParams(connection, sql, parameter != NULL, NULL, &parameter, NULL, NULL,
                         1) ||
      !PQsetSingleRowMode(connection)) {
    return 0;
  }
  int good = 1;
  PGresult* result;
  while ((result = PQgetResult(connection)) != NULL) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_SINGLE_TUPLE) {
      ++*rows;
      for (int i = 0; sums != NULL && i < PQnfields(result); ++i) {
        if (PQgetisnull(result, 0, i)) continue;
        add(sums, i, PQgetvalue(result, 0, i), PQgetlength(result, 0, i));
      }
    } else if (status != PGRES_TUPLES_OK) {
      good = 0;
    }
    PQclear(result);
  }
  return good;
}

// COPY does not say what its columns are, so they are asked for before.
static int describe(PGconn* connection, const char* sql, struct Sums* sums) {
  PGresult* prepared = PQprepare(connection, "", sql, 0, NULL);
  PGresult* result = PQdescribePrepared(connection, "");
  const int good = PQresultStatus(result) == PGRES_COMMAND_OK;
  sums->columns = PQnfields(result) < kMaxColumns ? PQnfields(result) : kMaxColumns;
  for (int i = 0; i < sums->columns; ++i) {
    sums->types[i] = PQftype(result, i);
    snprintf(sums->names[i], sizeof sums->names[i], "%s", PQfname(result, i));
  }
  PQclear(prepared);
  PQclear(result);
  return good;
}

int main(int argc, char** argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("libpq %d.%d\n", PQlibVersion() / 10000, PQlibVersion() % 10000);
    return 0;
  }
  int by_row = 0, verify = 0, usage = argc < 3;
  const char* parameter = NULL;
  for (int i = 3; i < argc; ++i) {
    if (strcmp(argv[i], "--rows") == 0) {
      by_row = 1;
    } else if (strcmp(argv[i], "--verify") == 0) {
      verify = 1;
    } else if (strcmp(argv[i], "--parameter") == 0 && i + 1 < argc) {
      parameter = argv[++i];
    } else if (strcmp(argv[i], "--copy") != 0) {
      usage = 1;
    }
  }
  if (usage || (parameter != NULL && !by_row)) {
    fprintf(stderr,
            "usage: pg_loop DSN SQL [--copy | --rows [--parameter VALUE]] [--verify]\n");
    return 2;
  }
  PGconn* connection = PQconnectdb(argv[1]);
  if (PQstatus(connection) != CONNECTION_OK) return fail(connection);

  static struct Sums sums;
  if (verify && !describe(connection, argv[2], &sums)) return fail(connection);
  int64_t rows = 0;
  struct Sums* wanted = verify ? &sums : NULL;
  const int good = by_row ? rows_one_by_one(connection, argv[2], parameter, &rows, wanted)
                          : copy(connection, argv[2], &rows, wanted);
  if (!good) return fail(connection);

  printf("{\"rows\": %lld", (long long)rows);
  for (int i = 0; i < sums.columns; ++i) {
    printf("%s\"%s\": %lld", i == 0 ? ", \"sums\": {" : ", ", sums.names[i],
           (long long)sums.values[i]);
  }
  printf("%s\n", verify ? "}}" : "}");
  PQfinish(connection);
  return 0;
}
