"""What we write against what `mariadb --batch` prints, value by value: information_schema, the help tables, and random
values of every type, on MariaDB and MySQL."""

import re
import struct
import urllib.parse

import pytest

from csv_rows import rows_of
from on_mysql import NAMES, Server
from on_postgres import connected

ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: ESCAPES[found[1]], text, flags=re.DOTALL)


def printed(server, columns, rest):
    """Rows of texts as the client prints them; NULL is told by a column of its own, since `NULL` may be a text."""
    select = ", ".join(f"{column}, {column} IS NULL" for column in columns)
    parts = urllib.parse.urlsplit(server.dsn)
    done = server.client("--batch", "-N", "--init-command=SET time_zone = '+00:00'", user=parts.username,
                         password=parts.password, input=f"SELECT {select} {rest}".encode())
    if done.returncode != 0:
        return None, done.stderr.decode()
    # The client writes in UTF-8 what it is sent in UTF-8; bytes of other columns are asked for in hex.
    rows = [line.split("\t") for line in done.stdout.decode().split("\n")[:-1]]
    return [[None if null == "1" else unescaped(value) for value, null in zip(row[::2], row[1::2])] for row in rows], ""


# ---- the forms of docs/reference/csv-and-json ----


def of_timestamp(text):
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}"


def of_time(text):
    """A duration: no trailing zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


RULES = {
    "datetime": of_timestamp,
    "timestamp": lambda text: of_timestamp(text) + "Z",
    "time": of_time,
    "year": lambda text: str(int(text)),
    "float": lambda text: struct.pack("f", float(text)),
    "double": lambda text: struct.pack("d", float(text)),
}
BOTH = {"float", "double"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring", "polygon",
         "multipoint", "multilinestring", "multipolygon", "geomcollection", "geometrycollection", "vector"}


def asked_for(name, kind):
    """As the client is to print it: bytes in hex, bits as a number."""
    if kind in BYTES:
        return f"concat('\\\\x', lower(hex({name})))"
    if kind == "float":  # a FLOAT is printed with six digits
        return f"{name} + 0e0"
    return f"{name} + 0" if kind == "bit" else name


def compared(rows, kinds, servers):
    rules = [RULES.get(kind) if servers or kind in BOTH else None for kind in kinds]
    return [[value if value is None or rule is None else rule(value) for value, rule in zip(row, rules)] for row in rows]


def differences(ours, theirs, names, limit=5):
    def key(row):
        return [(value is not None, str(value)) for value in row]

    if len(ours) != len(theirs):
        return [("rows", len(ours), len(theirs))]
    found = []
    for mine, other in zip(sorted(ours, key=key), sorted(theirs, key=key)):
        found += [(name, a, b) for name, a, b in zip(names, mine, other) if a != b]
        if len(found) >= limit:
            break
    return found[:limit]


def written(penstock, columns, rest):
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", f"SELECT {', '.join(columns)} {rest}", "-o", "-",
                      "--format", "csv")
    if result.code != 0:
        return None, result.err
    return rows_of(result.out.partition("\n")[2], len(columns)), ""


@pytest.fixture(scope="module", params=NAMES)
def server(request):
    return Server(request.param)


@pytest.fixture(scope="module")
def shared(server, tmp_path_factory):
    from conftest import Penstock

    return connected(Penstock(tmp_path_factory.mktemp(server.name)), server.dsn)


# What differs from session to session or from one look to the next: compared on a copy of the same moment.
VOLATILE = re.compile(r"PROCESSLIST|.*(STATUS|VARIABLES|STATISTICS|METRICS|_STATS|TABLESTATS).*|INNODB_(BUFFER|CMP|TRX|TEMP|"
                      r"SYS_|SESSION|MUTEXES|LOCK|CACHED|TABLESPACES|FT_|DATAFILES)\w*|TABLES|PARTITIONS|FILES|"
                      r"PROFILING|OPTIMIZER_TRACE|THREAD_POOL\w*|TABLESPACES\w*|USER_PRIVILEGES|EVENTS|.*PRIVILEGES|KEYWORDS")


def relations_of(server, schema):
    found = {}
    for table, name, kind in server.run(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position"):
        found.setdefault(table, []).append((name, kind))
    return found


def compare(server, shared, schema, table, columns):
    """What differs; nothing if the account may not read it, by either way in."""
    names = [f"`{name}`" for name, _ in columns]
    kinds = [kind for _, kind in columns]
    rest = f"FROM `{schema}`.`{table}`"
    theirs, refused = printed(server, [asked_for(name, kind) for name, kind in zip(names, kinds)], rest)
    ours, error = written(shared, names, rest)
    if theirs is None or ours is None:
        return 0, [] if theirs is ours else [("refused", refused, error)]
    found = differences(compared(ours, kinds, servers=False), compared(theirs, kinds, servers=True), names)
    return len(ours) * len(names), found


def test_every_relation_of_the_information_schema_is_what_the_client_prints(server, shared):
    relations = relations_of(server, "information_schema")
    volatile = [table for table in relations if VOLATILE.fullmatch(table)]
    server.run("DROP DATABASE IF EXISTS copies; CREATE DATABASE copies CHARACTER SET utf8mb4; "
               + "".join(f"CREATE TABLE copies.`{table}` AS SELECT * FROM information_schema.`{table}`;"
                         for table in volatile)
               + "GRANT SELECT ON copies.* TO reader@'%'")
    try:
        values = 0
        differing = {}
        copies = relations_of(server, "copies")
        assert len(copies) == len(volatile)
        for schema, tables in (("information_schema", relations), ("copies", copies)):
            for table, columns in tables.items():
                if schema == "information_schema" and table in volatile:
                    continue
                count, found = compare(server, shared, schema, table, columns)
                values += count
                if found:
                    differing[f"{schema}.{table}"] = found
        assert differing == {}
        assert len(relations) > 60
        assert values > 30_000
    finally:
        server.run("REVOKE SELECT ON copies.* FROM reader@'%'; DROP DATABASE copies")


def test_the_help_tables_are_what_the_client_prints(server, shared):
    values = 0
    for table, columns in relations_of(server, "mysql").items():
        if table.startswith("help_"):
            count, found = compare(server, shared, "mysql", table, columns)
            assert found == [], table
            values += count
    assert values > 5000


# ---- random values ----

ROWS = 3000
RANDOM = {
    "TINYINT": "round((rand() - 0.5) * 255)", "TINYINT UNSIGNED": "round(rand() * 255)",
    "SMALLINT": "round((rand() - 0.5) * 65535)", "MEDIUMINT": "round((rand() - 0.5) * 16777215)",
    "MEDIUMINT UNSIGNED": "round(rand() * 16777215)", "INT": "round((rand() - 0.5) * 4294967295)",
    "BIGINT": "cast(conv(left(sha2(rand(), 256), 16), 16, 10) as unsigned) >> round(1 + rand() * 62)",
    "BIGINT UNSIGNED": "cast(conv(left(sha2(rand(), 256), 16), 16, 10) as unsigned)",
    "FLOAT": "(rand() - 0.5) * pow(10, rand() * 70 - 35)", "DOUBLE": "(rand() - 0.5) * pow(10, rand() * 600 - 300)",
    "DECIMAL(12,2)": "(rand() - 0.5) * pow(10, rand() * 10)", "DECIMAL(18,0)": "(rand() - 0.5) * pow(10, rand() * 18)",
    "DECIMAL(38,20)": "(rand() - 0.5) * pow(10, rand() * 17)", "DECIMAL(65,30)": "(rand() - 0.5) * pow(10, rand() * 34)",
    "DECIMAL(30,30)": "rand() - 0.5", "DATE": "from_days(366 + round(rand() * 3650000))",
    "DATETIME": "from_days(366 + round(rand() * 3650000)) + interval round(rand() * 86400) second",
    "DATETIME(6)": "from_days(366 + round(rand() * 3650000)) + interval round(rand() * 86400000000) microsecond",
    "DATETIME(3)": "from_days(366 + round(rand() * 3650000)) + interval round(rand() * 86400000) * 1000 microsecond",
    "TIMESTAMP(6) NULL": "timestamp('1970-01-02') + interval round(rand() * 2000000000) second"
                         " + interval round(rand() * 999999) microsecond",
    "TIME": "sec_to_time(round((rand() - 0.5) * 6040000))", "TIME(6)": "sec_to_time((rand() - 0.5) * pow(10, rand() * 6.7))",
    "YEAR": "1901 + round(rand() * 254)", "CHAR(12)": "left(sha2(rand(), 256), round(rand() * 12))",
    "VARCHAR(20) CHARACTER SET utf8mb4": "concat(char(round(rand() * 127)), '東🚰\\\\\\t\\n', left(sha2(rand(), 256), 3), char(0))",
    "VARCHAR(20) CHARACTER SET latin1": "convert(char(161 + round(rand() * 94) using latin1) using utf8mb4)",
    "TEXT CHARACTER SET utf16": "repeat('é', round(rand() * 500))", "VARBINARY(20)": "unhex(left(sha2(rand(), 256), 2 * round(rand() * 10)))",
    "BINARY(4)": "unhex(left(sha2(rand(), 256), 6))", "BLOB": "repeat(unhex(left(sha2(rand(), 256), 2)), round(rand() * 600))",
    "BIT(64)": "cast(conv(left(sha2(rand(), 256), 16), 16, 10) as unsigned)", "BIT(1)": "rand() < 0.5", "BIT(9)": "round(rand() * 511)",
    "ENUM('a','é','NULL')": "1 + round(rand() * 2)", "SET('a','b c','é')": "round(rand() * 7)",
    "JSON": "json_object('a', rand(), 'b', json_array(null, sha2(rand(), 256)))",
}


def test_random_values_of_every_type_are_what_the_client_prints(server, shared):
    columns = ", ".join(f"`{declared}` {declared}" for declared in RANDOM)
    values = ", ".join(f"if(rand() < 0.9, {sql}, null)" for sql in RANDOM.values())
    server.run(f"""
        DROP TABLE IF EXISTS chance; DROP TABLE IF EXISTS numbers; SET time_zone = '+00:00';
        CREATE TABLE chance (n INT PRIMARY KEY, {columns}) CHARACTER SET utf8mb4;
        CREATE TABLE numbers (i INT);
        INSERT INTO numbers VALUES {", ".join(f"({i})" for i in range(ROWS))};
        INSERT INTO chance SELECT i, {values} FROM numbers; DROP TABLE numbers""")
    kinds = [re.match(r"\w+", declared)[0].lower() for declared in RANDOM]
    try:
        count, found = compare(server, shared, "penstock", "chance", list(zip(RANDOM, kinds)))
        assert found == []
        assert count == ROWS * len(RANDOM)
        (nulls,) = server.run("SELECT " + ", ".join(f"sum(`{name}` IS NULL)" for name in RANDOM) + " FROM chance")
        assert all(int(number) in range(ROWS // 20, ROWS // 5) for number in nulls), nulls
    finally:
        server.run("DROP TABLE chance")
