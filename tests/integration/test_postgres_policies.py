"""PostgreSQL values that have no exact place in Arrow, under each policy; and what a user may choose."""

import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from on_postgres import arrow, pg, query  # noqa: F401

D = decimal.Decimal
MOST = 2**63 - 1
LEAST = -(2**63)


def case(name, sql, declared, what, fits, nearest, text, *flags):
    return pytest.param(sql, declared, what, fits, nearest, text, flags, id=name)


# SQL, declared type, what the value is called, the type that it does not fit, the nearest value that does (None: there
# is none, so NULL; dates and times as integers), the server's text, flags.
CASES = [
    case("date_infinity", "'infinity'::date", "date", "an infinite", "date32[day]", 2**31 - 1, "infinity"),
    case("date_minus_infinity", "'-infinity'::date", "date", "an infinite", "date32[day]", -(2**31), "-infinity"),
    case("timestamp_infinity", "'infinity'::timestamp", "timestamp without time zone", "an infinite",
         "timestamp[us]", MOST, "infinity"),
    case("timestamp_minus_infinity", "'-infinity'::timestamp", "timestamp without time zone", "an infinite",
         "timestamp[us]", LEAST, "-infinity"),
    case("timestamptz_infinity", "'infinity'::timestamptz", "timestamp with time zone", "an infinite",
         "timestamp[us, tz=UTC]", MOST, "infinity"),
    case("timestamptz_minus_infinity", "'-infinity'::timestamptz", "timestamp with time zone", "an infinite",
         "timestamp[us, tz=UTC]", LEAST, "-infinity"),
    case("timestamptz_too_far", "'294276-12-31 23:59:59.999999+00'::timestamptz", "timestamp with time zone",
         "a timestamp (too far)", "timestamp[us, tz=UTC]", MOST, "294276-12-31 23:59:59.999999+00"),
    case("timestamp_first_too_far", "'294247-01-10 04:00:54.775808'::timestamp", "timestamp without time zone",
         "a timestamp (too far)", "timestamp[us]", MOST, "294247-01-10 04:00:54.775808"),
    case("timestamp_too_far", "'294276-12-31 23:59:59.999999'::timestamp", "timestamp without time zone",
         "a timestamp (too far)", "timestamp[us]", MOST, "294276-12-31 23:59:59.999999"),
    case("time_24", "'24:00:00'::time", "time without time zone", "a 24:00:00", "time64[us]", 86_400_000_000 - 1,
         "24:00:00"),
    case("interval_too_long", "'3000000 hours'::interval", "interval", "an interval (too long)",
         "month_day_nano_interval", pa.MonthDayNano([0, 0, MOST]), "3000000:00:00"),
    case("numeric_nan", "'NaN'::numeric(10,2)", "numeric(10,2)", "a NaN", "decimal128(10, 2)", None, "NaN"),
    case("numeric_wide_nan", "'NaN'::numeric(50,2)", "numeric(50,2)", "a NaN", "decimal256(50, 2)", None, "NaN"),
    case("interval_too_long_back", "'-178000 years -3000000 hours'::interval", "interval", "an interval (too long)",
         "month_day_nano_interval", pa.MonthDayNano([-2136000, 0, LEAST]), "-178000 years -3000000:00:00"),
    case("array_nested", "'{{1,2},{3,4}}'::int[]", "integer[]", "a nested array",
         "list<item: int32>", None, "{{1,2},{3,4}}"),
    case("array_bounds", "'[0:1]={1,2}'::int[]", "integer[]", "a re-indexed array",
         "list<item: int32>", None, "[0:1]={1,2}"),
    case("array_element", "ARRAY['infinity'::date, '2026-01-02']", "date[]", "an infinite",
         "list<item: date32[day]>", [2**31 - 1, 20455], "{infinity,2026-01-02}"),
]


