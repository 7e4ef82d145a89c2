"""No type fails a table: a column of every type that a server has, in every output format.

The first row has a value of each, the second is NULL throughout.
"""

import json
import sqlite3

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from conftest import Penstock
from csv_rows import rows_of
from on_mysql import Server
from on_postgres import Database, connected, variable

FORMATS = ["parquet", "csv", "jsonl", "arrow", "arrows"]


def read(path):
    """Names and the two rows of a file, by what is not ours."""
    kind = path.suffix
    if kind == ".csv":
        header, _, body = path.read_text().partition("\n")
        names = [name.strip('"') for name in header.split('","')]
        return names, rows_of(body, len(names))
    if kind == ".jsonl":
        rows = [json.loads(line, parse_float=str) for line in path.read_text().splitlines()]
        return list(rows[0]), [list(row.values()) for row in rows]
    if kind == ".parquet":
        table = pq.read_table(path)
    elif kind == ".arrow":
        with pa.ipc.open_file(path) as file:
            table = file.read_all()
    else:
        with pa.ipc.open_stream(path) as stream:
            table = stream.read_all()
    table.validate(full=True)
    return table.column_names, [[column[i].is_valid or None for column in table.columns] for i in range(2)]


def check_every_format(penstock, sql, names, without_value=()):
    for kind in FORMATS:
        result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", f"all.{kind}")
        assert result.code == 0, (kind, result)
        found, rows = read(penstock.cwd / f"all.{kind}")
        assert found == names, kind
        assert len(rows) == 2
        assert {name for name, value in zip(names, rows[0]) if value is None} == set(without_value), kind
        assert rows[1] == [None] * len(names), kind


# ---- PostgreSQL ----

# Text that the type's input function takes, by pg_type.typname. A type that is missing here fails the test.
SAMPLES = {
    "bool": "t", "bytea": "\\x00ff", "char": "x", "name": "pg_class", "int8": "-1", "int2": "-1", "int4": "-1",
    "int2vector": "1 2", "regproc": "now", "text": "a\"b,c", "oid": "4294967295", "tid": "(1,2)", "xid": "7", "cid": "7",
    "oidvector": "1 2", "json": '{"a": [1e400]}', "xml": "<a/>", "point": "(1,2)", "lseg": "[(1,2),(3,4)]",
    "path": "((1,2),(3,4))", "box": "(3,4),(1,2)", "polygon": "((0,0),(1,1))", "line": "{1,2,3}", "float4": "1.5",
    "float8": "-Infinity", "money": "-1.00", "circle": "<(1,2),3>", "macaddr": "08:00:2b:01:02:03",
    "inet": "10.0.0.1/24", "cidr": "10.0.0.0/8", "aclitem": "postgres=r/postgres", "bpchar": "a", "varchar": "b",
    "date": "2026-01-02", "time": "03:04:05", "timestamp": "2026-01-02 03:04:05.000006",
    "timestamptz": "2026-01-02 03:04:05+05:30", "interval": "1 mon -1 day 00:00:00.000001", "timetz": "10:07:21+13:59",
    "bit": "1", "varbit": "0101", "numeric": "12345678901234567890.123456789012345", "refcursor": "c",
    "regprocedure": "now()", "regoper": "pg_catalog.||/", "regoperator": "+(integer,integer)", "regclass": "pg_class",
    "regtype": "integer", "regrole": "postgres", "regnamespace": "pg_catalog", "regconfig": "english",
    "regdictionary": "simple", "regcollation": '"C"', "uuid": "00000000-0000-0000-0000-000000000000",
    "pg_lsn": "16/B374D848", "tsvector": "a fat cat", "gtsvector": None, "tsquery": "fat & cat",
    "jsonb": '{"a": null}', "jsonpath": "$.a", "txid_snapshot": "1:2:", "pg_snapshot": "1:2:", "xid8": "8",
    "macaddr8": "08:00:2b:01:02:03:04:05", "int4range": "empty", "numrange": "[1.5,2)",
    "tsrange": "[2026-01-01,2026-01-02)", "tstzrange": "[2026-01-01 00:00+00,)", "daterange": "[2026-01-01,)",
    "int8range": "(,)", "int4multirange": "{[1,3),[5,9)}", "nummultirange": "{}", "tsmultirange": "{}",
    "tstzmultirange": "{[2026-01-01 00:00+00,)}", "datemultirange": "{}", "int8multirange": "{(,)}",
    # what their input functions refuse; the server makes them for itself
    "pg_node_tree": None, "pg_ndistinct": None, "pg_dependencies": None, "pg_mcv_list": None,
    "pg_brin_bloom_summary": None, "pg_brin_minmax_multi_summary": None,
    # of extensions and of the tests' own
    "hstore": "a=>1, b=>NULL", "ghstore": None, "citext": "AbC", "mood": "sad", "pair": '(1,"x y")',
    "nested": '("(,)",{})', "positive": "7", "price": "1.50", "moods": "{glad}", "floatrange": "[1.5,2)",
    "floatmultirange": "{[1.5,2)}",
    # domains of information_schema
    "cardinal_number": "7", "character_data": "a", "sql_identifier": "a", "time_stamp": "2026-01-02 03:04:05+00",
    "yes_or_no": "YES",
}
# Each type that a column can have: not the pseudo-types, nor the row types of tables, which are composite as `pair` is.
TYPES = """
    SELECT t.typname, coalesce(e.typname, ''), n.nspname
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         LEFT JOIN pg_type e ON e.typarray = t.oid LEFT JOIN pg_class c ON c.oid = coalesce(e.typrelid, t.typrelid)
    WHERE t.typtype <> 'p' AND coalesce(e.typtype, 'b') <> 'p' AND t.typisdefined
          AND coalesce(nullif(t.typrelid, 0), e.typrelid, 0) IN (SELECT 0 UNION SELECT oid FROM pg_class WHERE relkind = 'c')
          AND n.nspname IN ('pg_catalog', 'information_schema', 'every', 'public')
    ORDER BY t.oid"""


