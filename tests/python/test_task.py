"""penstock.run_task(): inputs of every type, rows, changes and their counts, on every database."""

import datetime
import json
import threading
from decimal import Decimal

import pyarrow
import pyarrow.parquet
import pytest
from conftest import DIALECTS, DSN, LONG, Script, end_by_ctrl_c, make_shop, variable

import penstock

TABLE = "penstock_package_stock"
UTC = datetime.timezone.utc
NOON = datetime.datetime(2026, 1, 31, 12, 30, 5, 250_000)


def task(query, inputs=None, access="read_only", **rest):
    return penstock.Task.of({"name": "t", "connection": {"dsn_env": DSN}, "access": access, "query": query,
                             "inputs": inputs or {}, **rest})


def change(query, inputs=None, **rest):
    return task(query, inputs, access="read_write", **rest)


def rows_of(query, declared=None, inputs=None, **rest):
    return penstock.run_task(task(query, declared, **rest), inputs).rows.to_pyarrow().to_pylist()


@pytest.fixture(params=list(DIALECTS))
def stock(request, tmp_path, monkeypatch):
    """A table of three rows that may be written, its DSN in the variable DSN; gives the database's name."""
    if request.param == "sqlite":
        monkeypatch.setenv(DSN, f"sqlite:///{make_shop(tmp_path / 'stock.db')}")
    else:
        monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
        monkeypatch.setenv(DSN, variable(f"PENSTOCK_TEST_{request.param.upper()}_WRITER_DSN"))
    penstock.run_task(change(f"DROP TABLE IF EXISTS {TABLE}; "
                             f"CREATE TABLE {TABLE} (sku varchar(40) PRIMARY KEY, pieces integer NOT NULL)"))
    penstock.run_task(change(f"INSERT INTO {TABLE} VALUES ('P-1', 5), ('P-2', 7), ('P-3', 0)"))
    yield request.param
    penstock.run_task(change(f"DROP TABLE {TABLE}"))


def pieces():
    return {row["sku"]: row["pieces"] for row in rows_of(f"SELECT sku, pieces FROM {TABLE}")}


# FT-001 FT-003 FT-013
def test_a_task_reads_with_its_inputs_bound(stock):
    result = penstock.run_task(
        task(f"SELECT sku, pieces FROM {TABLE} WHERE pieces >= {{{{ least }}}} AND sku IN ({{{{ skus }}}}) ORDER BY sku",
             {"least": "int", "skus": "list[str]"}, output={"sku": "str", "pieces": "int"}),
        {"least": 5, "skus": ("P-1", "P-2", "P-3")})
    assert result.receipt is None and result.statements == () and result.rows.dialect == DIALECTS[stock]
    table = pyarrow.table(result.rows)
    assert table.schema.types == [pyarrow.string(), pyarrow.int64()]
    assert table.to_pylist() == [{"sku": "P-1", "pieces": 5}, {"sku": "P-2", "pieces": 7}]


# FT-004
def test_every_type_of_input_reaches_the_database(stock):
    text = {"postgres": "CAST({{ s }} AS text)", "sqlite": "{{ s }}"}.get(stock, "CAST({{ s }} AS CHAR)")
    [row] = rows_of(f"SELECT CAST({{{{ i }}}} AS decimal(20)) AS i, {text} AS s, {{{{ b }}}} AND 1 = 1 AS b, "
                    "{{ f }} * 2 AS f",
                    {"i": "int", "s": "str", "b": "bool", "f": "float"},
                    {"i": 2**53 + 1, "s": "it's {{ i }} \\ 赤", "b": True, "f": 2},
                    output={"i": "int", "s": "str", "b": "bool", "f": "float"})
    assert row == {"i": 2**53 + 1, "s": "it's {{ i }} \\ 赤", "b": True, "f": 4.0}


# FT-004
@pytest.mark.parametrize("given", [NOON.date(), "2026-01-31"])
def test_a_day_is_compared_as_a_day(stock, given):
    day = {"sqlite": "'2026-01-31'"}.get(stock, "CAST('2026-01-31' AS date)")
    assert rows_of(f"SELECT 1 AS one WHERE {day} = {{{{ day }}}}", {"day": "date"}, {"day": given}) == [{"one": 1}]