# types.md: Parquet has no interval; three integers are exact for every value, so no policy is asked.
@pytest.mark.parametrize("policy", ["error", "null", "text", "clamp"])
def test_parquet_holds_every_interval_as_its_parts(pg, policy):  # noqa: F811
    select = (
        "SELECT i, ARRAY[i, NULL] AS l FROM (VALUES (1, '3000000 hours'::interval), (2, '-178000 years -3000000 hours'),"
        " (3, '178000000 years'), (4, '1 mon -1 day 00:00:00.000001'), (5, NULL)) AS v(n, i) ORDER BY n"
    )
    assert query(pg, select, "-o", "x.parquet", "--on-lossy", policy, "--report", "report.json").code == 0
    table = pq.read_table(pg.cwd / "x.parquet")
    kind = pa.struct([pa.field("months", pa.int32(), False), pa.field("days", pa.int32(), False),
                      pa.field("microseconds", pa.int64(), False)])
    assert table.schema.field("i").type == kind
    hours = 3_000_000 * 3_600_000_000
    parts = [{"months": m, "days": d, "microseconds": us}
             for m, d, us in [(0, 0, hours), (-2_136_000, 0, -hours), (2_136_000_000, 0, 0), (1, -1, 1)]] + [None]
    assert table["i"].to_pylist() == parts
    # Arrays of a type with values of no place are text under `text`: what an array holds is not known before.
    if policy != "text":
        assert table["l"].to_pylist() == [[value, None] for value in parts]
    assert "i" not in lossy(pg)


def integers(column):
    """Dates and times as the integers they are."""
    kind = column.type
    if pa.types.is_list(kind) and pa.types.is_date32(kind.value_type):
        return column.cast(pa.list_(pa.int32())).to_pylist()
    if pa.types.is_date32(kind):
        return column.cast(pa.int32()).to_pylist()
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        return column.cast(pa.int64()).to_pylist()
    return column.to_pylist()


def lossy(penstock):
    return json.loads((penstock.cwd / "report.json").read_text())["lossy"]


@pytest.mark.parametrize("sql, declared, what, fits, nearest, text, flags", CASES)
def test_a_value_with_no_exact_place_follows_the_policy(pg, sql, declared, what, fits, nearest, text, flags):  # noqa: F811
    select = f"SELECT {sql} AS c"
    report = ["--report", "report.json", *flags]

    refused = query(pg, select, "-o", "x.arrow", *flags)
    assert refused.code == 3
    assert refused.error["code"] == "lossy_value"
    assert refused.error["message"] == f"row 1, column 'c' (declared {declared}): {what} value does not fit {fits}"
    assert not (pg.cwd / "x.arrow").exists()

    counts = {"nulled": 0, "as_text": 0, "clamped": 0}
    one_element = [None, 20455] if isinstance(nearest, list) else None
    assert integers(arrow(pg, select, "--on-lossy", "null", *report).column(0)) == [one_element]
    assert lossy(pg) == {"c": counts | {"nulled": 1}}

    assert integers(arrow(pg, select, "--on-lossy", "clamp", *report).column(0)) == [nearest]
    assert lossy(pg) == {"c": counts | ({"nulled": 1} if nearest is None else {"clamped": 1})}

    table = arrow(pg, select, "--on-lossy", "text", *report)
    assert table.schema.field(0).type == pa.string()
    assert table.column(0).to_pylist() == [text]
    assert lossy(pg) == {"c": counts | {"as_text": 1}}


# ---- numbers of no declared precision ----


@pytest.mark.parametrize("sql, expected", [
    ("1.50", D("1.50")), ("-0.000067::numeric", D("-0.000067")), ("0", D(0)), ("123456789012::numeric", D("123456789012")),
    ("('1.5' || repeat('0', 300))::numeric", D("1.5")), ("NULL::numeric", None), ("-99999999999999.999999", D("-99999999999999.999999"))])
def test_a_free_numeric_is_a_decimal_by_choice(pg, sql, expected):  # noqa: F811
    table = arrow(pg, f"SELECT ({sql})::numeric AS c", "--numeric", "decimal(20,6)")
    assert table.schema.field(0).type == pa.decimal128(20, 6)
    assert table.column(0).to_pylist() == [expected]


