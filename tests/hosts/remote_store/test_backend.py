"""QueryBackend with `url`: through Penstock, in the words of the host's document."""

import concurrent.futures
import datetime
import io
import sqlite3

import penstock
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
import remote_store
from conftest import EXACT, EXACT_ROW, OPT_IN, QUERIES, ROWS, SERVERS, server_url
from penstock.remote_store import _FORMATS, QueryBackend
from remote_store import Capability

NEVER = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
READERS = {
    "parquet": pyarrow.parquet.read_table,
    "csv": pyarrow.csv.read_csv,
    "arrow": lambda file: pyarrow.ipc.open_file(file).read_all(),
}


@pytest.fixture
def backend(url):
    return QueryBackend(url, queries=QUERIES)


# SQL-QUERY-001 SQL-QUERY-011
@pytest.mark.parametrize("arguments, kind, message", [
    ({}, ValueError, "Exactly one of 'url' or 'engine' must be provided"),
    ({"url": "sqlite://", "engine": object()}, ValueError, "Exactly one of 'url' or 'engine' must be provided"),
    ({"url": "sqlite://", "queries": {" ": "SELECT 1"}}, ValueError, "Query key must be a non-empty string"),
    ({"url": "sqlite://", "queries": {"a.csv": " "}}, ValueError,
     "SQL query for key 'a.csv' must be a non-empty string"),
    ({"url": "sqlite://", "queries": {"a.csv": {}}}, ValueError,
     "SQL query for key 'a.csv' must be a non-empty string"),
    ({"url": "sqlite://", "strict": False}, NotImplementedError,
     "View/convention discovery (strict=False) is not yet implemented"),
    ({"url": " "}, ValueError, "'url' must be a non-empty string"),
    ({"url": "shop.db"}, ValueError, "url does not begin with DIALECT://"),
    ({"url": "oracle://me:hush@host/x"}, ValueError,
     "unsupported SQL dialect 'oracle'; officially supported: ['mysql', 'postgres', 'sqlite']."),
    ({"url": "sqlite://", "limits": {"rows": 0}}, ValueError, None),
    ({"url": "sqlite://", "rows": 3}, TypeError, "QueryBackend() has no argument 'rows'"),
])
def test_what_cannot_be_is_refused_when_it_is_made(arguments, kind, message):
    with pytest.raises(kind) as refused:
        QueryBackend(**arguments)
    assert message is None or str(refused.value) == message
    assert "hush" not in repr(refused.value) + repr(refused.value.__cause__)


# SQL-QUERY-002 SQL-QUERY-003 SQL-QUERY-004
def test_it_says_what_it_is_and_never_with_what_password(backend):
    assert isinstance(backend, remote_store.Backend)
    assert backend.name == "sql-query"
    assert {capability.name for capability in QueryBackend.CAPABILITIES} == {
        "READ", "LIST", "METADATA", "GLOB", "SEEKABLE_READ"}
    assert backend.capabilities is QueryBackend.CAPABILITIES
    assert repr(backend) == "SQLQueryBackend(dialect='sqlite', keys=5, strict=True)"
    secret = QueryBackend("postgresql+psycopg2://me:hush@db.example/shop", queries={"a.csv": "SELECT 1"})
    assert repr(secret) == "SQLQueryBackend(dialect='postgresql', keys=1, strict=True)"
    assert "hush" not in repr(vars(secret)["_store"])


# SQL-QUERY-010
def test_a_key_is_any_text_and_found_by_all_of_it():
    keys = ["what?.csv", "{region}.csv", "données/😀.csv", "a b.csv", 'quoted"\\.csv']
    backend = QueryBackend("sqlite://", queries={key: f"SELECT {i} AS i" for i, key in enumerate(keys)})
    assert [backend.read_bytes(key) for key in keys] == [f'"i"\n{i}\n'.encode() for i in range(len(keys))]
    for key in ("eu.csv", "a b", "A B.csv", "what", "./a b.csv", "a b.csv/"):
        with pytest.raises(remote_store.NotFound) as missing:
            backend.read(key)
        assert missing.value.args == (f"No query registered for key: {key}",)
        assert (missing.value.path, missing.value.backend) == (key, "sql-query")


