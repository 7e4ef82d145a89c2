"""Every PostgreSQL type of docs/reference/types, with the values that have broken other tools, on a real server."""

import csv
import datetime
import decimal
import io
import json
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from on_postgres import admin, arrow, pg, query  # noqa: F401

D = decimal.Decimal
NAN = float("nan")
INF = float("inf")
TEXT = pa.string()
STAMP = pa.timestamp("us")
STAMP_UTC = pa.timestamp("us", "UTC")
INTERVAL = pa.month_day_nano_interval()
MOST = 2**63 - 1


class Integers:
    """The expected values of a column as the integers that Arrow holds them as: beyond Python's own dates."""

    def __init__(self, *values):
        self.values = list(values)


def case(name, sql, arrow_type, expected, pg_type=None):
    return pytest.param(name, sql, arrow_type, expected, pg_type, id=name)


# A column each: name, SQL of one value, its Arrow type, the value, and pg_type where the value is the server's text.
CASES = [
    case("true", "true", pa.bool_(), True),
    case("false", "false", pa.bool_(), False),
    case("int2_least", "(-32768)::int2", pa.int16(), -32768),
    case("int2_most", "32767::int2", pa.int16(), 32767),
    case("int4_least", "(-2147483648)::int4", pa.int32(), -(2**31)),
    case("int4_most", "2147483647", pa.int32(), 2**31 - 1),
    case("int8_least", "(-9223372036854775808)::int8", pa.int64(), -(2**63)),
    case("int8_most", "9223372036854775807", pa.int64(), MOST),
    case("oid_most", "4294967295::oid", pa.uint32(), 4294967295),
    case("float4", "1.1::float4", pa.float32(), 1.100000023841858),
    case("float4_nan", "'NaN'::float4", pa.float32(), NAN),
    case("float4_infinity", "'-Infinity'::float4", pa.float32(), -INF),
    case("float4_plus_infinity", "'Infinity'::float4", pa.float32(), INF),
    case("float8_minus_infinity", "'-Infinity'::float8", pa.float64(), -INF),
    case("float8", "0.1::float8", pa.float64(), 0.1),
    case("float8_least", "'5e-324'::float8", pa.float64(), 5e-324),
    case("float8_most", "'1.7976931348623157e308'::float8", pa.float64(), 1.7976931348623157e308),
    case("float8_nan", "'NaN'::float8", pa.float64(), NAN),
    case("float8_infinity", "'Infinity'::float8", pa.float64(), INF),
    # numeric with a precision
    case("numeric_29_9", "1.25::numeric(29,9)", pa.decimal128(29, 9), D("1.250000000")),
    case("numeric_zero", "0::numeric(10,0)", pa.decimal128(10, 0), D("0")),
    case("numeric_zero_places", "0::numeric(10,4)", pa.decimal128(10, 4), D("0.0000")),
    case("numeric_38", "('-' || repeat('9', 38))::numeric(38,0)", pa.decimal128(38, 0), D("-" + "9" * 38)),
    case("numeric_38_38", "('0.' || repeat('9', 38))::numeric(38,38)", pa.decimal128(38, 38), D("0." + "9" * 38)),
    case("numeric_39", "repeat('9', 39)::numeric(39,0)", pa.decimal256(39, 0), D("9" * 39)),
    case("numeric_76_38", "(repeat('9', 38) || '.' || repeat('1', 38))::numeric(76,38)", pa.decimal256(76, 38),
         D("9" * 38 + "." + "1" * 38)),
    case("numeric_76_least", "('-' || repeat('9', 76))::numeric(76,0)", pa.decimal256(76, 0), D("-" + "9" * 76)),
    case("numeric_wide", "1.5::numeric(80,2)", TEXT, "1.50", "numeric(80,2)"),
    case("numeric_negative_scale", "1234::numeric(5,-2)", pa.decimal128(7, 0), D("1200")),
    case("numeric_negative_scale_most", "9999900::numeric(5,-2)", pa.decimal128(7, 0), D("9999900")),
    case("numeric_3_5", "0.00123::numeric(3,5)", pa.decimal128(5, 5), D("0.00123")),
    case("numeric_3_5_least", "(-0.00999)::numeric(3,5)", pa.decimal128(5, 5), D("-0.00999")),
    # numeric without one
    case("numeric_free", "1.123456789012345::numeric", TEXT, "1.123456789012345", "numeric"),
    case("numeric_long", "12345678901234567890.123456789012345::numeric", TEXT,
         "12345678901234567890.123456789012345", "numeric"),
    case("numeric_small", "0.000067::numeric", TEXT, "0.000067", "numeric"),
    case("numeric_1e20", "1e20::numeric", TEXT, "100000000000000000000", "numeric"),
    case("numeric_sum", "(SELECT sum(9223372036854775807) FROM generate_series(1, 3))", TEXT,
         "27670116110564327421", "numeric"),
    case("numeric_average", "(SELECT avg(n) FROM generate_series(1, 2) n)", TEXT, "1.5000000000000000", "numeric"),
    case("numeric_free_nan", "'NaN'::numeric", TEXT, "NaN", "numeric"),
    case("numeric_free_infinity", "'-Infinity'::numeric", TEXT, "-Infinity", "numeric"),
    case("numeric_huge", "('1' || repeat('0', 1000))::numeric", TEXT, "1" + "0" * 1000, "numeric"),
    # dates and times
    case("date", "'2026-01-02'::date", pa.date32(), datetime.date(2026, 1, 2)),
    case("date_last", "'5874897-12-31'::date", pa.date32(), Integers(2145042905)),
    case("date_bc", "'4713-01-01 BC'::date", pa.date32(), Integers(-2440550)),
    case("time", "'23:59:59.999999'::time", pa.time64("us"), datetime.time(23, 59, 59, 999999)),
    case("time_zero", "'00:00'::time", pa.time64("us"), datetime.time(0)),
    case("timetz", "'10:07:21+13:59'::timetz", TEXT, "10:07:21+13:59", "time with time zone"),
    case("timestamp", "'2026-01-02 03:04:05.000006'::timestamp", STAMP,
         datetime.datetime(2026, 1, 2, 3, 4, 5, 6)),
    case("timestamp_bc", "'0001-12-31 23:40:28 BC'::timestamp", STAMP, Integers(-62135597972000000)),
    case("timestamp_last", "'294247-01-10 04:00:54.775807'::timestamp", STAMP, Integers(MOST)),
    case("timestamp_first", "'4713-01-01 00:00:00 BC'::timestamp", STAMP, Integers(-210863520000000000)),
    case("timestamptz", "'2026-01-02 03:04:05+05:30'::timestamptz", STAMP_UTC,
         datetime.datetime(2026, 1, 1, 21, 34, 5, tzinfo=datetime.timezone.utc)),
    # The server's own zone is Asia/Kolkata; a session of ours reads it as UTC.
    case("timestamptz_without_zone", "'2026-01-02 03:04:05'::timestamptz", STAMP_UTC,
         datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)),
    case("timestamptz_bc", "'0001-12-31 23:40:28+00 BC'::timestamptz", STAMP_UTC, Integers(-62135597972000000)),
    case("timestamptz_last", "'294247-01-10 04:00:54.775807+00'::timestamptz", STAMP_UTC, Integers(MOST)),
    case("interval", "'1 mon -1 day 00:00:00.000001'::interval", INTERVAL, pa.MonthDayNano([1, -1, 1000])),
    case("interval_years", "'178000000 years'::interval", INTERVAL, pa.MonthDayNano([2136000000, 0, 0])),
    case("interval_negative", "'-1 year 2 days -03:00:00'::interval", INTERVAL,
         pa.MonthDayNano([-12, 2, -10800 * 10**9])),
    # text
    case("text", "'a\"b, c\n東京'", TEXT, 'a"b, c\n東京'),
    case("text_empty", "''", TEXT, ""),
    case("varchar", "'ab'::varchar(5)", TEXT, "ab"),
    case("bpchar", "'a'::char(5)", TEXT, "a    "),
    case("char", "'x'::\"char\"", TEXT, "x"),
    case("char_empty", "''::\"char\"", TEXT, ""),
    case("name", "'pg_class'::name", TEXT, "pg_class"),
    case("citext", "'AbC'::citext", TEXT, "AbC", "citext"),
    case("enum", "'glad'::types.mood", TEXT, "glad"),
    case("json", "'{\"a\": 1e400}'::json", "json", '{"a": 1e400}'),
    case("json_null", "'null'::json", "json", "null"),
    case("jsonb", "'{\"b\": 1, \"a\": [null]}'::jsonb", "json", '{"a": [null], "b": 1}'),
    case("uuid", "'0a0b0c0d-0000-4000-8000-ffffffffffff'::uuid", "uuid",
         uuid.UUID("0a0b0c0d-0000-4000-8000-ffffffffffff")),
    case("uuid_nil", "'00000000-0000-0000-0000-000000000000'::uuid", "uuid", uuid.UUID(int=0)),
    case("bytea", "'\\x00ff10'::bytea", pa.binary(), b"\x00\xff\x10"),
    case("bytea_empty", "''::bytea", pa.binary(), b""),
    case("bytea_large", "convert_to(repeat('abcdefgh', 2500000), 'UTF8')", pa.binary(), b"abcdefgh" * 2500000),
    case("bit", "B'1'", TEXT, "1", "bit"),
    case("bit_many", "B'0101'::bit(4)", TEXT, "0101", "bit"),
    case("varbit_empty", "B''::varbit", TEXT, "", "bit varying"),
    # arrays
    case("array_empty", "'{}'::int[]", pa.list_(pa.int32()), []),
    case("array_null_element", "ARRAY[1, NULL, 3]", pa.list_(pa.int32()), [1, None, 3]),
    case("array_text", "ARRAY['a', '', NULL, 'b\"c,{}']", pa.list_(TEXT), ["a", "", None, 'b"c,{}']),
    case("array_bool", "ARRAY[true, NULL, false]", pa.list_(pa.bool_()), [True, None, False]),
    case("array_int8", "ARRAY[9223372036854775807]", pa.list_(pa.int64()), [MOST]),
    case("array_float8", "ARRAY['Infinity'::float8, 0.5]", pa.list_(pa.float64()), [INF, 0.5]),
    case("array_numeric_cast", "ARRAY[1.5, -2]::numeric(10,2)[]", pa.list_(pa.decimal128(10, 2)),
         [D("1.50"), D("-2.00")]),
    case("array_numeric_wide", "ARRAY[1.5]::numeric(50,2)[]", pa.list_(pa.decimal256(50, 2)), [D("1.50")]),
    case("array_numeric_free", "ARRAY[1.50, 1e20, 'NaN'::numeric]", pa.list_(TEXT),
         ["1.50", "100000000000000000000", "NaN"], "numeric[]"),
    case("array_date", "ARRAY['2026-01-02'::date]", pa.list_(pa.date32()), [datetime.date(2026, 1, 2)]),
    case("array_timestamptz", "ARRAY['2026-01-02 00:00+00'::timestamptz]", pa.list_(STAMP_UTC),
         [datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)]),
    case("array_interval", "ARRAY['1 day'::interval]", pa.list_(INTERVAL), [pa.MonthDayNano([0, 1, 0])]),
    case("array_uuid", "ARRAY['00000000-0000-0000-0000-000000000001'::uuid]", pa.list_(pa.uuid()),
         [uuid.UUID(int=1)]),
    case("array_json", "ARRAY['{}'::json, NULL]", pa.list_(pa.json_()), ["{}", None]),
    case("array_bytea", "ARRAY['\\x00'::bytea, NULL]", pa.list_(pa.binary()), [b"\0", None]),
    case("array_enum", "ARRAY['glad', NULL]::types.mood[]", pa.list_(TEXT), ["glad", None]),
    case("array_bpchar", "ARRAY['a']::char(3)[]", pa.list_(TEXT), ["a  "]),
    case("array_char", "ARRAY['a', '']::\"char\"[]", pa.list_(TEXT), ["a", ""]),
    case("array_name", "ARRAY['a']::name[]", pa.list_(TEXT), ["a"]),
    case("array_jsonb", "ARRAY['1'::jsonb]", TEXT, "{1}", "jsonb[]"),
    case("array_inet", "ARRAY['10.0.0.1'::inet]", TEXT, "{10.0.0.1}", "inet[]"),
    case("array_of_domain", "ARRAY[1, 2]::types.positive[]", TEXT, "{1,2}", "types.positive[]"),
    case("array_bool_empty", "'{}'::bool[]", pa.list_(pa.bool_()), []),
    case("array_vector", "'1 2'::int2vector", TEXT, "1 2", "int2vector"),
    # the rest: text as the server prints it, and its name
    case("money", "'-$1.00'::money", TEXT, "-$1.00", "money"),
    case("xml", "'<a>1</a>'::xml", TEXT, "<a>1</a>", "xml"),
    case("inet", "'10.0.0.1/24'::inet", TEXT, "10.0.0.1/24", "inet"),
    case("cidr", "'10.0.0.0/8'::cidr", TEXT, "10.0.0.0/8", "cidr"),
    case("macaddr", "'08:00:2b:01:02:03'::macaddr", TEXT, "08:00:2b:01:02:03", "macaddr"),
    case("tsvector", "'a fat cat'::tsvector", TEXT, "'a' 'cat' 'fat'", "tsvector"),
    case("range_empty", "'empty'::int4range", TEXT, "empty", "int4range"),
    case("range", "'[2026-01-01,2026-01-02)'::daterange", TEXT, "[2026-01-01,2026-01-02)", "daterange"),
    case("multirange", "'{[1,3),[5,9)}'::int4multirange", TEXT, "{[1,3),[5,9)}", "int4multirange"),
    case("macaddr8", "'08:00:2b:01:02:03:04:05'::macaddr8", TEXT, "08:00:2b:01:02:03:04:05", "macaddr8"),
    case("range_infinite", "'(,infinity)'::daterange", TEXT, "(,infinity)", "daterange"),
    case("composite_null", "ROW(NULL, ROW(NULL, NULL))::types.outer_pair", TEXT, '(,"(,)")', "types.outer_pair"),
    case("domain_of_array", "'{1,NULL}'::types.numbers", pa.list_(pa.int32()), [1, None]),
    case("point", "'(1,2)'::point", TEXT, "(1,2)", "point"),
    case("polygon", "'((0,0),(1,1))'::polygon", TEXT, "((0,0),(1,1))", "polygon"),
    case("hstore", "'a=>1, b=>NULL'::hstore", TEXT, '"a"=>"1", "b"=>NULL', "hstore"),
    case("composite", "ROW(1, ROW(NULL, 'x y'))::types.outer_pair", TEXT, '(1,"(,""x y"")")', "types.outer_pair"),
    case("record", "ROW(1, NULL, 'a b')", TEXT, '(1,,"a b")', "record"),
    case("aclitem", "'postgres=r/postgres'::aclitem", TEXT, "postgres=r/postgres", "aclitem"),
    case("lsn", "'16/B374D848'::pg_lsn", TEXT, "16/B374D848", "pg_lsn"),
    case("class", "'pg_type'::regclass", TEXT, "pg_type", "regclass"),
    case("tid", "'(3,4)'::tid", TEXT, "(3,4)", "tid"),
    case("jsonpath", "'$.a'::jsonpath", TEXT, '$."a"', "jsonpath"),
    case("void", "pg_sleep(0)", TEXT, "", "void"),
    # a domain is its base type
    case("domain", "7::types.positive", pa.int32(), 7),
    case("domain_numeric", "1.5::types.price", pa.decimal128(12, 2), D("1.50")),
    # NULLs keep the type
    case("null_int", "NULL::int", pa.int32(), None),
    case("null_numeric", "NULL::numeric(10,2)", pa.decimal128(10, 2), None),
    case("null_list", "NULL::int[]", pa.list_(pa.int32()), None),
    case("null_interval", "NULL::interval", INTERVAL, None),
    case("null_uuid", "NULL::uuid", "uuid", None),
    case("null_json", "NULL::jsonb", "json", None),
    case("null_text", "NULL", TEXT, None),
    case("null_money", "NULL::money", TEXT, None, "money"),
]
SELECT = "SELECT " + ",\n".join(f'{values.values[1]} AS "{values.values[0]}"' for values in CASES)
TYPES = {"json": "extension<arrow.json>", "uuid": "extension<arrow.uuid>"}