# FT-004
@pytest.mark.parametrize("given", [NOON, NOON.replace(tzinfo=UTC), "2026-01-31T12:30:05.25",
                                   NOON.replace(hour=14, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))])
def test_a_time_keeps_its_microseconds_and_a_zone_its_moment(stock, given):
    # What it is after a second, so that the database must have read it.
    later = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f', {{ at }}, '+1 second')",
             "postgres": "CAST((CAST({{ at }} AS timestamptz) + interval '1 second') AT TIME ZONE 'UTC' AS text)"}.get(
                 stock, "CAST(TIMESTAMPADD(SECOND, 1, {{ at }}) AS CHAR)")
    [row] = rows_of(f"SELECT {later} AS later", {"at": "datetime"}, {"at": given})
    assert row["later"].startswith("2026-01-31 12:30:06.25")


# FT-004
def test_a_length_of_time_and_bytes_reach_the_database(stock):
    later = {"sqlite": "datetime('2026-01-31', {{ age }})",
             "postgres": "CAST(timestamp '2026-01-31' + {{ age }} AS text)"}.get(
                 stock, "CAST(ADDTIME(CAST('2026-01-31' AS datetime), {{ age }}) AS CHAR)")
    length = "octet_length({{ y }})" if stock == "postgres" else "length({{ y }})"
    for bytes_of in (bytes, bytearray, memoryview):
        [row] = rows_of(f"SELECT {later} AS later, {length} AS n", {"age": "timedelta", "y": "bytes"},
                        {"age": datetime.timedelta(days=1, hours=2), "y": bytes_of(b"\x00\xff\x00")})
        assert row["later"].startswith("2026-02-01 02:00:00") and row["n"] == 3


# FT-004
def test_a_decimal_goes_where_it_fits(stock):
    for declared, given, found in [("int", Decimal("12.00"), Decimal(12)), ("float", Decimal("0.5"), Decimal("0.5")),
                                   ("str", Decimal("12.34"), Decimal("12.34")), ("str", Decimal("1E+2"), Decimal(100))]:
        text = {"postgres": "CAST({{ n }} AS text)", "sqlite": "CAST({{ n }} AS text)"}.get(
            stock, "CAST({{ n }} AS CHAR)")
        [row] = rows_of(f"SELECT {text} AS n", {"n": declared}, {"n": given})
        assert Decimal(row["n"]) == found
    for declared, given in [("int", Decimal("12.5")), ("float", Decimal("0.1000000000000000055")), ("int", Decimal("NaN")),
                            ("float", Decimal("NaN")), ("str", Decimal("Infinity")), ("date", Decimal(1))]:
        with pytest.raises(penstock.TaskError) as caught:
            penstock.run_task(task("SELECT {{ n }} AS n", {"n": declared}), {"n": given})
        assert caught.value.message == f"input 'n' is of type Decimal, and not exactly {declared}"


# FT-003 FT-004
def test_none_and_lists_are_bound(stock):
    where = f"SELECT sku FROM {TABLE} WHERE sku IN ({{{{ some }}}}) OR (CAST({{{{ none }}}} AS {{kind}}) IS NULL AND pieces = 0)"
    kind = "char(40)" if stock in ("mariadb", "mysql") else "varchar(40)"
    declared = {"some": "list[str]", "none": {"type": "str", "nullable": True}}
    query = where.replace("{kind}", kind) + " ORDER BY sku"
    assert [row["sku"] for row in rows_of(query, declared, {"some": ["P-1"], "none": None})] == ["P-1", "P-3"]
    assert [row["sku"] for row in rows_of(query, declared, {"some": [], "none": "x"})] == []
    optional = {"some": {"type": "list[str]", "nullable": True}}
    query = f"SELECT sku FROM {TABLE} WHERE sku IN ({{{{ some }}}})"
    assert [row["sku"] for row in rows_of(query, optional, {"some": ["P-2"]})] == ["P-2"]
    assert rows_of(query, optional, {"some": None}) == []


