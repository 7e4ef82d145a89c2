"""Tasks that flytekit runs in the author's own process, alone and in a workflow."""

import datetime
import enum
import logging
import pathlib
from decimal import Decimal
from typing import Annotated, Literal, Optional
from urllib.parse import urlsplit

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from conftest import ORDERS, PASSWORD
from flytekit import StructuredDataset, kwtypes, task, workflow
from flytekit.types.schema import FlyteSchema

import penstock
from penstock.flytekit import SQLAlchemyConfig, SQLAlchemyTask, SQLAlchemyTaskExecutor

UTC = datetime.timezone.utc
COLUMNS = kwtypes(id=int, sku=str, amount=int)
ALL = "SELECT id, sku, amount, total, paid_on FROM orders ORDER BY id"


def frame(value):
    """An output's rows, whatever its type."""
    if isinstance(value, FlyteSchema):
        return value.open().all()
    if isinstance(value, StructuredDataset):
        return value.open(pandas.DataFrame).all()
    return value.to_pandas() if isinstance(value, pyarrow.Table) else value


def only(value):
    """The one value of an output of one row and one column."""
    [[one]] = frame(value).values.tolist()
    return one


# FT-007 FT-012
@pytest.mark.parametrize("output", [
    FlyteSchema, FlyteSchema[COLUMNS], StructuredDataset, Annotated[StructuredDataset, COLUMNS], pandas.DataFrame,
    Annotated[pandas.DataFrame, COLUMNS], pyarrow.Table, Annotated[pyarrow.Table, pyarrow.schema([("amount", pyarrow.int64())])],
], ids=str)
def test_each_output_holds_the_rows(database, output):
    found = frame(database.task(ALL, output_schema_type=output)())
    assert found["id"].tolist() == [order[0] for order in ORDERS]
    assert found["sku"].tolist()[:3] == ["sku 0", "sku 1", "sku 2"] and pandas.isna(found["sku"][3])
    assert found["amount"].tolist() == [order[2] for order in ORDERS]
    if "total" in found:  # a reader of declared columns takes no others
        assert found["total"].tolist() == [Decimal(order[3]) for order in ORDERS]
        assert found["paid_on"].tolist() == [datetime.date.fromisoformat(order[4]) for order in ORDERS]


# FT-012
def test_a_csv_output(shop):
    out = shop.task("SELECT id, sku FROM orders ORDER BY id", output_schema_type=Annotated[StructuredDataset, kwtypes(id=int), "csv"])()
    assert frame(out)["id"].tolist() == [order[0] for order in ORDERS]
    with pytest.raises(Exception, match="an output is parquet or csv, not 'avro'"):
        shop.task("SELECT 1 AS a", output_schema_type=Annotated[StructuredDataset, {}, "avro"])()


# FT-006 FT-012
def test_a_workflow_of_a_change_and_a_query(database):
    @task
    def count(orders: pandas.DataFrame) -> int:
        return len(orders)

    change = database.task("DELETE FROM orders WHERE amount >= {{ .inputs.least }}", "shop.change",
                           inputs={"least": int}, output_schema_type=None)
    orders = database.task(ALL, "shop.orders")

    @workflow
    def tidy(least: int) -> int:
        change(least=least)
        return count(orders=orders())

    assert tidy(least=40) == 4
    assert tidy(least=20) == 2


# FT-006
def test_a_change_is_one_transaction(database):
    broken = database.task("DELETE FROM orders WHERE amount = 0; INSERT INTO nowhere VALUES (1)", output_schema_type=None)
    with pytest.raises(Exception, match="nowhere"):
        broken()
    assert len(frame(database.task(ALL)())) == len(ORDERS)


# FT-006
def test_a_change_tells_how_many_rows_it_changed(shop, caplog):
    caplog.set_level(logging.INFO)
    shop.task("UPDATE orders SET amount = 1 WHERE amount < 25", output_schema_type=None)()
    [told] = [one for one in caplog.records if getattr(one, "penstock_event", "") == "task_statement"]
    assert told.penstock_fields["statement"] == "UPDATE" and told.penstock_fields["rows_affected"] == 3


# FT-007
def test_a_change_that_gives_rows_says_that_it_writes(postgres):
    sql = "UPDATE orders SET amount = amount + 1 WHERE amount = 10 RETURNING amount"
    with pytest.raises(Exception, match="access: read_write"):
        postgres.task(sql)()
    assert only(postgres.task(sql, access="read_write")()) == 11
    assert only(postgres.task("SELECT count(*) AS n FROM orders WHERE amount = 11")()) == 1


