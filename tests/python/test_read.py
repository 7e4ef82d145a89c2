"""penstock.read(): rows of every database, into every library that takes them."""

import datetime
import decimal
import gc

import pytest
from conftest import DIALECTS, DSN, ENDLESS_ROWS, THOUSAND, variable

import penstock


def orders(**options):
    return penstock.read("SELECT * FROM orders ORDER BY id", dsn_env=DSN, **options)


# RS-021
def test_every_database_gives_its_rows(server):
    with penstock.read(THOUSAND, dsn_env=DSN, batch_rows=300) as rows:
        assert (rows.dialect, rows.column_names) == (DIALECTS[server], ["i"])
        sizes = [len(batch) for batch in rows.batches()]
        assert (sum(sizes), max(sizes), rows.rows) == (1000, 300, 1000)


# RS-008
def test_every_database_gets_parameters_as_bound_values(server):
    text = "it's :name \\ \"quoted\" -- 赤"
    # A string parameter of no known type: PostgreSQL is told.
    of = "CAST(:t AS char(40))" if server in ("mariadb", "mysql") else "CAST(:t AS text)"
    query = f"SELECT {of} AS t, CAST(:i AS decimal(20)) AS i WHERE :b = 1 OR 1 = 1"
    query = query.replace("WHERE :b = 1 OR 1 = 1", "")
    table = penstock.read(query, {"t": text, "i": 2**53 + 1}, dsn_env=DSN).to_pyarrow()
    [row] = table.to_pylist()
    assert row["t"] == text and int(row["i"]) == 2**53 + 1


def test_a_recipe_is_read_by_its_path(recipe):
    path = recipe()
    assert penstock.read(path).to_pyarrow().num_rows == 65
    assert penstock.read(str(path), {"most": 1}).to_pyarrow().num_rows == 7


# RS-022
def test_a_column_that_the_recipe_requires_must_be_there(recipe):
    with pytest.raises(penstock.RecipeError, match="column 'item' not found in query result"):
        penstock.read(recipe(extra="schema: {user_column: id, item_column: item}\n"))


def test_pyarrow_gets_the_values_exactly(shop):
    import pyarrow

    table = orders().to_pyarrow()
    assert table.schema.field("total").type == pyarrow.decimal128(10, 2)
    assert table.schema.field("paid_on").type == pyarrow.date32()
    assert table.slice(9, 1).to_pylist() == [{
        "id": 2**53 + 9, "customer": 9, "total": decimal.Decimal("9.09"), "discount": 9,
        "paid_on": datetime.date(2026, 1, 17), "name": "Gül 9 赤", "note": None}]
    assert pyarrow.table(orders()).equals(table)
    assert pyarrow.RecordBatchReader.from_stream(orders()).read_all().equals(table)


def test_pandas_keeps_nullable_integers_and_decimals(shop):
    import pandas

    frame = orders().to_pandas()
    assert isinstance(frame["discount"].dtype, pandas.ArrowDtype)
    assert frame["discount"].isna().sum() == 59 and frame["discount"].dropna().iloc[0] == 1
    assert frame["id"].iloc[-1] == 2**53 + 586  # no double holds it
    assert frame["total"].iloc[9] == decimal.Decimal("9.09")
    assert orders().to_pandas(types_mapper=None)["id"].dtype == "int64"


def test_polars_gets_the_values_exactly(shop):
    import polars

    frame = orders(batch_rows=100).to_polars()
    assert frame.schema["total"] == polars.Decimal(10, 2) and frame.height == 587
    assert frame["id"][-1] == 2**53 + 586
    assert polars.DataFrame(orders()).equals(frame)


# polars has no intervals and no decimals past 38 digits, and panics when it is given one.
def test_polars_gets_what_it_has_no_type_for(monkeypatch):
    import polars

    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    digits = "12345678901234567890123456789012345678901234567890.12"
    query = f"""SELECT interval '-1 mon 2 days 00:00:03.000004' AS i, ARRAY[interval '1 day', NULL] AS many,
                       CAST('{digits}' AS numeric(60,2)) AS n, ARRAY[CAST('0.05' AS numeric(60,2))] AS numbers
                UNION ALL SELECT NULL, NULL, CAST(NULL AS numeric(60,2)), CAST(NULL AS numeric(60,2)[])"""
    parts = polars.Struct({"months": polars.Int32, "days": polars.Int32, "microseconds": polars.Int64})
    frame = penstock.read(query, dsn_env=DSN).to_polars()
    assert frame.schema == {"i": parts, "many": polars.List(parts), "n": polars.String, "numbers": polars.List(polars.String)}
    assert frame.rows() == [
        ({"months": -1, "days": 2, "microseconds": 3_000_004}, [{"months": 0, "days": 1, "microseconds": 0}, None], digits, ["0.05"]),
        (None, None, None, None)]
    store = penstock.Store.of_queries({"a.parquet": query}, dsn_env=DSN)
    assert penstock.scan_polars("a.parquet", store=store).collect().equals(frame)


def test_duckdb_reads_a_stream_as_a_table(shop):
    import duckdb

    rows = orders()
    assert rows.rows == 0  # DuckDB finds the stream by its variable's name
    assert duckdb.sql("SELECT count(*), min(total), count(discount) FROM rows").fetchall() == [
        (587, decimal.Decimal("0.00"), 528)]


def test_a_batch_is_taken_by_any_library(shop):
    import polars
    import pyarrow

    batches = list(orders(batch_rows=200).batches())
    assert [batch.num_rows for batch in batches] == [200, 200, 187]
    assert batches[0].column_names[:2] == ["id", "customer"] and batches[0].num_columns == 7
    assert pyarrow.record_batch(batches[2]).num_rows == 187
    assert polars.DataFrame(batches[1])["id"][0] == 2**53 + 200


