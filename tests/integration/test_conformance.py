"""The same data, the same expectations, on every dialect; where one differs, QUIRKS says so and why.

A dialect joins by an entry in DIALECTS and by the quirks it needs.
"""

import datetime
import decimal
import json
import os
import shutil
import sqlite3
import subprocess

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import Penstock, left_in
from on_postgres import Database, variable

D = decimal.Decimal


class Sqlite:
    """A file of its own."""

    def __init__(self, folder):
        self.path = folder / "conformance.db"
        self.dsn = f"sqlite:///{self.path}"
        self.words = {"integer": "INTEGER", "double": "REAL", "timestamp": "TIMESTAMP", "blob": "BLOB",
                      "bool": "BOOLEAN", "word": "varchar(100)"}

    def run(self, sql):
        with sqlite3.connect(self.path) as connection:
            connection.executescript(sql)
        connection.close()

    def count(self, table):
        with sqlite3.connect(self.path) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def blob(self, data):
        return f"x'{data.hex()}'"


class Postgres:
    def __init__(self, _):
        self.dsn = variable("PENSTOCK_TEST_POSTGRES_WRITER_DSN")
        self.database = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
        self.words = {"integer": "integer", "double": "double precision", "timestamp": "timestamp", "blob": "bytea",
                      "bool": "boolean", "word": "varchar(100)"}

    def run(self, sql):
        self.database.run(sql)

    def count(self, table):
        return int(self.database.value(f"SELECT count(*) FROM {table}"))

    def blob(self, data):
        return f"'\\x{data.hex()}'"


class MysqlFamily:
    def __init__(self, name):
        self.dsn = variable(f"PENSTOCK_TEST_{name}_WRITER_DSN")
        self.socket = variable(f"PENSTOCK_TEST_{name}_SOCKET")
        self.words = {"integer": "integer", "double": "double", "timestamp": "datetime(6)", "blob": "blob",
                      "bool": "boolean", "word": "varchar(100) CHARACTER SET utf8mb4"}

    def run(self, sql):
        client = shutil.which("mariadb") or "mysql"
        done = subprocess.run([client, "--no-defaults", f"--socket={self.socket}", "-uroot", "-N", "-B",
                               "--default-character-set=utf8mb4", "penstock"], input=sql.encode(),
                              capture_output=True, timeout=60, env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def count(self, table):
        return int(self.run(f"SELECT count(*) FROM {table};"))

    def blob(self, data):
        return f"x'{data.hex()}'"


DIALECTS = {
    "sqlite": Sqlite,
    "postgresql": Postgres,
    "mariadb": lambda _: MysqlFamily("MARIADB"),
    "mysql": lambda _: MysqlFamily("MYSQL"),
}

# (dialect, what) -> (what is expected there, why)
QUIRKS = {
    ("sqlite", "type of n"): (pa.int64(), "SQLite keeps no shorter integers apart"),
    ("sqlite", "type of sum"): (pa.int64(), "an expression has the type of its first rows"),
    ("postgresql", "type of sum"): (pa.int64(), "sum(integer) is bigint"),
    ("mariadb", "type of sum"): (pa.decimal128(32, 0), "SUM of integers is DECIMAL"),
    ("mysql", "type of sum"): (pa.decimal128(32, 0), "SUM of integers is DECIMAL"),
    ("mariadb", "type of paid"): (pa.int8(), "BOOLEAN is TINYINT(1), which holds more than 0 and 1"),
    ("mysql", "type of paid"): (pa.int8(), "BOOLEAN is TINYINT(1), which holds more than 0 and 1"),
    ("mariadb", "true"): (1, "BOOLEAN is TINYINT(1)"),
    ("mysql", "true"): (1, "BOOLEAN is TINYINT(1)"),
    ("mariadb", "false"): (0, "BOOLEAN is TINYINT(1)"),
    ("mysql", "false"): (0, "BOOLEAN is TINYINT(1)"),
    ("mariadb", "name"): ("mysql", "one dialect speaks to both; the banner tells them apart"),
}


def expected(dialect, what, otherwise):
    return QUIRKS.get((dialect, what), (otherwise, ""))[0]


COLUMNS = ["id", "n", "price", "weight", "word", "day", "at", "paid", "data"]
TYPES = [pa.int64(), pa.int32(), pa.decimal128(12, 2), pa.float64(), pa.string(), pa.date32(), pa.timestamp("us"),
         pa.bool_(), pa.binary()]
ROWS = [
    (1, 42, D("12.50"), 0.1, "Ada", datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5), True, b"\x00\xff"),
    (2, -(2**31), D("-9999999999.99"), -1e300, "", datetime.date(1970, 1, 1), datetime.datetime(1970, 1, 1), False, b""),
    (3, None, None, None, None, None, None, None, None),
    (9223372036854775807, 2**31 - 1, D("0.00"), 5e-300, 'Zoë "Z", 東京\nline two 🚰',
     datetime.date(9999, 12, 31), datetime.datetime(2038, 1, 19, 3, 14, 8, 123456), True, bytes(range(256))),
    (-9223372036854775807, 0, D("0.01"), -0.0, " blanks ", datetime.date(1000, 1, 1),
     datetime.datetime(1999, 12, 31, 23, 59, 59, 999999), False, b"x" * 1000),
]


