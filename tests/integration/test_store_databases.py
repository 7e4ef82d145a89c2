"""The store on SQLite, PostgreSQL, MariaDB and MySQL: the same tree, the same bytes, and not a row changed."""

import hashlib
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Penstock
from test_conformance import DIALECTS

MANIFEST = """
name: shop
dsn_env: PENSTOCK_SHOP_DSN
strict: false
discover: views
queries:
  items.csv: SELECT id, name FROM store_items ORDER BY id
  items/{name}.csv:
    query: SELECT id FROM store_items WHERE name = :name ORDER BY id
    parameters: {name: str}
  more.csv:
    query: SELECT id FROM store_items WHERE id >= :least AND name <> :other ORDER BY id
    parameters: {least: {type: int, default: 2}, other: {type: str, default: ""}}
"""
TABLES = ["store_items", "store_other"]


@pytest.fixture(scope="module", params=DIALECTS)
def database(request, tmp_path_factory):
    server = DIALECTS[request.param](tmp_path_factory.mktemp("store"))
    drop = "DROP VIEW IF EXISTS store_view; DROP TABLE IF EXISTS store_items; DROP TABLE IF EXISTS store_other;"
    server.run(f"""{drop}
        CREATE TABLE store_items (id integer PRIMARY KEY, name varchar(100) NOT NULL);
        INSERT INTO store_items VALUES (1, 'one'), (2, 'two'), (3, 'it''s'), (4, 'a/b');
        CREATE TABLE store_other (id integer PRIMARY KEY, name varchar(100));
        INSERT INTO store_other VALUES (1, 'kept'), (2, NULL);
        CREATE VIEW store_view AS SELECT id, name FROM store_items WHERE id > 2;""")
    if request.param == "postgresql":
        server.run("GRANT SELECT ON store_items, store_other, store_view TO PUBLIC;")
    server.dialect = request.param
    yield server
    server.run(drop)


@pytest.fixture
def store(database, tmp_path):
    penstock = Penstock(tmp_path)
    penstock.env |= {"PENSTOCK_SHOP_DSN": database.dsn, "PENSTOCK_SQL_ALLOW_PRIVATE": "1"}
    (tmp_path / "shop.yaml").write_text(MANIFEST)
    return lambda *args: penstock("store", "shop.yaml", *args)


def rows_of(database):
    """A hash of every row of the tables, by a way in that is not ours."""
    texts = []
    for table in TABLES:
        columns = "id, coalesce(name, '(null)')"
        if database.dialect == "sqlite":
            with sqlite3.connect(database.path) as connection:
                found = connection.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()
            connection.close()
        elif database.dialect == "postgresql":
            found = database.database.rows(f"SELECT {columns} FROM {table} ORDER BY id")
        else:
            found = database.run(f"SELECT {columns} FROM {table} ORDER BY id;")
        assert found
        texts.append(repr(found))
    return hashlib.sha256("".join(texts).encode()).hexdigest()


# SQL-QUERY-010, SQL-QUERY-020, SQL-QUERY-060
def test_a_store_reads_on_every_database(store):
    assert store("cat", "items.csv").out == '"id","name"\n1,"one"\n2,"two"\n3,"it\'s"\n4,"a/b"\n'
    assert store("cat", "items/it's.csv").out == '"id"\n3\n'
    assert store("cat", "items/a%2Fb.csv").out == '"id"\n4\n'
    assert store("cat", "more.csv").out == '"id"\n2\n3\n4\n'
    assert store("cat", "more.csv?least=3&other=a/b").out == '"id"\n3\n'
    health = store("health")
    assert health.code == 0 and health.out.endswith("SELECT 1 answered\n")


