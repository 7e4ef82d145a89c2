"""QueryBackend with `engine`, a SQLAlchemy Engine of the program's, and with a serializer of its own: rows in memory."""

import datetime
import decimal
import io
import json
import sqlite3

import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest
import remote_store
import sqlalchemy
from conftest import EXACT, EXACT_ROW, OPT_IN, QUERIES, ROWS, SERVERS, server_url
from penstock.remote_store import QueryBackend
from remote_store.backends import ResultSerializer
from sqlalchemy import event

DRIVERS = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}


@pytest.fixture
def engine(url):
    engine = sqlalchemy.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def server_engine():
    """Makes the Engine of a server that the launcher started."""
    made = []

    def make(name):
        place = server_url(name).partition("://")[2].partition("?")[0]
        made.append(sqlalchemy.create_engine(f"{DRIVERS[name]}://{place}"))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


class JsonRows:
    """A program's own serializer: a JSON list of what it is given."""

    def serialize(self, rows, columns, format):
        return json.dumps([format, list(columns), [[str(value) for value in row] for row in rows]]).encode()


# SQL-QUERY-013
def test_a_serializer_is_whatever_serializes():
    assert isinstance(JsonRows(), ResultSerializer)


# SQL-QUERY-001 SQL-QUERY-004
def test_an_engine_takes_sql_alone(engine):
    assert repr(QueryBackend(engine=engine, queries=QUERIES)) == (
        "SQLQueryBackend(dialect='sqlite', keys=5, strict=True)")
    with pytest.raises(ValueError, match="'limits' is for 'url'"):
        QueryBackend(engine=engine, limits={"rows": 5})
    with pytest.raises(ValueError, match="SQL query for key 'a.csv' must be a string"):
        QueryBackend(engine=engine, queries={"a.csv": {"query": "SELECT 1"}})


# SQL-QUERY-020 SQL-QUERY-021 SQL-QUERY-014
def test_an_engines_rows_are_a_file(engine):
    backend = QueryBackend(engine=engine, queries=QUERIES)
    parquet = pyarrow.parquet.read_table(backend.read("reports/all.parquet"))
    csv = pyarrow.csv.read_csv(backend.read("reports/all.csv"))
    arrow = pyarrow.ipc.open_file(backend.read("reports/all.arrow")).read_all()
    for table in (parquet, csv, arrow):
        assert table["id"].to_pylist() == [row[0] for row in ROWS]
    file = backend.read("top.csv")
    assert file.seekable() and file.read() == backend.read_bytes("top.csv") == f'"id"\n{2**53 + 99}\n'.encode()


# SQL-QUERY-014
def test_no_rows_of_an_engine_are_a_file_with_its_columns(engine):
    backend = QueryBackend(engine=engine, queries={"a.parquet": "SELECT id, region FROM orders WHERE 1 = 0"})
    table = pyarrow.parquet.read_table(backend.read("a.parquet"))
    assert (table.num_rows, table.column_names) == (0, ["id", "region"])


# SQL-QUERY-020 SQL-QUERY-060
@pytest.mark.parametrize("server", list(DRIVERS))
def test_a_servers_engine_is_read(server_engine, server):
    backend = QueryBackend(engine=server_engine(server), queries={"a.parquet": EXACT})
    backend.check_health()
    assert pyarrow.parquet.read_table(io.BytesIO(backend.read_bytes("a.parquet"))).to_pylist() == [EXACT_ROW]


# SQL-QUERY-012
def test_rows_have_the_documents_formats_alone(engine):
    backend = QueryBackend(engine=engine, queries={"a.jsonl": "SELECT 1 AS a", "b": "SELECT 1 AS a"})
    for key, extension in (("a.jsonl", ".jsonl"), ("b", "")):
        assert backend.resolve(key).details["format"] == "unknown"
        with pytest.raises(remote_store.InvalidPath) as refused:
            backend.read(key)
        assert refused.value.args == (
            f"Unsupported format '{extension}' for key '{key}'. Supported: .arrow, .csv, .ipc, .parquet",)


# SQL-QUERY-013
def test_a_serializer_gets_an_engines_rows(engine):
    queries = {"a.ipc": "SELECT 1 AS a, 'x' AS b, 2 AS a", "b.parquet": "SELECT 1 AS a WHERE 1 = 0"}
    backend = QueryBackend(engine=engine, queries=queries, serializer=JsonRows())
    assert json.loads(backend.read_bytes("a.ipc")) == ["arrow", ["a", "b", "a"], [["1", "x", "2"]]]
    assert json.loads(backend.read("b.parquet").read()) == ["parquet", ["a"], []]