# SQL-QUERY-012
@pytest.mark.parametrize("extension", sorted(_FORMATS))
def test_the_extension_says_the_format(url, extension):
    key = f"x/orders{extension.upper()}"
    backend = QueryBackend(url, queries={key: QUERIES["reports/all.parquet"]})
    plan = backend.resolve(key)
    assert (plan.kind, plan.backend, plan.key, plan.native_path) == ("sql-query", "sql-query", key, key)
    assert dict(plan.details) == {"source": "explicit", "format": _FORMATS[extension]}
    magic = {"parquet": b"PAR1", "csv": b'"id",', "arrow": b"ARROW1", "arrows": b"\xff\xff\xff\xff", "jsonl": b'{"id":',
             "csv.gz": b"\x1f\x8b", "jsonl.gz": b"\x1f\x8b"}
    assert backend.read_bytes(key).startswith(magic[_FORMATS[extension]])


# SQL-QUERY-012 SQL-QUERY-070
def test_a_key_of_another_extension_is_listed_and_not_read():
    backend = QueryBackend("sqlite://", queries={"a.xlsx": "SELECT 1", "b": "SELECT 1"})
    assert [info.name for info in backend.list_files("")] == ["a.xlsx", "b"]
    assert backend.resolve("b").details["format"] == "unknown"
    for key, extension in (("a.xlsx", ".xlsx"), ("b", "")):
        with pytest.raises(remote_store.InvalidPath) as refused:
            backend.read(key)
        assert refused.value.args == (
            f"Unsupported format '{extension}' for key '{key}'. Supported: {', '.join(sorted(_FORMATS))}",)


# SQL-QUERY-020 SQL-QUERY-021 SQL-QUERY-014
@pytest.mark.parametrize("format", sorted(READERS))
def test_a_result_is_a_file_to_be_read_in_any_order(backend, format):
    key = f"reports/all.{format}"
    with backend.read(key) as file:
        assert file.seekable() and file.readable() and not file.writable()
        table = READERS[format](file)
        file.seek(-7, io.SEEK_END)
        end = file.read()
        file.seek(0)
        whole = file.read()
    assert whole == backend.read_bytes(key) and whole.endswith(end)
    assert table["id"].to_pylist() == [row[0] for row in ROWS]
    if format != "csv":
        assert table["total"].to_pylist() == [row[1] for row in ROWS]
        assert table["region"].null_count == 34


# SQL-QUERY-014
@pytest.mark.parametrize("extension", ["parquet", "arrow", "csv"])
def test_no_rows_are_a_file_with_its_columns(url, extension):
    key = f"none.{extension}"
    backend = QueryBackend(url, queries={key: "SELECT id, total FROM orders WHERE 1 = 0"})
    table = READERS[extension](io.BytesIO(backend.read_bytes(key)))
    assert (table.num_rows, table.column_names) == (0, ["id", "total"])
    assert extension == "csv" or table.schema.field("total").type == pyarrow.decimal128(10, 1)


# SQL-QUERY-020
@pytest.mark.parametrize("server", SERVERS)
def test_values_are_exact_from_every_server(monkeypatch, server):
    monkeypatch.setenv(OPT_IN, "1")
    backend = QueryBackend(server_url(server), queries={"a.parquet": EXACT})
    backend.check_health()
    assert pyarrow.parquet.read_table(io.BytesIO(backend.read_bytes("a.parquet"))).to_pylist() == [EXACT_ROW]


# SQL-QUERY-021
def test_the_bytes_are_those_of_every_other_face(url, backend, tmp_path):
    from_store = penstock.Store.of_queries(QUERIES, dsn_env="PENSTOCK_X_DSN", variables={"PENSTOCK_X_DSN": url})
    for key in QUERIES:
        assert backend.read_bytes(key) == from_store.read_bytes(key)