# FT-006
def test_a_change_is_committed_and_counted_statement_by_statement(stock):
    result = penstock.run_task(
        change(f"UPDATE {TABLE} SET pieces = pieces + {{{{ more }}}}; DELETE FROM {TABLE} WHERE sku = {{{{ sku }}}}; "
               f"SELECT sku, pieces FROM {TABLE} ORDER BY sku", {"more": "int", "sku": "str"}),
        {"more": 1, "sku": "P-2"})
    assert [(one.statement, one.rows_affected) for one in result.statements[:2]] == [("UPDATE", 3), ("DELETE", 1)]
    assert result.statements[2].rows == 2 and result.rows_affected == 4
    assert result.rows.to_pyarrow().to_pylist() == [{"sku": "P-1", "pieces": 6}, {"sku": "P-3", "pieces": 1}]
    assert (result.receipt.access, result.receipt.rows, result.receipt.dialect) == ("read_write", 2, DIALECTS[stock])
    assert pieces() == {"P-1": 6, "P-3": 1}


# FT-006
def test_a_change_without_rows_has_a_count_alone(stock):
    result = penstock.run_task(change(f"UPDATE {TABLE} SET pieces = 1 WHERE pieces > 4"))
    assert (result.rows, result.rows_affected, result.receipt.rows) == (None, 2, None)
    none = penstock.run_task(change(f"UPDATE {TABLE} SET pieces = 2; SELECT 1 AS one", output="none"))
    assert none.rows is None and pieces() == {"P-1": 2, "P-2": 2, "P-3": 2}


# FT-006
def test_a_failed_change_leaves_nothing(stock):
    with pytest.raises(penstock.DataSourceError):
        penstock.run_task(change(f"UPDATE {TABLE} SET pieces = 9; INSERT INTO {TABLE} VALUES ('P-1', 1)"))
    assert pieces() == {"P-1": 5, "P-2": 7, "P-3": 0}


# FT-006
def test_a_task_that_reads_cannot_write(stock):
    with pytest.raises(penstock.Error):
        penstock.run_task(task(f"DELETE FROM {TABLE}")).rows.to_pyarrow()
    assert len(pieces()) == 3


# FT-005
def test_rows_are_held_to_the_declared_output(stock):
    query = f"SELECT sku, pieces FROM {TABLE}"
    with pytest.raises(penstock.TaskError) as caught:
        penstock.run_task(task(query, output={"sku": "str", "weight": "float"}))
    assert caught.value.code == "task_output_missing"
    stream = penstock.run_task(task(query.replace("pieces FROM", "nullif(pieces, 0) AS pieces FROM"),
                                    output={"sku": "str", "pieces": {"type": "int", "nullable": False}})).rows
    with pytest.raises(penstock.TaskError) as caught:
        stream.to_pyarrow()
    assert caught.value.code == "task_output_null"


def test_rows_go_to_a_file_whole_or_not_at_all(stock, tmp_path):
    result = penstock.run_task(task(f"SELECT sku, pieces FROM {TABLE}"), out=tmp_path / "x.parquet", run_id="run-1")
    assert result.rows is None and (result.receipt.rows, result.receipt.run_id) == (3, "run-1")
    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").num_rows == 3
    with pytest.raises(penstock.DataSourceError):
        penstock.run_task(change(f"INSERT INTO {TABLE} VALUES ('P-1', 1); SELECT 1 AS one"), out=tmp_path / "y.csv")
    assert not (tmp_path / "y.csv").exists()


def test_ctrl_c_stops_a_task_on_the_server(server):
    code, out, err = end_by_ctrl_c(Script(f"""
import json, sys, penstock
task = penstock.Task.of({{"name": "t", "connection": {{"dsn_env": "{DSN}"}}, "query": sys.argv[1]}})
print("begun", flush=True)
try:
    penstock.run_task(task).rows.to_pyarrow()
except KeyboardInterrupt:
    print("KeyboardInterrupt")
""", LONG[server]), server)
    assert (code, out) == (0, "KeyboardInterrupt\n"), err


def test_other_threads_run_while_a_task_works(server):
    counted, done = [], threading.Event()
    counter = threading.Thread(target=lambda: [counted.append(1) for _ in iter(lambda: done.wait(0.01), True)])
    counter.start()
    with pytest.raises(TimeoutError):
        penstock.run_task(task(LONG[server], statement_timeout_seconds=1)).rows.to_pyarrow()
    done.set()
    counter.join()
    assert len(counted) >= 5