@pytest.fixture(scope="module", autouse=True)
def schema(admin):  # noqa: F811
    admin.run("""
        DROP SCHEMA IF EXISTS types CASCADE;
        CREATE SCHEMA types;
        CREATE TYPE types.mood AS ENUM ('sad', 'glad');
        CREATE TYPE types.pair AS (a int, b text);
        CREATE TYPE types.outer_pair AS (n int, p types.pair);
        CREATE DOMAIN types.positive AS int CHECK (value > 0);
        CREATE DOMAIN types.numbers AS int[];
        CREATE DOMAIN types.price AS numeric(12,2);
        GRANT USAGE ON SCHEMA types TO PUBLIC;""")
    yield
    admin.run("DROP SCHEMA types CASCADE")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    from conftest import Penstock
    from on_postgres import connected, variable

    return connected(Penstock(tmp_path_factory.mktemp("types")), variable("PENSTOCK_TEST_POSTGRES_DSN"))


@pytest.fixture(scope="module")
def row(schema, shared):
    return arrow(shared, SELECT)


@pytest.fixture(scope="module")
def empty(schema, shared):
    return arrow(shared, SELECT + " LIMIT 0")


def type_matches(found, wanted):
    if isinstance(wanted, str):
        return str(found).startswith(TYPES[wanted])
    return found == wanted