# SQL-QUERY-030 SQL-QUERY-040
def test_files_are_listed_from_the_keys_alone(backend, shop):
    shop.unlink()  # the database is not asked

    def listed(path, **how):
        return [str(info.path) for info in backend.list_files(path, **how)]

    assert listed("", recursive=True) == sorted(QUERIES)
    assert listed("") == listed(".") == ["top.csv"]
    assert listed("", recursive=True, max_depth=0) == ["top.csv"]
    assert listed("", recursive=True, max_depth=1) == [
        "reports/all.arrow", "reports/all.csv", "reports/all.parquet", "top.csv"]
    assert listed("", max_depth=9) == ["top.csv"]
    assert listed("nothing") == listed("top.csv") == []
    info = backend.get_file_info("reports/all.csv")
    assert isinstance(info, remote_store.FileInfo)
    assert (str(info.path), info.name, info.size, info.modified_at, info.extra) == (
        "reports/all.csv", "all.csv", 0, NEVER, {"materialized": False})
    with pytest.raises(remote_store.NotFound, match="No query registered for key: reports"):
        backend.get_file_info("reports")


# SQL-QUERY-031 SQL-QUERY-041
def test_folders_are_what_the_keys_have_before_a_slash(backend):
    assert [(str(folder.path), folder.name) for folder in backend.list_folders("")] == [("reports", "reports")]
    assert [str(folder.path) for folder in backend.list_folders("reports")] == ["reports/eu"]
    assert {entry.name for entry in backend.iter_children("reports")} == {"eu", "all.csv", "all.parquet", "all.arrow"}
    info = backend.get_folder_info("reports")
    assert (str(info.path), info.file_count, info.total_size, info.modified_at) == ("reports", 4, 0, None)
    assert backend.get_folder_info("").file_count == backend.get_folder_info(".").file_count == 5
    assert QueryBackend("sqlite://").get_folder_info("").file_count == 0
    with pytest.raises(remote_store.NotFound, match="Folder not found: nothing"):
        backend.get_folder_info("nothing")


# SQL-QUERY-032
def test_a_pattern_finds_keys(backend):
    def found(pattern):
        return [str(info.path) for info in backend.glob(pattern)]

    assert found("**/*.csv") == ["reports/all.csv", "reports/eu/count.csv", "top.csv"]
    assert found("reports/*") == ["reports/all.arrow", "reports/all.csv", "reports/all.parquet"]
    assert found("*/all.[!c]*") == ["reports/all.arrow", "reports/all.parquet"]
    assert found("?op.csv") == ["top.csv"] and found("*.xlsx") == []
    for kind in (ValueError, remote_store.InvalidPath):
        with pytest.raises(kind, match="must be a complete path segment"):
            backend.glob("**csv")


# SQL-QUERY-042 SQL-QUERY-043 SQL-QUERY-044
@pytest.mark.parametrize("path, file, folder", [
    ("", False, True), (".", False, True), ("reports", False, True), ("reports/eu", False, True),
    ("reports/all.csv", True, False), ("reports/all", False, False), ("rep", False, False), ("top.csv/x", False, False),
])
def test_a_path_is_a_file_a_folder_or_nothing(backend, path, file, folder):
    assert (backend.is_file(path), backend.is_folder(path), backend.exists(path)) == (file, folder, file or folder)


# SQL-QUERY-050
@pytest.mark.parametrize("method, arguments, capability", [
    ("write", ("a.csv", b""), "write"), ("write_atomic", ("a.csv", b""), "atomic_write"),
    ("open_atomic", ("a.csv",), "atomic_write"), ("delete", ("top.csv",), "delete"),
    ("delete_folder", ("reports",), "delete"), ("move", ("top.csv", "b.csv"), "move"),
    ("copy", ("top.csv", "b.csv"), "copy"),
])
def test_nothing_is_written(backend, method, arguments, capability):
    with pytest.raises(remote_store.CapabilityNotSupported, match="SQL query backend is read-only") as refused:
        getattr(backend, method)(*arguments)
    assert (refused.value.backend, refused.value.capability) == ("sql-query", capability)
    assert not backend.capabilities.supports(Capability.WRITE)


