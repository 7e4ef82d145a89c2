"""penstock.Store, its file system for fsspec, and scan_polars: a manifest's keys, by name and by URL."""

import datetime
import io
import threading

import pyarrow
import pyarrow.parquet
import pytest
from conftest import DIALECTS, DSN, LONG, THOUSAND, Script, end_by_ctrl_c, variable

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


# One thread may have any number of streams open; were they to wait for each other, it would for ever.
def test_streams_of_rows_count_beside_the_connections_of_files(monkeypatch):
    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    with penstock.Store.of_queries({"n.csv": THOUSAND}, dsn_env=DSN, connections=1) as store:
        streams = [store.rows("n.csv") for _ in range(4)]
        assert store.read_bytes("n.csv").count(b"\n") == 1001
        assert [stream.to_pyarrow().num_rows for stream in streams] == [1000] * 4


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


def test_pyarrow_reads_a_key_by_url(manifest):
    assert pyarrow.parquet.read_table(f"fsspec+penstock://{manifest}!reports/all.parquet").num_rows == 587


# SQL-QUERY-032
def test_fsspec_finds_keys_by_pattern(manifest):
    import fsspec

    system = fsspec.filesystem("penstock")
    for pattern, found in {"**/*.csv": ["top.csv"], "*": ["top.csv"], "reports/*": ["reports/all.parquet"],
                           "t?p.csv": ["top.csv"], "**/*": ["reports/all.parquet", "top.csv"], "*.x": []}.items():
        assert system.glob(f"{manifest}!{pattern}") == [f"{manifest}!{key}" for key in found], pattern
    assert system.glob(f"penstock://{manifest}!*.csv", detail=True)[f"{manifest}!top.csv"]["type"] == "file"


def test_a_key_with_parameters_behind_it_is_no_pattern(shop, tmp_path):
    import duckdb
    import fsspec
    import pandas

    path = tmp_path / "shop.yaml"
    path.write_text(f"name: shop\ndsn_env: {DSN}\nqueries:\n  of.csv:\n    parameters: {{c: {{type: int, default: 1}}}}\n"
                    "    query: SELECT count(*) AS n FROM orders WHERE customer = :c AND id < 9007199254741092\n")
    url = f"penstock://{path}!of.csv?c=2"
    assert pandas.read_csv(url)["n"].to_list() == [2]
    assert pandas.read_csv(url.replace("c=2", "c=500"))["n"].to_list() == [0]
    connection = duckdb.connect()
    connection.register_filesystem(fsspec.filesystem("penstock"))
    assert connection.sql(f"SELECT n FROM read_csv('{url}')").fetchall() == [(2,)]


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


def test_a_manifest_that_changed_is_read_again(manifest):
    import pandas

    assert pandas.read_csv(f"penstock://{manifest}!top.csv")["c"][0] == 587
    manifest.write_text(MANIFEST.replace("count(*) AS c FROM orders", "1 AS c"))
    assert pandas.read_csv(f"penstock://{manifest}!top.csv")["c"][0] == 1


# SQL-QUERY-050
@pytest.mark.parametrize("write", [lambda f, p: f.open(p, "wb"), lambda f, p: f.rm(p), lambda f, p: f.pipe(p, b"x"),
                                   lambda f, p: f.mkdir(p), lambda f, p: f.makedirs(p), lambda f, p: f.rmdir(p),
                                   lambda f, p: f.cp(p, p + "x"), lambda f, p: f.mv(p, p + "x"),
                                   lambda f, p: f.touch(p), lambda f, p: f.put(__file__, p)])
def test_nothing_is_written_through_a_file_system(manifest, write):
    import fsspec

    before = manifest.read_bytes()
    with pytest.raises(penstock.CapabilityNotSupported):
        write(fsspec.filesystem("penstock"), f"{manifest}!top.csv")
    assert manifest.read_bytes() == before and len(list(manifest.parent.iterdir())) == 2


def test_a_path_that_is_no_key_is_a_usage_error(shop):
    import fsspec

    for ask in (fsspec.filesystem("penstock").info, penstock.scan_polars):
        with pytest.raises(penstock.UsageError, match="a key's URL is penstock://MANIFEST!KEY"):
            ask("nothing.yaml")
    with pytest.raises(penstock.RecipeError, match="cannot read 'nothing.yaml'"):
        fsspec.filesystem("penstock").info("nothing.yaml!key.csv")