@pytest.mark.parametrize("sql, nearest, choice", [
    ("0.0000004", D("0.000000"), "decimal(20,6)"), ("0.0000005", D("0.000001"), "decimal(20,6)"),
    ("-0.0000005", D("-0.000001"), "decimal(20,6)"), ("1e20", D("99999999999999.999999"), "decimal(20,6)"),
    ("-1e20", D("-99999999999999.999999"), "decimal(20,6)"), ("1e-100", D(0), "decimal(20,6)"),
    ("9.9999999", D("10.000000"), "decimal(20,6)"), ("99999999999999.9999999", D("99999999999999.999999"), "decimal(20,6)"),
    ("'Infinity'", D("99999999999999.999999"), "decimal(20,6)"), ("'-Infinity'", D("-99999999999999.999999"), "decimal(20,6)"),
    ("'NaN'", None, "decimal(20,6)"), ("1e80", D("9" * 60), "decimal(60,0)"), ("0.5", D(1), "decimal(60,0)"),
    ("(repeat('9', 60) || '.4')", D("9" * 60), "decimal(60,0)"), ("1e-16000", D(0), "decimal(38,38)")])
def test_what_a_chosen_decimal_cannot_hold_is_refused_or_the_nearest(pg, sql, nearest, choice):  # noqa: F811
    select = f"SELECT ({sql})::numeric AS c"
    refused = query(pg, select, "-o", "x.arrow", "--numeric", choice)
    assert refused.code == 3
    assert refused.error["code"] == "lossy_value"
    table = arrow(pg, select, "--numeric", choice, "--on-lossy", "clamp")
    assert table.column(0).to_pylist() == [nearest]


@pytest.mark.parametrize("sql, expected", [
    ("1.5", 1.5), ("0.1", 0.1), ("1e-400", 0.0), ("12345678901234567890.123456789012345", 12345678901234567890.123456789012345),
    ("'-Infinity'", float("-inf")), ("1e308", 1e308), ("NULL", None)])
def test_a_free_numeric_is_a_double_by_choice(pg, sql, expected):  # noqa: F811
    table = arrow(pg, f"SELECT ({sql})::numeric AS c", "--numeric", "float64")
    assert table.schema.field(0).type == pa.float64()
    assert table.column(0).to_pylist() == [expected]


def test_the_choice_reaches_into_arrays(pg):  # noqa: F811
    numbers = "SELECT ARRAY[0.1, NULL, 12345678901234567890.123456789012345, -1e-400] AS c"
    doubles = arrow(pg, numbers, "--numeric", "float64").column(0)
    assert doubles.type == pa.list_(pa.float64())
    assert doubles.to_pylist() == [[0.1, None, 12345678901234567890.123456789012345, -0.0]]
    decimals = arrow(pg, "SELECT ARRAY[0.10, NULL, -5] AS c", "--numeric", "decimal(10,2)").column(0)
    assert decimals.type == pa.list_(pa.decimal128(10, 2))
    assert decimals.to_pylist() == [[D("0.10"), None, D("-5.00")]]
    for choice, misfit, nearest in (("float64", "-1e400", -1.7976931348623157e308), ("decimal(4,1)", "1e9", D("999.9"))):
        select = f"SELECT ARRAY[{misfit}::numeric] AS c"
        assert query(pg, select, "-o", "x.arrow", "--numeric", choice).error["code"] == "lossy_value"
        assert arrow(pg, select, "--numeric", choice, "--on-lossy", "clamp").column(0).to_pylist() == [[nearest]]


def test_a_numeric_beyond_every_double_is_refused(pg):  # noqa: F811
    result = query(pg, "SELECT 1e400::numeric AS c", "-o", "x.arrow", "--numeric", "float64")
    assert result.error["message"] == ("row 1, column 'c' (declared numeric): a number (too large) value does not fit "
                                       "double")


def test_the_choice_of_numeric_leaves_a_declared_precision_alone(pg):  # noqa: F811
    table = arrow(pg, "SELECT 1.5::numeric(4,2) AS a, 1.5::numeric AS b, sum(1::bigint) AS c",
                  "--numeric", "decimal(30,10)")
    assert [field.type for field in table.schema] == [pa.decimal128(4, 2), pa.decimal128(30, 10), pa.decimal128(30, 10)]


# ---- a type for one column ----