# ---- inputs ----


# FT-003 FT-004
@pytest.mark.parametrize("kind, value, back", [
    (int, 2**53 + 1, 2**53 + 1),
    (float, 0.1, 0.1),
    (str, "it's; DROP TABLE orders --", "it's; DROP TABLE orders --"),
    (str, "", ""),
    (bool, True, True),
    (datetime.date, datetime.date(2026, 1, 31), datetime.date(2026, 1, 31)),
    (datetime.datetime, datetime.datetime(2026, 1, 31, 12, 30, 0, 500, UTC), datetime.datetime(2026, 1, 31, 12, 30, 0, 500, UTC)),
    (datetime.timedelta, datetime.timedelta(days=1, microseconds=1), datetime.timedelta(days=1, microseconds=1)),
    (bytes, b"\x00\xff'", b"\x00\xff'"),
    (Optional[int], None, None),
    (Optional[str], "a", "a"),
], ids=str)
def test_an_input_of_each_type_is_bound(postgres, kind, value, back):
    casts = {int: "bigint", float: "float8", bool: "bool", datetime.date: "date", datetime.datetime: "timestamptz",
             datetime.timedelta: "interval", bytes: "bytea", Optional[int]: "bigint"}
    sql = f"SELECT CAST({{{{ .inputs.x }}}} AS {casts.get(kind, 'text')}) AS x"
    table = SQLAlchemyTask("t", sql, postgres.config, inputs=kwtypes(x=kind), output_schema_type=pyarrow.Table)(x=value)
    [found] = table.column("x").to_pylist()
    if kind is datetime.timedelta:  # months, days and microseconds: a struct in a Parquet file
        found = datetime.timedelta(days=found["days"], microseconds=found["microseconds"])
    assert found == back


# FT-002 FT-003
def test_references_and_lists_and_words(database):
    class Direction(enum.Enum):
        UP = "ASC"
        DOWN = "DESC"

    table = database.task(
        "SELECT sku FROM orders WHERE amount IN ({{ .inputs.amounts }}) AND sku LIKE '%{{ .inputs.part }}%' "
        "AND paid_on < {{ .day }} ORDER BY {{ .inputs.column }} {{ direction }} LIMIT {{.inputs.most}}",
        inputs={"amounts": list[int], "part": str, "day": datetime.date, "direction": Direction, "most": int,
                "column": Literal["id", "amount"]})
    found = table(amounts=[0, 10, 20, 50], part="k", day=datetime.date(2026, 6, 1), direction=Direction.DOWN, most=2, column="amount")
    assert frame(found)["sku"].tolist() == ["sku 2", "sku 1"]


# FT-003 FT-004
def test_a_list_may_be_none(database):
    task = database.task("SELECT amount FROM orders WHERE amount IN ({{ .inputs.amounts }}) ORDER BY amount",
                         inputs={"amounts": Optional[list[int]]})
    assert frame(task(amounts=[10, 20]))["amount"].tolist() == [10, 20]
    assert len(frame(task(amounts=None))) == 0


# FT-002
@pytest.mark.parametrize("query, inputs, given, message", [
    ("SELECT {{ .inputs.b }} AS x", {"a": int}, {"a": 1}, "'b'"),
    ("SELECT 1 AS x", {"a": int}, {"a": 1}, "'a'"),
    ("SELECT {{ .inputs.a | upper }} AS x", {"a": int}, {"a": 1}, "'upper'"),
    ("SELECT * FROM {{ .inputs.a }}", {"a": str}, {"a": "orders"}, "'a'"),
    ("SELECT {{ .inputs.a }} AS x", {"a": int}, {"a": "text"}, "a"),
])
def test_a_wrong_reference_and_a_wrong_input_are_refused_by_name(shop, query, inputs, given, message):
    with pytest.raises(Exception) as caught:
        shop.task(query, inputs=inputs)(**given)
    assert message in str(caught.value)


# FT-002
def test_by_hand_a_missing_input_is_refused_by_name(shop):
    table = shop.task("SELECT {{ .inputs.a }} AS x", inputs={"a": int})
    with pytest.raises(penstock.TaskError, match="'a'"):
        table.execute()
    with pytest.raises(penstock.TaskError, match="'b'"):
        table.execute(a=1, b=2)