def literal(server, value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return server.blob(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return f"'{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value) if not isinstance(value, float) else repr(value)


@pytest.fixture(scope="module", params=DIALECTS)
def dialect(request):
    return request.param


@pytest.fixture(scope="module")
def server(dialect, tmp_path_factory):
    server = DIALECTS[dialect](tmp_path_factory.mktemp(dialect))
    words = server.words
    values = ",\n".join("(" + ", ".join(literal(server, value) for value in row) + ")" for row in ROWS)
    server.run(f"""
        DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS no_rows; DROP TABLE IF EXISTS many;
        CREATE TABLE orders (id bigint PRIMARY KEY, n {words['integer']}, price decimal(12,2), weight {words['double']},
                             word {words['word']}, day date, at {words['timestamp']}, paid {words['bool']},
                             data {words['blob']});
        CREATE TABLE no_rows (id bigint, n {words['integer']}, price decimal(12,2), weight {words['double']},
                              word {words['word']}, day date, at {words['timestamp']}, paid {words['bool']},
                              data {words['blob']});
        CREATE TABLE many (n bigint PRIMARY KEY, word varchar(20));
        INSERT INTO orders VALUES {values};
        INSERT INTO many VALUES {", ".join(f"({n}, 'w{n}')" for n in range(1, 2001))};""")
    return server


@pytest.fixture
def on(server, tmp_path):
    penstock = Penstock(tmp_path)
    penstock.env |= {"PENSTOCK_SHOP_DSN": server.dsn, "PENSTOCK_SQL_ALLOW_PRIVATE": "1"}
    return penstock


def query(on, sql, *arguments, code=0):
    result = on("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, *arguments)
    assert result.code == code, result
    return result


def table(on, sql, *arguments):
    query(on, sql, "-o", "x.arrow", *arguments)
    with pyarrow.ipc.open_file(on.cwd / "x.arrow") as file:
        return file.read_all()


def types_of(dialect):
    return [expected(dialect, f"type of {name}", kind) for name, kind in zip(COLUMNS, TYPES, strict=True)]


def rows_of(dialect):
    words = {True: expected(dialect, "true", True), False: expected(dialect, "false", False)}
    return [tuple(words[value] if isinstance(value, bool) else value for value in row) for row in ROWS]


def as_rows(read):
    return list(zip(*(column.to_pylist() for column in read.columns), strict=True))


def test_every_value_is_exact(on, dialect):
    read = table(on, "SELECT * FROM orders ORDER BY id < 0, id")
    assert read.column_names == COLUMNS
    assert [field.type for field in read.schema] == types_of(dialect)
    assert as_rows(read) == rows_of(dialect)


@pytest.mark.parametrize("sql", ["SELECT * FROM no_rows", "SELECT * FROM orders WHERE n = 5 AND n = 6"])
def test_an_empty_result_has_the_types(on, dialect, sql):
    read = table(on, sql)
    assert read.num_rows == 0
    assert [field.type for field in read.schema] == types_of(dialect)
    assert query(on, sql, "-o", "-").out == ",".join(f'"{name}"' for name in COLUMNS) + "\n"


def test_an_all_null_result_has_the_types(on, dialect):
    read = table(on, "SELECT * FROM orders WHERE id = 3")
    assert [field.type for field in read.schema] == [
        pa.int64(), *types_of(dialect)[1:]]
    assert as_rows(read) == [(3, *[None] * 8)]


CSV = r'''"id","word","day","at","data"
1,"Ada",2026-01-02,2026-01-02 03:04:05.000000,"\x00ff"
2,"",1970-01-01,1970-01-01 00:00:00.000000,"\x"
3,,,,
'''


def test_csv_is_the_same_to_the_byte(on):
    read = query(on, "SELECT id, word, day, at, data FROM orders WHERE id BETWEEN 1 AND 3 ORDER BY id", "-o", "-")
    assert read.out == CSV


def test_parquet_and_arrow_hold_the_same(on, dialect):
    sql = "SELECT * FROM orders ORDER BY id"
    query(on, sql, "-o", "x.parquet")
    assert as_rows(pq.read_table(on.cwd / "x.parquet")) == as_rows(table(on, sql))
    metadata = pq.read_schema(on.cwd / "x.parquet").metadata
    assert metadata[b"penstock.dialect"].decode() == expected(dialect, "name", dialect)


def test_json_lines_hold_the_same(on):
    query(on, "SELECT id, price, word FROM orders WHERE id < 4 AND id > 0 ORDER BY id", "-o", "x.jsonl")
    lines = [json.loads(line, parse_float=str) for line in (on.cwd / "x.jsonl").read_text().splitlines()]
    assert [(line["id"], line["word"]) for line in lines] == [(1, "Ada"), (2, ""), (3, None)]


def test_two_runs_give_the_same_bytes(on):
    seen = set()
    for _ in range(2):
        query(on, "SELECT * FROM many ORDER BY n", "-o", "x.parquet", "--batch-rows", "300")
        seen.add((on.cwd / "x.parquet").read_bytes())
    assert len(seen) == 1


# RS-008
@pytest.mark.parametrize("condition, parameters, ids", [
    ("n = :p", ["p=42"], [1]), ("word = :p", ["p=Ada"], [1]), ("word = :p", ["p:str=' OR 1=1 --"], []),
    ("word LIKE :p", ["p:str=%東京%"], [9223372036854775807]), ("day = :p", ["p=2026-01-02"], [1]),
    ("id = :p", ["p=9223372036854775807"], [9223372036854775807]), ("weight > :p", ["p=0.05"], [1]),
    ("paid = :p", ["p=true"], [1, 9223372036854775807]), ("word = :p AND ':p' <> :p", ["p=Ada"], [1]),
    ("n = :a OR n = :b", ["a=42", "b=0"], [-9223372036854775807, 1])])
def test_a_parameter_is_a_bound_value(on, condition, parameters, ids):
    flags = [word for parameter in parameters for word in ("-p", parameter)]
    assert sorted(table(on, f"SELECT id FROM orders WHERE {condition}", *flags).column(0).to_pylist()) == sorted(ids)


# RS-013
@pytest.mark.parametrize("sql", [
    "INSERT INTO many VALUES (0, 'x')", "UPDATE many SET word = 'x'", "DELETE FROM many", "DROP TABLE many",
    "CREATE TABLE made (n int)", "SELECT 1; DELETE FROM many", "SELECT 1; COMMIT; DROP TABLE many",
    "INSERT INTO many VALUES (0, 'x') RETURNING n", "COMMIT", "ROLLBACK"])
def test_what_is_no_read_is_refused_and_changes_nothing(on, server, sql):
    query(on, sql, "-o", "x.csv", code=2 if ";" in sql else 3)
    assert server.count("many") == 2000
    assert not (on.cwd / "x.csv").exists()


@pytest.mark.parametrize("sql", ["SELECT * FROM no_such_table", "SELECT no_such_column FROM many", "SELEC 1",
                                 "SELECT", "SELECT * FROM"])
def test_a_query_that_the_database_refuses_is_an_error_and_no_file(on, sql):
    result = query(on, sql, "-o", "x.csv", code=3)
    assert result.error["error_type"] == "DataSourceError"
    assert left_in(on.cwd) in ([], ["x.csv.lock"])


# RS-020
def test_exactly_as_many_rows_as_the_cap_pass(on):
    query(on, "SELECT n FROM many", "-o", "x.csv", "--max-rows", "2000")
    result = query(on, "SELECT n FROM many", "-o", "y.csv", "--max-rows", "1999", code=3)
    assert result.error["code"] == "row_limit"
    assert not (on.cwd / "y.csv").exists()


def test_duplicate_names_are_refused(on):
    result = query(on, "SELECT n, word AS n FROM many", "-o", "x.csv", code=3)
    assert result.error["code"] == "duplicate_column"
    assert result.error["message"] == "the result has more than one column named 'n'"
    assert not (on.cwd / "x.csv").exists()


def test_batches_do_not_change_the_rows(on):
    whole = table(on, "SELECT * FROM many ORDER BY n")
    assert whole.num_rows == 2000
    for rows in (1, 7, 1999, 2000, 2001):
        assert table(on, "SELECT * FROM many ORDER BY n", "--batch-rows", rows).equals(whole)


def test_partitions_by_a_column_give_each_row_once(on):
    whole = table(on, "SELECT * FROM many")
    parts = table(on, "SELECT * FROM many", "--partition-on", "n", "--partitions", 3, "--report", "report.json")
    assert sorted(as_rows(parts)) == sorted(as_rows(whole))
    counts = json.loads((on.cwd / "report.json").read_text())["partitions"]["rows"]
    assert len(counts) == 3
    assert sum(counts) == 2000
    assert min(counts) > 0


def test_an_expression_has_a_type(on, dialect):
    read = table(on, "SELECT sum(n) AS s, count(*) AS c FROM orders")
    assert read.column("s").to_pylist() == [41]
    assert read.schema.field("s").type == expected(dialect, "type of sum", pa.int64())
    assert read.column("c").to_pylist() == [5]