# FT-002 FT-004
@pytest.mark.parametrize(("inputs", "message"), [
    ({}, "input 'n' is missing: int"),
    ({"n": 1, "m": 2}, "task 't' has no input 'm'"),
    ({"n": "1"}, "input 'n' is not of its type, int"),
    ({"n": True}, "input 'n' is not of its type, int"),
    ({"n": None}, "input 'n' is not of its type, int"),
    ({"n": [1]}, "input 'n' is not of its type, int"),
    ({"n": 2**63}, "input 'n' is past 64 bits"),
    ({"n": object()}, "input 'n' is of type object, not int"),
    ({"n": {1, 2}}, "input 'n' is of type set, not int"),
])
def test_a_wrong_input_is_named_and_its_value_is_not(shop, inputs, message):
    with pytest.raises(ValueError) as caught:
        penstock.run_task(task("SELECT {{ n }} AS n", {"n": "int"}), inputs)
    assert isinstance(caught.value, penstock.TaskError) and caught.value.message == message


# FT-004
def test_scalars_of_numpy_and_pandas_are_taken_for_what_they_are(shop):
    import numpy
    import pandas

    declared = {"i": "int", "f": "float", "b": "bool", "at": "datetime"}
    [row] = rows_of("SELECT {{ i }} AS i, {{ f }} AS f, {{ b }} = 1 AS b, {{ at }} AS at", declared,
                    {"i": numpy.int32(7), "f": numpy.float32(0.5), "b": numpy.bool_(True), "at": pandas.Timestamp(NOON)})
    assert (int(row["i"]), float(row["f"]), row["b"], row["at"]) == (7, 0.5, 1, "2026-01-31 12:30:05.25")
    for value in (pandas.NaT, pandas.Timestamp("2026-01-31 00:00:00.000000001"), pandas.NA,
                  numpy.datetime64("2026-01-31")):
        with pytest.raises(penstock.TaskError, match="input 'at' is of type"):
            penstock.run_task(task("SELECT {{ at }} AS at", {"at": "datetime"}), {"at": value})


# FT-010
def test_a_task_says_what_it_declares_and_is_written_without_secrets(tmp_path):
    written = {
        "name": "restock", "description": "Adds pieces", "access": "read_write",
        "connection": {"uri": "postgresql://app@db.example/shop",
                       "secret_connect_args": {"password": {"group": "shop", "key": "db-password", "group_version": "v2"}}},
        "inputs": {"sku": "str", "amount": {"type": "int", "default": 10, "description": "to add"},
                   "days": "list[date]", "way": {"choice": ["ASC", "DESC"], "default": "ASC"},
                   "note": {"type": "str", "nullable": True}},
        "query": "UPDATE s SET n = n + {{ amount }} WHERE sku = {{ sku }} AND d IN ({{ days }}) AND {{ note }} IS NULL "
                 "RETURNING sku -- {{ way }}",
        "output": {"sku": {"type": "str", "nullable": False}},
    }
    (tmp_path / "restock.json").write_text(json.dumps(written))
    for made in (penstock.Task.of(written), penstock.Task.of(json.dumps(written)), penstock.Task(tmp_path / "restock.json")):
        assert (made.name, made.description, made.access) == ("restock", "Adds pieces", "read_write")
        assert [(one.name, one.type, one.required, one.nullable) for one in made.inputs] == [
            ("sku", "str", True, False), ("amount", "int", False, False), ("days", "list[date]", True, False),
            ("way", "choice", False, False), ("note", "str", True, True)]
        assert made.inputs[3].choices == ["ASC", "DESC"] and made.inputs[1].description == "to add"
        assert made.output == [penstock.TaskColumn("sku", "str", False)]
        assert made.secrets == [penstock.TaskSecret("password", "shop", "db-password", "v2")]
        assert made.query == written["query"] and "restock" in repr(made)
        assert penstock.Task.of(made.to_json()).to_json() == made.to_json()
    assert penstock.Task.of({**written, "output": "none"}).output is None