# ---- outputs ----


# FT-005
@pytest.mark.parametrize("query, columns, code", [
    ("SELECT 1 AS a", {"b": int}, "task_output_missing"),
    ("SELECT sku AS a FROM orders", {"a": int}, "task_output_value"),
    ("SELECT paid_on AS a FROM orders", {"a": int}, "task_output_type"),
    ("SELECT 1.5 AS a", {"a": int}, "task_output_value"),
])
@pytest.mark.parametrize("output", ["schema", "dataset"])
def test_rows_that_are_not_what_is_declared_are_refused(shop, query, columns, code, output):
    kind = FlyteSchema[kwtypes(**columns)] if output == "schema" else Annotated[pandas.DataFrame, kwtypes(**columns)]
    with pytest.raises(penstock.TaskError, match=f"column.*'{next(iter(columns))}'") as caught:
        shop.task(query, output_schema_type=kind)()
    assert caught.value.code == code


# FT-005
def test_declared_columns_are_converted_and_others_stay(shop):
    schema = pyarrow.schema([("amount", pyarrow.int16()), pyarrow.field("id", pyarrow.int64(), nullable=False)])
    table = shop.task("SELECT sku, id, amount FROM orders", output_schema_type=Annotated[pyarrow.Table, schema])
    @task
    def types(rows: pyarrow.Table) -> str:
        return " ".join(f"{field.name}:{field.type}" for field in rows.schema)

    @workflow
    def flow() -> str:
        return types(rows=table())

    assert flow() == "amount:int16 id:int64 sku:string"
    null = pyarrow.schema([pyarrow.field("sku", pyarrow.string(), nullable=False)])
    with pytest.raises(penstock.TaskError, match="row 4 has NULL in column 'sku'"):
        shop.task("SELECT sku FROM orders ORDER BY id", output_schema_type=Annotated[pyarrow.Table, null])()


# FT-012
def test_two_columns_of_one_name_are_kept_as_the_plugin_keeps_them(shop):
    query = "SELECT 1 AS a, 2 AS a, 3 AS b"
    by_hand = shop.task(query).execute()
    assert by_hand.columns.tolist() == ["a", "a", "b"] and by_hand.values.tolist() == [[1, 2, 3]]
    csv = shop.task(query, output_schema_type=Annotated[StructuredDataset, {}, "csv"])()
    assert pathlib.Path(csv.literal.uri, ".csv").read_text() == '"a","a","b"\n1,2,3\n'
    # Nothing of flytekit's could read such a Parquet file.
    with pytest.raises(penstock.DataSourceError, match="more than one column named 'a'"):
        shop.task(query)()
    assert frame(shop.task(query, options={"duplicates": "rename"})()).columns.tolist() == ["a", "a_1", "b"]
    kept = shop.task(query, output_schema_type=StructuredDataset, options={"duplicates": "keep"})()
    assert pyarrow.parquet.ParquetFile(f"{kept.literal.uri}/00000").schema_arrow.names == ["a", "a", "b"]


# FT-013
def test_a_number_without_a_precision_is_a_double(postgres):
    declared = FlyteSchema[kwtypes(mean=float, sum=int)]
    query = "SELECT avg(amount) AS mean, sum(id) AS sum FROM orders WHERE amount IN (0, 10, 20)"
    assert frame(postgres.task("SELECT avg(i) AS mean FROM (VALUES (1), (1), (2)) AS n(i)")())["mean"].tolist() == [4 / 3]
    assert frame(postgres.task(query.replace("sum(id)", "sum(amount)"), output_schema_type=declared)()).values.tolist() == [[10.0, 30]]
    exact = postgres.task("SELECT sum(id) AS n FROM orders", options={"numeric": "decimal(38,0)"})
    assert only(exact()) == sum(order[0] for order in ORDERS)


def test_options_are_the_runs(shop):
    with pytest.raises(penstock.LimitError):
        shop.task(ALL, options={"max_rows": 3})()


# ---- by hand ----


# FT-012
def test_by_hand_the_executor_gives_a_frame(shop):
    table = shop.task(ALL)
    found = SQLAlchemyTaskExecutor().execute_from_model(table.serialize_to_model(table.SERIALIZE_SETTINGS))
    assert isinstance(found, pandas.DataFrame) and found["amount"].tolist() == [order[2] for order in ORDERS]
    assert shop.task("DELETE FROM orders", output_schema_type=None).execute() is None
    assert len(table.execute()) == 0