# SQL-QUERY-060
def test_health_is_one_select(backend, shop, monkeypatch):
    assert backend.check_health() is None
    shop.unlink()
    with pytest.raises(remote_store.BackendUnavailable, match="^Database health check failed: "):
        backend.check_health()
    monkeypatch.setenv(OPT_IN, "1")
    nobody = QueryBackend("postgresql://me:hush@127.0.0.1:1/shop")
    with pytest.raises(remote_store.BackendUnavailable, match="^Database health check failed: ") as failed:
        nobody.check_health()
    assert "hush" not in str(failed.value)


# SQL-QUERY-061
def test_it_may_be_used_after_its_end(backend):
    with backend.read("top.csv") as file:
        backend.close()
        assert file.read() == backend.read_bytes("top.csv")
    backend.check_health()
    assert not backend.close_is_terminal


# SQL-QUERY-062
def test_what_it_wraps_is_a_store(backend):
    from sqlalchemy import Engine

    assert backend.unwrap(penstock.Store).read_bytes("top.csv") == backend.read_bytes("top.csv")
    for kind in (Engine, str, object):
        with pytest.raises(remote_store.CapabilityNotSupported) as refused:
            backend.unwrap(kind)
        assert refused.value.__notes__ == ["hint: there is penstock.Store with url, sqlalchemy.Engine with engine"]


# SQL-QUERY-063
def test_readers_of_a_sqlite_file_do_not_wait_for_a_writer(backend, shop):
    backend.read_bytes("top.csv")
    with sqlite3.connect(shop) as writer:
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        writer.execute("UPDATE orders SET id = id + 1")
        assert backend.read_bytes("top.csv") == f'"id"\n{2**53 + 99}\n'.encode()
    writer.close()


# SQL-QUERY-070
def test_every_failure_is_the_hosts_and_has_its_cause(url, monkeypatch):
    queries = {"gone.csv": "SELECT x FROM nowhere", "two.csv": "SELECT 1 AS a, 2 AS a", "write.csv": "DELETE FROM orders",
               "most.csv": "SELECT id FROM orders", "bound.csv": "SELECT id FROM orders WHERE id = :id",
               "long.csv": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"}
    backend = QueryBackend(url, queries=queries, limits={"rows": 10}, statement_timeout_seconds=1)
    for key, kind, cause, message in [
        ("gone.csv", remote_store.RemoteStoreError, penstock.DataSourceError, "Database error: "),
        ("two.csv", remote_store.RemoteStoreError, penstock.DataSourceError,
         "Database error: the result has more than one column named 'a'"),
        ("write.csv", remote_store.BackendUnavailable, penstock.RefusedError, ""),
        ("most.csv", remote_store.RemoteStoreError, penstock.LimitError,
         "query result exceeds limits.rows=10 rows; tighten the query or raise the cap"),
        ("bound.csv", remote_store.RemoteStoreError, penstock.RecipeError, ""),
        ("long.csv", remote_store.BackendUnavailable, penstock.TimeoutError, "Database operation failed: "),
    ]:
        with pytest.raises(remote_store.RemoteStoreError) as failed:
            backend.read(key)
        assert (type(failed.value), failed.value.path, failed.value.backend) == (kind, key, "sql-query"), key
        assert isinstance(failed.value.__cause__, cause) and failed.value.args[0].startswith(message), key
        hint = failed.value.__cause__.hint
        assert getattr(failed.value, "__notes__", []) == ([f"hint: {hint}"] if hint else [])


# SQL-QUERY-080
@pytest.mark.parametrize("path, message", [
    ("a\0.csv", "Path contains null byte"), ("/top.csv", "Absolute paths are not allowed"),
    ("reports/../top.csv", "Path contains '..' segment"),
])
def test_a_path_that_cannot_be_is_refused_everywhere(backend, path, message):
    for method in ("read", "read_bytes", "get_file_info", "get_folder_info", "exists", "is_file", "is_folder",
                   "list_files", "list_folders"):
        with pytest.raises(remote_store.InvalidPath) as refused:
            getattr(backend, method)(path)
        assert refused.value.args == (message,), method
    for method in ("read", "read_bytes", "get_file_info"):
        for root in ("", "."):
            with pytest.raises(remote_store.InvalidPath, match="Path must not be empty for file operations"):
                getattr(backend, method)(root)


# SQL-QUERY-090 SQL-QUERY-091
def test_a_large_result_streams_in_constant_memory(script):
    rows = script("""
import resource
from penstock.remote_store import QueryBackend
backend = QueryBackend("sqlite://", queries={"a.csv": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
    "i < 2000000) SELECT i, printf('%060d', i) AS padded FROM n", "small.csv": "SELECT 1 AS i"})
backend.read_bytes("small.csv")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with backend.read("a.csv") as file:
    lines = sum(chunk.count(b"\\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    size = file.tell()
print(lines, size > 130_000_000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024)
""")
    assert rows == "2000001 True True\n"


# SQL-QUERY-005
def test_it_needs_neither_sqlalchemy_nor_pyarrow(script, url):
    loaded = script("""
import sys
from penstock.remote_store import QueryBackend
from remote_store import Store
for name in ("sqlalchemy", "pyarrow"):
    assert name not in sys.modules, name
    sys.modules[name] = None  # cannot be imported
queries = {"a.parquet": "SELECT id FROM orders", "a.csv": "SELECT id FROM orders"}
print(len(Store(QueryBackend(sys.argv[1], queries=queries)).read_bytes("a.csv").splitlines()))
for arguments in ({"engine": object()}, {"url": sys.argv[1], "serializer": object()}):
    try:
        QueryBackend(**arguments)
    except ImportError as error:
        print(error)
""", url)
    missing = "SQLQueryBackend requires 'pyarrow'. Install with: pip install remote-store[sql-query]\n"
    assert loaded == f"101\n{missing}{missing}"


# SQL-QUERY-005
def test_an_engine_needs_sqlalchemy(script):
    assert script("""
import sys
from penstock.remote_store import QueryBackend
sys.modules["sqlalchemy"] = None
try:
    QueryBackend(engine=object())
except ImportError as error:
    print(error)
""") == "SQLAlchemy backends require the 'sqlalchemy' package. Install with: pip install remote-store[sql]\n"


# SQL-QUERY-090
def test_any_number_of_threads_may_read(backend):
    keys = list(QUERIES) * 16
    expected = {key: backend.read_bytes(key) for key in QUERIES}

    def read(key):
        with backend.read(key) as file:
            assert backend.exists(key) and len(list(backend.glob("**"))) == 5
            return file.read()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(read, keys)) == [expected[key] for key in keys]