@pytest.fixture(scope="module")
def postgres():
    admin = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
    admin.run("""
        DROP SCHEMA IF EXISTS every CASCADE; CREATE SCHEMA every; GRANT USAGE ON SCHEMA every TO PUBLIC;
        CREATE TYPE every.mood AS ENUM ('sad', 'glad');
        CREATE TYPE every.pair AS (a int, b text);
        CREATE TYPE every.nested AS (p every.pair, q int[]);
        CREATE DOMAIN every.positive AS int CHECK (value > 0);
        CREATE DOMAIN every.price AS numeric(12,2);
        CREATE DOMAIN every.moods AS every.mood[];
        CREATE TYPE every.floatrange AS RANGE (subtype = float8, multirange_type_name = every.floatmultirange)""")
    yield admin
    admin.run("DROP SCHEMA every CASCADE")


def test_a_table_of_every_postgresql_type_is_written_in_every_format(postgres, tmp_path):
    types = postgres.rows(TYPES)
    assert {name for name, element, _ in types if not element} <= set(SAMPLES), "a type without a sample"
    assert len(types) > 150
    names, columns, values, without_value = [], [], [], []
    for typname, element, schema in types:
        sample = SAMPLES[element or typname]
        name = f"{schema}.{typname}"
        names.append(name)
        columns.append(f'"{name}" {schema}."{typname}"')
        if sample is None:
            without_value.append(name)
            values.append("NULL")
        else:
            if element:
                escaped = sample.replace("\\", "\\\\").replace('"', '\\"')
                sample = f'{{"{escaped}"{";" if element == "box" else ","}NULL}}'
            values.append("'" + sample.replace("'", "''") + f"'::{schema}.\"{typname}\"")
    postgres.run(f"""
        CREATE TABLE every.t ({", ".join(columns)});
        INSERT INTO every.t SELECT {", ".join(values)};
        INSERT INTO every.t VALUES ({", ".join(["NULL"] * len(names))});
        GRANT SELECT ON every.t TO PUBLIC""")
    penstock = connected(Penstock(tmp_path), variable("PENSTOCK_TEST_POSTGRES_DSN"))
    check_every_format(penstock, "SELECT * FROM every.t", names, without_value)


# ---- MySQL and MariaDB ----