# FT-010
def test_python_values_stand_in_a_task(stock):
    made = task("SELECT {{ n }} AS n, {{ y }} AS y, {{ day }} AS day, {{ age }} AS age",
                {"n": {"type": "float", "default": 0.5}, "day": {"type": "date", "default": NOON.date()},
                 "age": {"type": "timedelta", "default": -datetime.timedelta(hours=1, microseconds=1)},
                 "y": {"type": "bytes", "default": b"\x00\xff"}})
    facts = json.loads(made.to_json())["inputs"]
    assert (facts["day"]["default"], facts["age"]["default"]) == ("2026-01-31", "-3600.000001")
    assert facts["y"]["default"] == "base64:AP8="
    with pytest.raises(penstock.TaskError, match="a task holds no object"):
        task("SELECT 1 AS a", {"a": {"type": "int", "default": object()}})


# FT-009 FT-010
def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    made = penstock.Task.of({"name": "t", "query": "SELECT 1 AS a",
                             "connection": {"uri": "postgresql://app:hunter2@127.0.0.1:1/shop"}})
    with pytest.raises(penstock.TaskError) as caught:
        made.to_json()
    assert caught.value.code == "task_password"
    events = []
    with pytest.raises(ConnectionError) as refused:
        penstock.run_task(made, on_event=lambda *event: events.append(event))
    shown = [repr(made), str(caught.value), caught.value.hint, str(refused.value), refused.value.hint, repr(events)]
    assert events and not [text for text in shown if "hunter2" in text]
    with pytest.raises(ValueError) as given:
        penstock.Task("postgresql://app:hunter2@127.0.0.1:1/shop")
    assert isinstance(given.value, penstock.UsageError) and "hunter2" not in str(given.value) + given.value.hint


# FT-009
@pytest.mark.parametrize("where", ["callable", "variable", "nowhere"])
def test_a_secret_is_asked_for_when_the_task_connects(monkeypatch, where):
    from urllib.parse import urlsplit

    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    parts = urlsplit(variable("PENSTOCK_TEST_POSTGRES_DSN"))
    made = penstock.Task.of({
        "name": "t", "query": "SELECT 1 AS one",
        "connection": {"uri": f"postgresql://{parts.username}@{parts.hostname}:{parts.port}{parts.path}",
                       "secret_connect_args": {"password": {"group": "shop", "key": "db-password"}}}})
    asked = []

    def secrets(*what):
        asked.append(what)
        return parts.password if where == "callable" else None

    if where == "variable":
        monkeypatch.setenv("PENSTOCK_SECRET_SHOP_DB_PASSWORD", parts.password)
    if where == "nowhere":
        with pytest.raises(penstock.TaskError, match="db-password"):
            penstock.run_task(made, secrets=secrets)
    else:
        assert penstock.run_task(made, secrets=secrets).rows.to_pyarrow().num_rows == 1
    assert asked == [("shop", "db-password", "")]
    assert parts.password not in repr(made) + made.to_json()


# FT-009
def test_what_a_secrets_callable_raises_comes_out():
    made = penstock.Task.of({"name": "t", "query": "SELECT 1 AS one", "connection": {
        "uri": "sqlite:///x.db", "secret_connect_args": {"password": {"group": "shop", "key": "db-password"}}}})

    def secrets(*_):
        raise ZeroDivisionError("no vault")

    with pytest.raises(ZeroDivisionError, match="no vault"):
        penstock.run_task(made, secrets=secrets)
    with pytest.raises(TypeError, match="secrets gives a str or None"):
        penstock.run_task(made, secrets=lambda *_: b"x")


def test_text_of_every_plane_stands_in_a_task_and_a_store(shop):
    text = "a 'quoted' \\ 赤 😀 \t end"
    query = "SELECT '" + text.replace("'", "''") + "' AS t"
    assert rows_of(query) == [{"t": text}]
    with penstock.Store.of_queries({"a.csv": query}, dsn_env=DSN) as store:
        assert store.rows("a.csv").to_pyarrow().to_pylist() == [{"t": text}]


def test_a_task_is_read_by_one_connection(shop):
    with pytest.raises(penstock.UsageError, match="it has no partition_on"):
        penstock.run_task(task("SELECT 1 AS a"), partition_on="a", partitions=2)
    with pytest.raises(penstock.LimitError):
        penstock.run_task(task("SELECT id FROM orders"), max_rows=10).rows.to_pyarrow()
