"""penstock.Store, its file system for fsspec, and scan_polars: a manifest's keys, by name and by URL."""

import datetime
import io

import pyarrow.parquet
import pytest
from conftest import DSN

import penstock

MANIFEST = f"""
name: shop
dsn_env: {DSN}
queries:
  reports/all.parquet: SELECT id, total, customer FROM orders ORDER BY id
  reports/of/{{customer}}.csv:
    query: SELECT id FROM orders WHERE customer = :customer
    parameters: {{customer: {{type: int}}}}
  top.csv: SELECT count(*) AS c FROM orders
"""


@pytest.fixture
def manifest(shop, tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(MANIFEST)
    return path


@pytest.fixture
def store(manifest):
    return penstock.Store(manifest)


# SQL-QUERY-030 SQL-QUERY-031 SQL-QUERY-032
def test_a_store_lists_its_keys(store):
    assert [info.path for info in store.list_files(recursive=True)] == ["reports/all.parquet", "top.csv"]
    assert [info.path for info in store.list_files()] == ["top.csv"]
    assert store.list_folders() == ["reports"]
    assert [info.path for info in store.glob("**/*.parquet")] == ["reports/all.parquet"]
    assert list(store.templates) == ["reports/of/{customer}.csv"]


# SQL-QUERY-040 SQL-QUERY-041 SQL-QUERY-042
def test_a_store_knows_its_keys(store):
    assert store.get_file_info("reports/all.parquet") == penstock.FileInfo(
        "reports/all.parquet", "all.parquet", 0, datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc), False)
    assert store.get_folder_info("reports").file_count == 1
    assert store.exists("reports") and store.is_file("top.csv") and not store.exists("nothing.csv")


# SQL-QUERY-020 SQL-QUERY-021
def test_a_key_is_read_as_bytes_in_any_order(store):
    with store.open("reports/all.parquet") as file:
        assert pyarrow.parquet.read_table(file).num_rows == 587
    whole = store.read_bytes("top.csv")
    assert whole == b'"c"\n587\n'
    with store.open("top.csv") as file:
        file.seek(-4, io.SEEK_END)
        assert file.read() == whole[-4:] and file.read() == b""
        file.seek(1)
        assert file.read(1) == b"c"
    assert store.read_bytes("reports/of/3.csv").count(b"\n") == 8


def test_a_keys_rows_come_without_a_file(store):
    assert store.rows("reports/all.parquet").to_pyarrow().num_rows == 587


# SQL-QUERY-070
def test_a_stores_errors_are_natural(store):
    for kind in (KeyError, FileNotFoundError, penstock.NotFound):
        with pytest.raises(kind):
            store.read_bytes("nothing.csv")
    with pytest.raises(penstock.InvalidPath):
        store.read_bytes("../etc/passwd")
    store.check_health()
    store.close()
    with pytest.raises(penstock.UsageError):
        store.read_bytes("top.csv")


def test_a_store_is_made_of_queries_without_a_file(shop):
    with penstock.Store.of_queries({"a.csv": "SELECT 1 AS one"}, dsn_env=DSN) as store:
        assert store.read_bytes("a.csv") == b'"one"\n1\n'
        assert repr(store) == "SQLQueryBackend(dialect='sqlite', keys=1, strict=True)"


def test_pandas_reads_a_key_by_url(manifest):
    import pandas

    assert len(pandas.read_parquet(f"penstock://{manifest}!reports/all.parquet")) == 587
    assert pandas.read_csv(f"penstock://{manifest}!top.csv")["c"][0] == 587


def test_pyarrow_reads_a_key_through_fsspec(manifest):
    import fsspec

    system = fsspec.filesystem("penstock")
    assert pyarrow.parquet.read_table(f"{manifest}!reports/all.parquet", filesystem=system).num_rows == 587
    assert system.ls(f"{manifest}!", detail=False) == [f"{manifest}!reports", f"{manifest}!top.csv"]
    assert system.exists(f"{manifest}!top.csv") and not system.exists(f"{manifest}!nothing.csv")


def test_dask_reads_a_key_by_url(manifest):
    import dask.dataframe

    assert len(dask.dataframe.read_csv(f"penstock://{manifest}!top.csv", blocksize=None)) == 1


def test_duckdb_reads_a_key_by_url(manifest):
    import duckdb
    import fsspec

    connection = duckdb.connect()
    connection.register_filesystem(fsspec.filesystem("penstock"))
    url = f"penstock://{manifest}!reports/all.parquet"
    assert connection.sql(f"SELECT count(*), max(id) FROM read_parquet('{url}')").fetchall() == [(587, 2**53 + 586)]


def test_polars_scans_a_key(manifest, store):
    import polars

    for lazy in (penstock.scan_polars(f"penstock://{manifest}!reports/all.parquet"),
                 penstock.scan_polars("reports/all.parquet", store=store)):
        assert lazy.collect_schema()["id"] == polars.Int64
        frame = lazy.filter(polars.col("customer") == 3).select("id").collect()
        assert (frame.height, frame.columns) == (7, ["id"])
        assert lazy.head(5).collect().height == 5