def test_batches_outlive_the_stream(shop):
    import pyarrow

    rows = orders(batch_rows=100)
    first = pyarrow.record_batch(next(rows.batches()))
    rows.close()
    del rows
    gc.collect()
    assert first.column("id")[99].as_py() == 2**53 + 99


def test_an_empty_result_has_its_schema_everywhere(shop):
    def nothing():
        return penstock.read("SELECT * FROM orders WHERE id < 0", dsn_env=DSN)

    assert nothing().to_pyarrow().schema == orders().to_pyarrow().schema
    assert nothing().to_polars().schema == orders().to_polars().schema
    assert list(nothing().to_pandas().dtypes) == list(orders().to_pandas().dtypes)
    assert list(nothing().batches()) == []


def test_a_stream_is_read_once(shop):
    rows = orders()
    rows.to_pyarrow()
    with pytest.raises(penstock.UsageError, match="the stream's rows have been taken") as caught:
        rows.to_polars()
    assert caught.value.code == "stream_consumed"


def test_a_closed_stream_gives_nothing(shop):
    with orders() as rows:
        batches = rows.batches()
        next(batches)
    with pytest.raises(penstock.UsageError, match="the stream is closed"):
        next(batches)


def test_a_dropped_stream_lets_go_of_its_query(shop):
    rows = penstock.read(ENDLESS_ROWS, dsn_env=DSN)
    next(rows.batches())
    del rows
    gc.collect()  # and does not hang


def test_a_failure_in_mid_stream_is_ours_in_our_readers(shop):
    with pytest.raises(penstock.LimitError, match="query result exceeds limits.rows=300 rows"):
        orders(max_rows=300, batch_rows=100).to_pyarrow()
    with pytest.raises(penstock.LimitError):
        orders(max_rows=300, batch_rows=100).to_polars()


def test_a_failure_in_mid_stream_reaches_other_libraries_with_our_text(shop):
    import polars
    import pyarrow

    for consume in (pyarrow.table, polars.DataFrame):
        with pytest.raises(Exception, match="query result exceeds limits.rows=300 rows"):
            consume(orders(max_rows=300, batch_rows=100))


def test_options_win_over_the_recipe_and_only_lower_a_cap(recipe):
    path = recipe(extra="").read_text().replace("  query_parameters", "  limits: {rows: 20}\n  query_parameters")
    file = recipe()
    file.write_text(path)
    with pytest.raises(penstock.LimitError, match="limits.rows=20 "):
        penstock.read(file, max_rows=1000).to_pyarrow()
    with pytest.raises(penstock.LimitError, match="limits.rows=7 "):
        penstock.read(file, max_rows=7).to_pyarrow()


def test_types_are_chosen_by_column(shop):
    table = penstock.read("SELECT id, total FROM orders", dsn_env=DSN, columns={"total": "text"}).to_pyarrow()
    assert str(table.schema.field("total").type) == "string"


def test_lossy_values_are_counted(tmp_path, monkeypatch):
    import sqlite3

    with sqlite3.connect(tmp_path / "lossy.db") as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?)", [(1,), ("one",), ("two",)])
    monkeypatch.setenv(DSN, f"sqlite:///{tmp_path / 'lossy.db'}")
    rows = penstock.read("SELECT n FROM t", dsn_env=DSN, on_lossy="null")
    assert rows.to_pyarrow().column("n").null_count == 2
    assert rows.lossy == [penstock.LossyColumn("n", nulled=2)]


def test_a_read_in_parts_says_how(shop):
    rows = penstock.read("SELECT * FROM orders", dsn_env=DSN, partition_on="id", partitions=2)
    assert rows.to_pyarrow().num_rows == 587
    assert rows.partitions is not None and rows.partitions.how


def test_variables_stand_over_the_environment(shop, tmp_path, recipe):
    import os

    from conftest import make_shop

    other = make_shop(tmp_path / "other.db")
    os.rename(shop, tmp_path / "gone.db")
    with pytest.raises(penstock.Error):
        orders()
    assert orders(variables={DSN: f"sqlite:///{other}"}).to_pyarrow().num_rows == 587
    text = recipe().read_text().replace("most: 10", "most: '${PENSTOCK_PARAM_MOST}'").replace(":most", "CAST(:most AS int)")
    recipe().write_text(text)
    table = penstock.read(tmp_path / "orders.yaml",
                          variables={DSN: f"sqlite:///{other}", "PENSTOCK_PARAM_MOST": "1"}).to_pyarrow()
    assert table.num_rows == 7


# RS-018
@pytest.mark.parametrize("name", ["PENSTOCK_SQL_ALLOW_PRIVATE", "RECOTEM_SQL_ALLOW_PRIVATE", "PENSTOCK_MAX_SQL_ROWS",
                                  "PATH", "lower"])
def test_variables_never_set_what_the_program_obeys(shop, name):
    with pytest.raises(penstock.UsageError, match="variables holds DSNs and parameters"):
        orders(variables={name: "1"})


# RS-016 RS-018
def test_the_guard_binds_the_package_too(monkeypatch):
    monkeypatch.delenv("PENSTOCK_SQL_ALLOW_PRIVATE", raising=False)
    monkeypatch.setenv(DSN, "postgresql://reader:secret@127.0.0.1:5432/shop")
    with pytest.raises(PermissionError) as caught:
        penstock.read("SELECT 1", dsn_env=DSN)
    assert isinstance(caught.value, penstock.RefusedError) and "secret" not in str(caught.value)
