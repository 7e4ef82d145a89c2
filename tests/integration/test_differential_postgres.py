"""What we write against what the server's own client prints, value by value: on every catalog relation, and on random
values of every type that is decoded from the binary protocol.

A value's text is the server's own, but for the few types to which docs/reference/csv-and-json gives a form: RULES.
"""

import re
import struct

import pytest

from csv_rows import rows_of
from on_postgres import Database, admin, connected, query, variable  # noqa: F401

# ---- the forms of contract: docs/reference/csv-and-json ----


def of_date(text):
    """The proleptic Gregorian calendar has a year 0, which is 1 BC."""
    if not text.endswith(" BC"):
        return text
    year, rest = text.removesuffix(" BC").split("-", 1)
    year = int(year) - 1
    return f"{'-' if year else ''}{year:04}-{rest}"


def of_time(text):
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}"


def of_timestamp(text):
    date, _, rest = text.partition(" ")
    time, _, era = rest.partition(" ")
    return f"{of_date(date + (' ' + era if era else ''))} {of_time(time)}"


def of_timestamptz(text):
    stamp, zone = re.fullmatch(r"(.*)\+00( BC)?", text).groups()
    return of_timestamp(stamp + (zone or "")) + "Z"


def bits(form):
    """A number's digits may differ where its bits do not: the server prints one more where two numbers are as near."""
    return lambda text: struct.pack(form, float(text))


# What is compared of both sides.
BOTH = {"real": bits("f"), "double precision": bits("d"),
        "real[]": lambda text: [bits("f")(one) if one != "NULL" else one for one in text[1:-1].split(",") if one],
        "double precision[]": lambda text: [bits("d")(one) if one != "NULL" else one
                                            for one in text[1:-1].split(",") if one]}
# What ours is of the server's.
RULES = {
    "boolean": lambda text: {"t": "true", "f": "false"}[text],
    "date": of_date,
    "time without time zone": of_time,
    "timestamp without time zone": of_timestamp,
    "timestamp with time zone": of_timestamptz,
}


def plain(declared):
    """A typmod in the middle of a name ("timestamp(3) with time zone") changes no form."""
    return re.sub(r"\(\d+\)", "", declared)


def same(value):
    return value


def compared(rows, types, servers):
    """Rows as they are compared; `servers`: they are the server's."""
    rules = [BOTH.get(plain(one)) or (servers and RULES.get(plain(one))) or same for one in types]
    return [[None if value is None else rule(value) for value, rule in zip(row, rules)] for row in rows]


def differences(ours, theirs, names, limit=5):
    """The first of them, by name and value; the order of rows is the server's to choose each time."""
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