# SQL-QUERY-011, SQL-QUERY-030, SQL-QUERY-031
def test_views_are_discovered_on_every_database(store, database):
    schema = {"sqlite": "main", "postgresql": "public"}.get(database.dialect, "penstock")
    key = f"views/{schema}/store_view.parquet"
    assert f"views/{schema}/" in store("ls", "views").out.splitlines()
    listed = store("ls", "-R").out.splitlines()
    assert key in listed and "items.csv" in listed
    assert f"views/{schema}/store_items.parquet" not in listed
    table = pq.read_table(pa.BufferReader(store("cat", key).bytes))
    assert table.to_pydict() == {"id": [3, 4], "name": ["it's", "a/b"]}
    missing = store("cat", f"views/{schema}/store_items.parquet")
    assert (missing.code, missing.error["error_type"]) == (2, "NotFound")


HOSTILE = [
    "'; DROP TABLE store_items; --", "' OR '1'='1", "one' UNION SELECT 1 --", "\\'; DELETE FROM store_other; #",
    '"; DROP TABLE store_items; --', "`; DROP TABLE store_items; --", "$$; DROP TABLE store_items; $$",
    "$1", ":name", "::text", "?", "%s", "%27%3B%20DROP%20TABLE%20store_items%3B--", "%00", "%00'; DELETE FROM store_items",
    "{name}", "{{ name }}", "${HOME}", "$(touch /tmp/x)", "`id`", "/*!50000 DELETE FROM store_items */", "--", "/*", "*/",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%c0%af", "\u202e", "東京", "x" * 5000, "0x27", "%bf%27 OR 1=1 --", "NULL", "1e309",
    "%0d%0aDROP TABLE store_items", "%5c%27; DROP TABLE store_items; --", "CON", ".", "a\tb", "a\nb",
]
HOSTILE_PATHS = ["../shop.db", "/etc/passwd", "views/../items.csv", "views/main/../../x.parquet", "views/x'; DROP--/y.parquet",
                 "views/pg_catalog/pg_shadow.parquet", "views/mysql/user.parquet", "views/main/sqlite_master.parquet",
                 "views/%2e%2e/x.parquet", "items.csv/..", "file:///etc/passwd", "items.csv?least=1; DROP TABLE store_items",
                 "items.csv?query=DELETE FROM store_items", "more.csv?least=1 OR 1=1", "more.csv?least=1&least=2",
                 "more.csv?other=' OR 1=1 --", "more.csv?other='; DELETE FROM store_items; --"]


# SQL-QUERY-050, SQL-QUERY-080
def test_hostile_keys_change_no_row(store, database):
    before = rows_of(database)
    for text in HOSTILE:
        result = store("cat", f"items/{text}.csv")
        # Taken as a name that no item has, or refused; never run.
        if result.code == 0:
            assert result.out == '"id"\n', text
        else:
            assert result.error["error_type"] in ("NotFound", "InvalidPath", "RemoteStoreError"), text
    for path in HOSTILE_PATHS:
        result = store("cat", path)
        if result.code == 0:
            assert path.startswith("more.csv?other="), path
        else:
            assert result.error["error_type"] in ("NotFound", "InvalidPath"), path
    for path in HOSTILE_PATHS[:6] + ["'; DROP TABLE store_items; --", "[", "[!", "**/**", "%00"]:
        for action in ("ls", "stat", "glob", "tree"):
            result = store(action, path)
            assert result.code in (0, 2), (action, path, result)
    assert rows_of(database) == before


# SQL-QUERY-050
@pytest.mark.parametrize("sql", [
    "DELETE FROM store_other", "INSERT INTO store_other VALUES (9, 'x')", "UPDATE store_other SET name = 'x'",
    "DROP TABLE store_other", "SELECT 1; DELETE FROM store_other", "CREATE TABLE store_new (id integer)",
])
def test_a_query_that_writes_changes_no_row(store, database, tmp_path, sql):
    (tmp_path / "shop.yaml").write_text(f'name: shop\ndsn_env: PENSTOCK_SHOP_DSN\nqueries:\n  a.csv: "{sql}"\n')
    before = rows_of(database)
    for action in (("cat", "a.csv"), ("get", "a.csv")):
        result = store(*action)
        assert result.code in (2, 3) and result.bytes == b"", result
    assert not (tmp_path / "a.csv").exists()
    assert rows_of(database) == before