class Kept:
    """Keeps what it is given."""

    def serialize(self, rows, columns, format):
        self.given = (rows, columns, format)
        return b"kept"


# SQL-QUERY-013
@pytest.mark.parametrize("server", [None, *SERVERS])
def test_a_serializer_gets_the_rows_of_a_url(monkeypatch, url, server):
    kept = Kept()
    if server is None:
        select = "SELECT id, total, region FROM orders ORDER BY id LIMIT 2"
        expected = [(2**53, decimal.Decimal("0.0"), None), (2**53 + 1, decimal.Decimal("0.1"), "eu")]
    else:
        monkeypatch.setenv(OPT_IN, "1")
        select, expected = EXACT, [(2**53 + 1, decimal.Decimal("12.30"), datetime.date(2026, 3, 17))]
    queries = {"a.csv": select, "none.csv": select.replace(" LIMIT 2", " LIMIT 0")}
    backend = QueryBackend(url if server is None else server_url(server), queries=queries, serializer=kept)
    assert backend.read_bytes("a.csv") == b"kept"
    rows, columns, format = kept.given
    assert (rows, len(columns), format) == (expected, 3, "csv")
    if server is None:
        backend.read_bytes("none.csv")
        assert kept.given == ([], ["id", "total", "region"], "csv")


# SQL-QUERY-013 SQL-QUERY-070
def test_a_serializer_is_under_the_caps_of_its_url(url):
    backend = QueryBackend(url, queries=QUERIES, serializer=JsonRows(), limits={"rows": 5})
    with pytest.raises(remote_store.RemoteStoreError, match="query result exceeds limits.rows=5 rows"):
        backend.read("reports/all.csv")


# SQL-QUERY-070
def test_an_engines_failures_are_the_hosts(engine, shop):
    queries = {"gone.csv": "SELECT x FROM nowhere WHERE 'hush' = 'hush'", "two.parquet": "SELECT 1 AS a, 2 AS a",
               "write.csv": "DELETE FROM orders", "mixed.parquet": "SELECT 1 AS a UNION ALL SELECT 'x'"}
    backend = QueryBackend(engine=engine, queries=queries)
    for key, kind, message in [
        ("gone.csv", remote_store.BackendUnavailable,
         "Database operation failed: (sqlite3.OperationalError) no such table: nowhere"),
        ("two.parquet", remote_store.RemoteStoreError, "the result has more than one column named 'a'"),
        ("write.csv", remote_store.RemoteStoreError, "Database error: "),
        ("mixed.parquet", remote_store.RemoteStoreError, "Database error: "),
        ("other.csv", remote_store.NotFound, "No query registered for key: other.csv"),
    ]:
        with pytest.raises(remote_store.RemoteStoreError) as failed:
            backend.read(key)
        assert (type(failed.value), failed.value.path, failed.value.backend) == (kind, key, "sql-query"), key
        assert failed.value.args[0].startswith(message) and "hush" not in str(failed.value), key
    with sqlite3.connect(shop) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (100,)
    connection.close()


# SQL-QUERY-060
def test_an_engine_that_does_not_answer_is_unavailable(tmp_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/no/such/folder.db")
    with pytest.raises(remote_store.BackendUnavailable, match="^Database health check failed: .*unable to open"):
        QueryBackend(engine=engine).check_health()
    engine.dispose()


# SQL-QUERY-061 SQL-QUERY-062
def test_an_engine_is_borrowed(engine):
    disposed = []
    event.listen(engine, "engine_disposed", disposed.append)
    with remote_store.Store(QueryBackend(engine=engine, queries=QUERIES)) as store:
        assert store.unwrap(sqlalchemy.Engine) is engine
        store.read_bytes("top.csv")
    assert disposed == []
    with pytest.raises(remote_store.CapabilityNotSupported):
        QueryBackend(engine=engine).unwrap(object)


# SQL-QUERY-063
def test_an_engine_of_sqlite_is_set_once(engine, shop):
    QueryBackend(engine=engine)
    backend = QueryBackend(engine=engine, queries={"a.csv": "PRAGMA synchronous"})
    statements = []
    event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(statements.append))
    assert backend.read_bytes("a.csv") == b'"synchronous"\n1\n'
    assert len([one for one in statements if "journal_mode" in one]) <= 1
    with sqlite3.connect(shop) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