NUMBERS = {
    **{f"{name}{sign}": "7" for name in ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT")
       for sign in ("", " UNSIGNED", " UNSIGNED ZEROFILL")},
    "TINYINT(1)": "1", "BOOLEAN": "true", "BIT(1)": "b'1'", "BIT(64)": "~0", "DECIMAL(10,2)": "1.50",
    "DECIMAL(65,30)": "'" + "9" * 35 + "." + "9" * 30 + "'", "DECIMAL(65,0) UNSIGNED": "'" + "9" * 65 + "'",
    "FLOAT": "1.5", "FLOAT UNSIGNED": "1.5", "DOUBLE": "-1e300", "YEAR": "2026",
}
TIMES = {
    **{f"{name}{digits}": value for digits in ("", "(3)", "(6)")
       for name, value in (("DATETIME", "'2026-01-02 03:04:05'"), ("TIME", "'-838:59:59'"))},
    "TIMESTAMP NULL": "'2026-01-02 03:04:05'", "TIMESTAMP(6) NULL": "'2026-01-02 03:04:05'", "DATE": "'2026-01-02'",
}
CHARACTERS = {
    **{name: "'a'" for name in ("CHAR(5)", "VARCHAR(5)", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT",
                                "CHAR(0)", "CHAR(5) CHARACTER SET latin1", "VARCHAR(5) CHARACTER SET utf16",
                                "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "VARCHAR(5) CHARACTER SET ascii")},
    "CHAR(0)": "''", "JSON": "'{\"a\": 1}'", "ENUM('a','b')": "'b'", "SET('a','b')": "'a,b'",
}
BYTES = {name: "x'00ff'" for name in ("BINARY(5)", "VARBINARY(5)", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")}
SHAPES = {
    "GEOMETRY": "POINT(1 2)", "POINT": "POINT(1 2)", "LINESTRING": "LINESTRING(0 0,1 1)",
    "POLYGON": "POLYGON((0 0,0 1,1 1,0 0))", "MULTIPOINT": "MULTIPOINT(0 0,1 1)",
    "MULTILINESTRING": "MULTILINESTRING((0 0,1 1))", "MULTIPOLYGON": "MULTIPOLYGON(((0 0,0 1,1 1,0 0)))",
    "GEOMETRYCOLLECTION": "GEOMETRYCOLLECTION(POINT(1 2))",
}
GEOMETRIES = {name: f"ST_GeomFromText('{text}')" for name, text in SHAPES.items()}
OWN = {
    "mariadb": {"UUID": "'123e4567-e89b-12d3-a456-426614174000'", "INET6": "'::1'", "INET4": "'10.0.0.1'"},
    "mysql": {"VECTOR(2)": "STRING_TO_VECTOR('[1,2]')", "POINT SRID 4326": "ST_GeomFromText('POINT(1 2)', 4326)",
              "DOUBLE(10,2)": "1.25"},
}


@pytest.mark.parametrize("name", ["mariadb", "mysql"])
def test_a_table_of_every_mysql_type_is_written_in_every_format(name, tmp_path):
    server = Server(name)
    types = NUMBERS | TIMES | CHARACTERS | BYTES | GEOMETRIES | OWN[name]
    columns = ", ".join(f"`{declared}` {declared}" for declared in types)
    server.run("DROP TABLE IF EXISTS every_type; SET time_zone = '+00:00';"
               f"CREATE TABLE every_type ({columns}); INSERT INTO every_type VALUES ({', '.join(types.values())});"
               f"INSERT INTO every_type VALUES ({', '.join(['NULL'] * len(types))})")
    penstock = connected(Penstock(tmp_path), server.dsn)
    try:
        check_every_format(penstock, "SELECT * FROM every_type", list(types))
    finally:
        server.run("DROP TABLE every_type")


# ---- SQLite ----

DECLARED = {
    "BOOL": 1, "BOOLEAN": "true", "DATE": "2026-01-02", "DATETIME": 1598313600, "TIMESTAMP": "2026-01-02T03:04:05Z",
    "TIMESTAMP WITHOUT TIME ZONE": 2440587.5, "TIMESTAMPTZ": "2026-01-02T03:04:05+05:30",
    "TIMESTAMP WITH TIME ZONE": 0, "JSON": '{"a":1}', "JSONB": "[]", "DECIMAL(10,2)": 1.5, "NUMERIC(76,0)": 7,
    "DEC(5,5)": 0.5, "DECIMAL": 1.5, "NUMERIC": "abc", "INT": -(2**63), "TINYINT(1)": 2, "BIGINT UNSIGNED": 7,
    "VARCHAR(5)": "longer than five", "CLOB": "a", "TEXT": "", "BLOB": b"\x00\xff", "REAL": float("inf"), "FLOAT": 0.1,
    "DOUBLE PRECISION": 5e-324, "STRING": "abc", "TIME": "03:04:05", "UUID": "x", "GEOMETRY": b"\x01",
}


def test_a_table_of_every_sqlite_type_is_written_in_every_format(tmp_path):
    path = tmp_path / "types.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (" + ", ".join(f'"{name}" {name}' for name in DECLARED) + ")")
        for row in (DECLARED.values(), [None] * len(DECLARED)):
            connection.execute(f"INSERT INTO t VALUES ({', '.join('?' * len(DECLARED))})", list(row))
    connection.close()
    penstock = Penstock(tmp_path)
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
    check_every_format(penstock, "SELECT * FROM t", list(DECLARED))