# ---- what it connects to ----


# FT-014
def test_there_is_a_default_image_on_this_python(shop):
    assert "-sqlalchemy-" in shop.task(ALL).container_image


# FT-008 FT-009
def test_a_secret_is_nowhere_to_be_read(postgres, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("flytekit").setLevel(logging.DEBUG)
    table = postgres.task(ALL)
    table()
    broken = postgres.task("SELECT * FROM nowhere")
    with pytest.raises(Exception) as caught:
        broken()
    out, err = capfd.readouterr()
    shown = [str(table.task_template), repr(table.task_config), caplog.text, str(caught.value), out, err,
             *(str(vars(record)) for record in caplog.records)]
    assert not [text for text in shown if postgres.password in text]
    assert "nowhere" in str(caught.value) and caught.value.sqlstate == "42P01"


# FT-009
def test_a_secret_that_is_not_there_is_flytekits_own_error(postgres, monkeypatch):
    monkeypatch.delenv("_FSEC_SHOP_DB-PASSWORD")
    with pytest.raises(ValueError, match="Unable to find secret for key db-password in group shop"):
        postgres.task(ALL)()


# FT-009
@pytest.mark.parametrize("variable", ["_FSEC_SHOP_V2_DB-PASSWORD", "_FSEC_SHOP_DB-PASSWORD"])
def test_a_secret_of_a_version(postgres, monkeypatch, variable):
    monkeypatch.delenv("_FSEC_SHOP_DB-PASSWORD")
    monkeypatch.setenv(variable, postgres.password)
    config = postgres.config
    config.secret_connect_args["password"].group_version = "v2"
    try:
        assert len(frame(SQLAlchemyTask("t", ALL, config)())) == len(ORDERS)
    finally:
        PASSWORD.group_version = None


# FT-008
def test_a_uri_of_sqlalchemys_and_arguments_of_its_drivers(postgres):
    config = postgres.config
    parts = urlsplit(config.uri)
    config.uri = f"postgresql+psycopg2://{parts.username}@/elsewhere"
    config.connect_args = {"host": "127.0.0.1", "port": parts.port, "dbname": parts.path[1:], "connect_timeout": 5,
                           "isolation_level": "AUTOCOMMIT"}
    assert len(frame(SQLAlchemyTask("t", ALL, config)())) == len(ORDERS)
    config.connect_args["conect_timeout"] = 5
    with pytest.raises(penstock.TaskError, match="'conect_timeout', which is not known"):
        SQLAlchemyTask("t", ALL, config)()


# FT-009
def test_a_password_in_the_uri_runs_here_with_a_warning(postgres, monkeypatch, caplog):
    monkeypatch.delenv("_FSEC_SHOP_DB-PASSWORD")
    uri = postgres.uri.replace("@", f":{postgres.password}@")
    assert len(frame(SQLAlchemyTask("t", ALL, SQLAlchemyConfig(uri))())) == len(ORDERS)
    assert "connection.uri holds a password" in caplog.text and postgres.password not in caplog.text


def test_only_the_environment_opts_in_to_private_hosts(postgres, monkeypatch):
    monkeypatch.delenv("PENSTOCK_SQL_ALLOW_PRIVATE")
    with pytest.raises(PermissionError, match="127.0.0.1"):
        postgres.task(ALL)()
    config = postgres.config
    config.connect_args = {"PENSTOCK_SQL_ALLOW_PRIVATE": "1"}
    with pytest.raises(penstock.TaskError):
        SQLAlchemyTask("t", ALL, config)()


def test_a_connection_leaves_no_file_beside_the_rows(shop, tmp_path):
    from flytekit.core.context_manager import FlyteContextManager

    access = FlyteContextManager.current_context().file_access
    out = shop.task(ALL, output_schema_type=StructuredDataset)()
    folder = access.get_filesystem_for_path(out.literal.uri).ls(out.literal.uri, detail=False)
    assert [name.rpartition("/")[2] for name in folder] == ["00000"]


def test_sqlite_is_never_created(tmp_path):
    with pytest.raises(penstock.Error):
        SQLAlchemyTask("t", "SELECT 1 AS a", SQLAlchemyConfig(f"sqlite:///{tmp_path}/none.db"))()
    assert not (tmp_path / "none.db").exists()