def test_events_of_a_store_go_to_the_call_that_made_them(monkeypatch):
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    calls = []

    def on_event(level, name, fields):
        calls.append((threading.get_ident(), name))
        raise ZeroDivisionError(name)

    with penstock.Store.of_queries({"a.csv": "SELECT 1 AS one"}, dsn_env=DSN, on_event=on_event) as store:
        for ask in (lambda: store.read_bytes("a.csv"), lambda: store.rows("a.csv"), store.check_health):
            with pytest.raises(ZeroDivisionError, match="sql_dsn_tls_not_configured"):
                ask()
        assert len(calls) == 3
        assert store.is_file("a.csv")  # what was raised is not kept for another


def test_a_store_that_is_closed_gives_no_rows(store):
    store.close()
    for ask in (store.rows, store.open):
        with pytest.raises(penstock.UsageError) as caught:
            ask("top.csv")
        assert caught.value.code == "store_closed"


def test_a_file_that_is_closed_is_given_back(store):
    import os

    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    files = [store.open("top.csv") for _ in range(5)]
    assert descriptors() == before + 5
    for file in files:
        file.close()
    assert descriptors() == before
    with pytest.raises(ValueError):
        files[0].raw.tell()


# SQL-QUERY-020 SQL-QUERY-061
def test_every_database_has_stores(server):
    with penstock.Store.of_queries({"n.parquet": THOUSAND}, dsn_env=DSN) as store:
        with store.open("n.parquet") as file:
            assert pyarrow.parquet.read_table(file).num_rows == 1000
        assert store.rows("n.parquet").dialect == DIALECTS[server]
        store.check_health()


# A Parquet file has an interval's parts, since Parquet has no interval; rows without a file have Arrow's own type.
def test_what_a_file_cannot_hold_is_no_matter_of_rows_without_one(monkeypatch):
    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    with penstock.Store.of_queries({"i.parquet": "SELECT '1 day'::interval AS i"}, dsn_env=DSN) as store:
        assert store.rows("i.parquet").to_pyarrow().schema.field("i").type == pyarrow.month_day_nano_interval()
        with store.open("i.parquet") as file:
            assert pyarrow.parquet.read_table(file)["i"].to_pylist() == [{"months": 0, "days": 1, "microseconds": 0}]


def test_ctrl_c_stops_a_read_of_a_store_on_the_server(server):
    code, out, err = end_by_ctrl_c(Script(f"""
import sys, penstock
store = penstock.Store.of_queries({{"a.csv": sys.argv[1]}}, dsn_env="{DSN}")
print("begun", flush=True)
try:
    store.read_bytes("a.csv")
except KeyboardInterrupt:
    print("KeyboardInterrupt")
""", LONG[server]), server)
    assert (code, out) == (0, "KeyboardInterrupt\n"), err


def test_dask_reads_parquet_by_url(manifest):
    import dask.dataframe

    frame = dask.dataframe.read_parquet(f"penstock://{manifest}!reports/all.parquet")
    assert frame["customer"].max().compute() == 96


SCAN = f"""
import sys, time, penstock
store = penstock.Store.of_queries({{"a.parquet": sys.argv[1]}}, dsn_env="{DSN}", on_event=lambda *_: None)
lazy = penstock.scan_polars("a.parquet", store=store)
print("begun", flush=True)
try:
    try:
        lazy.collect(engine=sys.argv[2])
    finally:  # polars' streaming engine raises one of its own, and leaves Python's to come
        time.sleep(0.2)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
print("end", flush=True)
"""


# The others are asked for the first row, and wait for it, when the schema is.
@pytest.mark.parametrize("server", ["postgres"], indirect=True)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_ctrl_c_stops_a_scan_of_polars_on_the_server(server, engine):
    assert end_by_ctrl_c(Script(SCAN, LONG[server], engine), server) == (0, "KeyboardInterrupt\nend\n", "")


def test_polars_scans_a_key(manifest, store):
    import polars

    for lazy in (penstock.scan_polars(f"penstock://{manifest}!reports/all.parquet"),
                 penstock.scan_polars("reports/all.parquet", store=store)):
        assert lazy.collect_schema()["id"] == polars.Int64
        frame = lazy.filter(polars.col("customer") == 3).select("id").collect()
        assert (frame.height, frame.columns) == (7, ["id"])
        assert lazy.head(5).collect().height == 5