@pytest.fixture(scope="module")
def reader():
    return Database(variable("PENSTOCK_TEST_POSTGRES_DSN"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    from conftest import Penstock

    return connected(Penstock(tmp_path_factory.mktemp("differential")), variable("PENSTOCK_TEST_POSTGRES_DSN"))


# ---- every relation of the catalogs ----

# What differs from session to session or from one look to the next, or only the superuser may look at: compared on a
# copy of one moment.
VOLATILE = re.compile(r"pg_catalog\.(pg_stat_|pg_locks|pg_settings|pg_cursors|pg_prepared|pg_backend|pg_shmem|pg_file_"
                      r"settings|pg_hba|pg_ident|pg_replication_|pg_config|pg_class$|pg_database$|pg_attribute$|pg_statio"
                      r"|pg_timezone)")

# A domain's own name would hide its base type.
RELATIONS = """
    SELECT n.nspname || '.' || c.relname, string_agg(a.attname, ',' ORDER BY a.attnum),
           string_agg(format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, NULL), ','
                      ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname IN ({schemas}) AND c.relkind IN ('r', 'v', 'm') AND has_table_privilege(c.oid, 'SELECT')
    GROUP BY 1 ORDER BY 1"""


@pytest.fixture(scope="module")
def relations(reader, admin):  # noqa: F811
    """Every relation that the reader may read: (what to select from, names, types); the volatile ones as copies."""
    admin.run("ALTER SYSTEM SET autovacuum = off")
    admin.run("SELECT pg_reload_conf(); ANALYZE")
    found = reader.rows(RELATIONS.format(schemas="'pg_catalog', 'information_schema'"))
    copies = [name for name, _, _ in found if VOLATILE.match(name)]
    # A pseudo-type can be no column of a table, and the name of a system's column none of a column.
    select = {name: ", ".join(f'"{column}"{"::text" if declared == "anyarray" else ""} AS "{column.replace("xmin", "x")}"'
                              for column, declared in zip(names.split(","), types.split(",")))
              for name, names, types in found}
    copied = "".join(f'CREATE TABLE copies."{name.partition(".")[2]}" AS SELECT {select[name]} FROM {name};'
                     for name in copies)
    admin.run("DROP SCHEMA IF EXISTS copies CASCADE; CREATE SCHEMA copies; GRANT USAGE ON SCHEMA copies TO PUBLIC;"
              f"{copied}GRANT SELECT ON ALL TABLES IN SCHEMA copies TO PUBLIC")
    same = [(name, names.split(","), types.split(",")) for name, names, types in found if name not in copies]
    same += [(name, names.split(","), types.split(","))
             for name, names, types in reader.rows(RELATIONS.format(schemas="'copies'"))]
    yield same
    admin.run("DROP SCHEMA copies CASCADE")
    admin.run("ALTER SYSTEM RESET autovacuum")
    admin.run("SELECT pg_reload_conf()")


def printed_by_psql(reader, folder, relations):
    """Each relation as `\\copy` writes it, in one run of psql."""
    script = "".join(f"\\copy (SELECT * FROM {relation}) TO '{folder}/{i}.csv' (FORMAT csv, FORCE_QUOTE *)\n"
                     for i, (relation, _, _) in enumerate(relations))
    reader.psql("-f", "-", input=script.encode())


def test_every_relation_of_the_catalogs_is_what_psql_prints(reader, shared, relations, tmp_path):
    assert len(relations) > 180
    printed_by_psql(reader, tmp_path, relations)
    differing = {}
    values = 0
    for i, (relation, names, types) in enumerate(relations):
        result = query(shared, f"SELECT * FROM {relation}", "-o", "-", "--format", "csv")
        assert result.code == 0, (relation, result)
        header, _, body = result.out.partition("\n")
        assert rows_of(header + "\n", len(names)) == [names]
        ours = compared(rows_of(body, len(names)), types, servers=False)
        with (tmp_path / f"{i}.csv").open(newline="") as file:
            theirs = compared(rows_of(file.read(), len(names)), types, servers=True)
        values += len(ours) * len(names)
        found = differences(ours, theirs, names)
        if found:
            differing[relation] = found
    assert differing == {}
    assert values > 100_000


# ---- random values, decoded from the binary form and as the server's text ----

ROWS = 4000
# A column each: its type, and SQL for a random value of it by way of r(), which is between 0 and 1. The exponent of a
# number is random, too, so that small ones and the largest are as likely.
RANDOM = {
    "boolean": "r() < 0.5",
    "smallint": "trunc((r() - 0.5) * 65535)::int2",
    "integer": "trunc((r() - 0.5) * 4294967295)::int4",
    "bigint": "(('x' || substr(md5(r()::text), 1, 16))::bit(64)::bigint >> (r() * 63)::int)",
    "oid": "trunc(r() * 4294967295)::bigint::oid",
    "real": "((r() - 0.5) * 10 ^ (r() * 70 - 35))::float4",
    "double precision": "(r() - 0.5) * 10 ^ (r() * 600 - 300)",
    "numeric(12,2)": "((r() - 0.5) * 10 ^ (r() * 10))::numeric(12,2)",
    "numeric(18,0)": "((r() - 0.5) * 10 ^ (r() * 18))::numeric(18,0)",
    "numeric(38,19)": "((r()::numeric - 0.5) * 10::numeric ^ (r() * 18)::int * r()::numeric)::numeric(38,19)",
    "numeric(76,40)": "((r()::numeric - 0.5) * 10::numeric ^ (r() * 35)::int * r()::numeric)::numeric(76,40)",
    "numeric(9,-3)": "((r() - 0.5) * 10 ^ (r() * 11))::numeric(9,-3)",
    "numeric": "((r()::numeric - 0.5) * 10::numeric ^ ((r() - 0.5) * 80)::int * r()::numeric)",
    "date": "date '4713-01-01 BC' + trunc(r() * 10 ^ (r() * 9))::int",
    "time without time zone": "time '00:00' + r() * interval '23:59:59.999999'",
    "time with time zone": "(time '00:00' + r() * interval '23:59:59')::timetz",
    "timestamp without time zone": "timestamp '4713-01-01 BC' + r() * 10 ^ (r() * 8) * interval '1 day'",
    "timestamp with time zone": "timestamptz '4713-01-01 BC' + r() * 10 ^ (r() * 8) * interval '1 day'",
    "interval": "make_interval(trunc((r() - 0.5) * 10 ^ (r() * 8))::int, trunc((r() - 0.5) * 30)::int, 0,"
                " trunc((r() - 0.5) * 10 ^ (r() * 9))::int, 0, 0, (r() - 0.5) * 10 ^ (r() * 9))",
    "text": "chr(1 + (r() * 55000)::int) || repeat(chr(32 + (r() * 90)::int), (r() * 5)::int)",
    "character(5)": "left(md5(r()::text), (r() * 5)::int)::char(5)",
    "bytea": "decode(left(md5(r()::text), 2 * (r() * 16)::int), 'hex')",
    "uuid": "md5(r()::text)::uuid",
    "jsonb": "jsonb_build_object(md5(r()::text), r(), 'n', NULL, 'a', jsonb_build_array(r() < 0.5))",
    "bit varying": "(r() * 2147483647)::int::bit(32)::varbit",
    "money": "((r() - 0.5) * 10 ^ (r() * 15))::numeric::money",
    "inet": "inet '0.0.0.0' + (r() * 4294967295)::bigint",
    "int4range": "int4range((r() * 100)::int, 100 + (r() * 100)::int, '(]')",
    "integer[]": "ARRAY[(r() * 100)::int, NULL, trunc((r() - 0.5) * 4294967295)::int]",
    "double precision[]": "ARRAY[r(), (r() - 0.5) * 10 ^ (r() * 600 - 300), 'NaN']",
    "numeric[]": "ARRAY[r()::numeric, NULL, (r() * 1000)::numeric(10,3)]",
    "text[]": "ARRAY[chr(1 + (r() * 200)::int), NULL, '', 'null', chr(1 + (r() * 55000)::int) || ' ']",
    "boolean[]": "ARRAY[r() < 0.5, NULL]",
    "timestamp with time zone[]": "ARRAY[timestamptz '0001-01-01' + r() * 10 ^ (r() * 6) * interval '1 day', NULL]",
    "date[]": "ARRAY[date '0001-01-01' + trunc(r() * 10 ^ (r() * 6))::int]",
    "interval[]": "ARRAY[make_interval(0, (r() * 9)::int, 0, (r() * 9)::int, 0, 0, r() * 99), '0'::interval]",
    "bytea[]": "ARRAY[decode(left(md5(r()::text), 4), 'hex'), '']",
    "uuid[]": "ARRAY[md5(r()::text)::uuid]",
}


@pytest.fixture(scope="module")
def random_table(admin):  # noqa: F811
    columns = ", ".join(f'CASE WHEN r() < 0.9 THEN {sql} END AS "{declared}"' for declared, sql in RANDOM.items())
    admin.run(f"""
        DROP SCHEMA IF EXISTS chance CASCADE; CREATE SCHEMA chance; GRANT USAGE ON SCHEMA chance TO PUBLIC;
        CREATE FUNCTION chance.r() RETURNS float8 LANGUAGE sql VOLATILE AS 'SELECT random()';
        SELECT setseed(0.25);
        SET search_path = chance, pg_catalog, public;
        CREATE TABLE chance.t AS SELECT n, {columns} FROM generate_series(1, {ROWS}) n;
        GRANT SELECT ON chance.t TO PUBLIC""")
    yield "chance.t"
    admin.run("DROP SCHEMA chance CASCADE")


def test_the_binary_form_is_decoded_to_what_the_server_prints(shared, random_table):
    names = list(RANDOM)
    # format() uses the type's own output function, which a cast to text does not.
    both = ", ".join("{0}, CASE WHEN {0} IS NOT NULL THEN format('%s', {0}) END AS \"text of {1}\"".format(f'"{name}"', name)
                     for name in names)
    result = query(shared, f"SELECT {both} FROM {random_table} ORDER BY n", "-o", "-", "--format", "csv")
    assert result.code == 0, result
    rows = rows_of(result.out.partition("\n")[2], 2 * len(names))
    assert len(rows) == ROWS
    ours = compared([row[0::2] for row in rows], names, servers=False)
    theirs = compared([row[1::2] for row in rows], names, servers=True)
    for i, name in enumerate(names):
        found = [(mine[i], other[i]) for mine, other in zip(ours, theirs) if mine[i] != other[i]]
        assert found == [], name
        assert sum(row[i] is None for row in ours) in range(ROWS // 20, ROWS // 5), name