# SQL-QUERY-040 SQL-QUERY-041
def test_what_a_cache_holds_has_its_size_and_its_time(url, tmp_path):
    backend = QueryBackend(url, queries=QUERIES, cache={"path": str(tmp_path / "cache"), "ttl": "1h", "size": "1MiB"})
    size = len(backend.read_bytes("reports/all.csv"))
    info = backend.get_file_info("reports/all.csv")
    assert (info.size, info.extra) == (size, {"materialized": True})
    assert abs(datetime.datetime.now(datetime.timezone.utc) - info.modified_at) < datetime.timedelta(minutes=5)
    folder = backend.get_folder_info("reports")
    assert (folder.total_size, folder.modified_at) == (size, info.modified_at)


# SQL-QUERY-010
def test_a_query_may_have_what_a_manifest_gives_it(url):
    backend = QueryBackend(url, types={"columns": {"total": "float64"}}, queries={
        "of/{region}.parquet": {
            "query": "SELECT id, total FROM orders WHERE region = :region AND id < :below",
            "parameters": {"region": {"type": "str", "choices": ["eu", "us"]},
                           "below": {"type": "int", "default": 2**53 + 9}},
            "limits": {"rows": 50},
        }})
    assert list(backend.list_files("", recursive=True)) == [] and backend.is_folder("of")
    table = pyarrow.parquet.read_table(io.BytesIO(backend.read_bytes("of/eu.parquet")))
    assert (table.num_rows, table.schema.field("total").type) == (6, pyarrow.float64())
    with pytest.raises(remote_store.RemoteStoreError, match="exceeds"):
        backend.read(f"of/eu.parquet?below={2**53 + 99}")
    with pytest.raises(remote_store.NotFound):
        backend.read("of/asia.parquet")