@pytest.mark.parametrize("name, sql, arrow_type, expected, pg_type", CASES)
def test_a_value_of_each_type_is_exact(row, empty, name, sql, arrow_type, expected, pg_type):
    field = row.schema.field(name)
    assert type_matches(field.type, arrow_type), field.type
    assert (field.metadata or {}).get(b"pg_type", b"").decode() == (pg_type or "")
    assert empty.schema.field(name).equals(field, check_metadata=True)  # an empty result has the types, too
    column = row.column(name)
    if isinstance(expected, Integers):
        storage = pa.int32() if pa.types.is_date32(field.type) else pa.int64()
        assert column.cast(storage).to_pylist() == expected.values
        return
    (value,) = column.to_pylist()
    if isinstance(expected, float) and expected != expected:
        assert value != value
    else:
        assert value == expected and type(value) is type(expected)


# ---- every format ----


def test_every_type_can_be_written_to_parquet(shared, row):
    assert query(shared, SELECT, "-o", "row.parquet").code == 0
    read = pq.read_table(shared.cwd / "row.parquet")
    assert read.column_names == row.column_names
    for name in row.column_names:
        if row.schema.field(name).type == INTERVAL:
            parts = row.column(name).to_pylist()[0]
            struct = read.column(name).to_pylist()[0]
            assert struct == (None if parts is None else {
                "months": parts.months, "days": parts.days, "microseconds": parts.nanoseconds // 1000})
        elif name in ("float4_nan", "float8_nan"):
            assert str(read.column(name).to_pylist()) == "[nan]"
        elif name.startswith(("date_", "timestamp")):
            storage = pa.int32() if name.startswith("date_") else pa.int64()
            assert read.column(name).cast(storage) == row.column(name).cast(storage)
        elif name != "array_interval":
            assert read.column(name).to_pylist() == row.column(name).to_pylist(), name


def test_every_type_can_be_written_to_a_stream_and_to_json_lines(shared, row):
    assert query(shared, SELECT, "-o", "row.arrows").code == 0
    with pa.ipc.open_stream(shared.cwd / "row.arrows") as stream:
        assert stream.read_all().schema.equals(row.schema, check_metadata=True)
    assert query(shared, SELECT, "-o", "row.jsonl").code == 0
    (line,) = (shared.cwd / "row.jsonl").read_text().splitlines()
    parsed = json.loads(line, parse_float=str, parse_int=str)
    assert list(parsed) == row.column_names
    assert parsed["int8_most"] == "9223372036854775807"
    assert parsed["array_null_element"] == ["1", None, "3"]
    assert parsed["uuid_nil"] == "00000000-0000-0000-0000-000000000000"


# Where our CSV is declared to differ from the server's: docs/reference/csv-and-json.md says which form a type has there.
CSV_DIFFERS = {
    "true": ("t", "true"),
    "false": ("f", "false"),
    "time_zero": ("00:00:00", "00:00:00.000000"),
    # The proleptic Gregorian calendar has a year 0, which is 1 BC.
    "date_bc": ("4713-01-01 BC", "-4712-01-01"),
    "timestamp_bc": ("0001-12-31 23:40:28 BC", "0000-12-31 23:40:28.000000"),
    "timestamp_first": ("4713-01-01 00:00:00 BC", "-4712-01-01 00:00:00.000000"),
    "timestamptz": ("2026-01-01 21:34:05+00", "2026-01-01 21:34:05.000000Z"),
    "timestamptz_bc": ("0001-12-31 23:40:28+00 BC", "0000-12-31 23:40:28.000000Z"),
    "timestamptz_last": ("294247-01-10 04:00:54.775807+00", "294247-01-10 04:00:54.775807Z"),
    "timestamptz_without_zone": ("2026-01-02 03:04:05+00", "2026-01-02 03:04:05.000000Z"),
}


def test_csv_has_the_servers_own_text_but_where_ours_is_declared_to_differ(shared, admin):  # noqa: F811
    assert query(shared, SELECT, "-o", "row.csv").code == 0
    csv.field_size_limit(2**30)
    ours = list(csv.reader((shared.cwd / "row.csv").open(newline="")))
    server = list(csv.reader(io.StringIO(admin.csv(SELECT).decode(), newline="")))
    assert ours[0] == server[0]
    differing = {}
    for name, mine, theirs in zip(ours[0], ours[1], server[1], strict=True):
        if mine != theirs:
            differing[name] = (theirs, mine)
    assert differing == CSV_DIFFERS


# The server's own limit of a value is 1 GB.
@pytest.mark.measures
def test_a_bytea_of_300_mb_arrives_whole(shared, admin):  # noqa: F811
    size = 300_000_000
    admin.run("DROP TABLE IF EXISTS types.large; CREATE TABLE types.large (n int, b bytea);"
              "ALTER TABLE types.large ALTER b SET STORAGE EXTERNAL;"
              "GRANT SELECT ON types.large TO PUBLIC;"
              f"INSERT INTO types.large SELECT 1, decode(repeat('00010203fffefdfc0a0d', {size // 10}), 'hex');"
              "INSERT INTO types.large VALUES (2, 'last')")
    for name in ("large.arrows", "large.parquet"):
        assert query(shared, "SELECT n, b FROM types.large ORDER BY n", "-o", name).code == 0
        path = shared.cwd / name
        table = pq.read_table(path) if name.endswith("parquet") else pa.ipc.open_stream(path).read_all()
        first, last = table.column("b").to_pylist()
        assert first == bytes.fromhex("00010203fffefdfc0a0d") * (size // 10)
        assert last == b"last"
        path.unlink()