@pytest.mark.parametrize("sql, chosen, arrow_type, expected", [
    ("1.5::numeric", "decimal(10,2)", pa.decimal128(10, 2), D("1.50")),
    ("1.5::numeric(4,2)", "decimal(50,2)", pa.decimal256(50, 2), D("1.50")),
    ("1.5::numeric(4,2)", "text", pa.string(), "1.50"),
    ("1.5::numeric(4,2)", "float64", pa.float64(), 1.5),
    ("7::int2", "float64", pa.float64(), 7.0),
    ("9007199254740993", "text", pa.string(), "9007199254740993"),
    ("1.1::float4", "float64", pa.float64(), 1.1),
    ("'infinity'::date", "text", pa.string(), "infinity"),
    ("'{{1}}'::int[]", "text", pa.string(), "{{1}}"),
    ("'2026-01-02'::date", "date", pa.date32(), datetime.date(2026, 1, 2)),
    ("true", "bool", pa.bool_(), True),
    ("'\\x00'::bytea", "binary", pa.binary(), b"\0"),
    ("'\\x00ff'::bytea", "text", pa.string(), "\\x00ff"),
    ("'a'::uuid::text", "text", pa.string(), None)])
def test_a_columns_type_can_be_chosen_where_it_is_exact(pg, recipe, sql, chosen, arrow_type, expected):  # noqa: F811
    if expected is None:
        sql, expected = "'0a0b0c0d-0000-4000-8000-ffffffffffff'::uuid", "0a0b0c0d-0000-4000-8000-ffffffffffff"
    path = recipe(f"SELECT {sql} AS c", source=f"types: {{columns: {{c: \"{chosen}\"}}}}")
    result = pg("fetch", path, "-o", "chosen.arrow")
    assert result.code == 0, result
    with pa.ipc.open_file(pg.cwd / "chosen.arrow") as file:
        table = file.read_all()
    assert table.schema.field(0).type == arrow_type
    assert table.column(0).to_pylist() == [expected]


@pytest.mark.parametrize("sql, declared, chosen", [
    ("1.5::numeric", "numeric", "int64"), ("'2026-01-02'::date", "date", "timestamp"), ("1", "integer", "int64"),
    ("1", "integer", "decimal(10,0)"), ("'1 day'::interval", "interval", "int64"), ("'a'", "text", "binary"),
    ("'00000000-0000-0000-0000-000000000000'::uuid", "uuid", "binary"), ("ARRAY[1]", "integer[]", "int32"),
    ("'10.0.0.1'::inet", "inet", "int64")])
def test_a_columns_type_that_is_not_exact_is_refused_before_a_row_is_read(pg, recipe, sql, declared, chosen):  # noqa: F811
    path = recipe(f"SELECT {sql} AS c", source=f"types: {{columns: {{c: \"{chosen}\"}}}}")
    result = pg("fetch", path, "-o", "chosen.arrow")
    assert result.code == 2
    assert result.error["code"] == "unsupported_type_choice"
    assert result.error["message"] == f"types.columns: column 'c' is {declared} and cannot be read as {chosen}"


# ---- columns of a table know more than expressions ----


@pytest.fixture
def declared_arrays(pg):  # noqa: F811
    from on_postgres import Database, variable

    database = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
    database.run("DROP TABLE IF EXISTS nested; CREATE TABLE nested (flat int[], deep int[][]);"
                 "INSERT INTO nested VALUES ('{1,2}', '{{1,2},{3,4}}'), (NULL, NULL), ('{}', '{1}')")
    yield
    database.run("DROP TABLE nested")


def test_an_array_column_declared_with_more_dimensions_is_text(pg, declared_arrays):  # noqa: F811
    table = arrow(pg, "SELECT flat, deep FROM nested")
    assert table.schema.field("flat").type == pa.list_(pa.int32())
    assert table.schema.field("deep").type == pa.string()
    assert table.schema.field("deep").metadata == {b"pg_type": b"integer[]"}
    assert table.to_pydict() == {"flat": [[1, 2], None, []], "deep": ["{{1,2},{3,4}}", None, "{1}"]}


def test_duplicate_names_are_refused_and_renamed_by_choice(pg, recipe):  # noqa: F811
    sql = "SELECT 1 AS a, 2 AS a, 3, 4"
    refused = pg("fetch", recipe(sql), "-o", "x.arrow")
    assert (refused.code, refused.error["code"]) == (3, "duplicate_column"), refused
    renamed = pg("fetch", recipe(sql, source="types: {duplicates: rename}"), "-o", "x.arrow")
    assert renamed.code == 0, renamed
    with pa.ipc.open_file(pg.cwd / "x.arrow") as file:
        assert file.schema.names == ["a", "a_1", "?column?", "?column?_1"]
