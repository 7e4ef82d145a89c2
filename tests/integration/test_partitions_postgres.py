"""Partitioned reads on PostgreSQL: each row once under one exported snapshot, by column or by ctid."""

import json
import subprocess
import time

import pytest

from conftest import left_in, wait_until
from on_postgres import Database, admin, connected, pg, variable  # noqa: F401
from test_partitions import COLUMNS, partitions_of, read, rows_of

NOT_PLAIN = "the query is not a scan of one whole table; name a partition column"


@pytest.fixture(scope="module", autouse=True)
def schema(admin):  # noqa: F811
    admin.run("""
        DROP SCHEMA IF EXISTS parts CASCADE;
        CREATE SCHEMA parts;
        GRANT USAGE ON SCHEMA parts TO PUBLIC;
        CREATE TABLE parts.rows (id bigint PRIMARY KEY, word text, "Odd ""name" int);
        INSERT INTO parts.rows SELECT n, repeat('x', 50), n % 7 FROM generate_series(1, 20000) n;
        CREATE TABLE parts."Odd ""table" AS SELECT * FROM parts.rows WHERE id <= 1000;
        CREATE TABLE parts.empty (id int);
        CREATE VIEW parts.view AS SELECT * FROM parts.rows;
        CREATE VIEW parts.ctid_view AS SELECT NULL::tid AS ctid, id FROM parts.rows;
        CREATE TABLE parts.parent (id int) PARTITION BY RANGE (id);
        CREATE TABLE parts.child PARTITION OF parts.parent FOR VALUES FROM (0) TO (100);
        CREATE TABLE parts.other PARTITION OF parts.parent FOR VALUES FROM (100) TO (200);
        INSERT INTO parts.parent SELECT generate_series(0, 199);
        CREATE MATERIALIZED VIEW parts.mat AS SELECT * FROM parts.rows;
        CREATE TABLE parts.busy (id bigint PRIMARY KEY, filler text);
        INSERT INTO parts.busy SELECT n, repeat('y', 100) FROM generate_series(1, 20000) n;
        CREATE SEQUENCE parts.next START 20001;
        CREATE FUNCTION parts.own_dice() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN random() * 100; END';
        CREATE FUNCTION parts.own_sum(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
        CREATE TABLE parts.guarded AS SELECT id, id AS k FROM parts.rows;
        ALTER TABLE parts.guarded ENABLE ROW LEVEL SECURITY;
        CREATE POLICY chance ON parts.guarded USING (random() < 0.5);
        CREATE EXTENSION IF NOT EXISTS file_fdw;
        CREATE SERVER parts_files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE parts.elsewhere (id bigint) SERVER parts_files
          OPTIONS (program 'seq 1 20000');
        CREATE VIEW parts.far AS SELECT id, id AS k FROM parts.elsewhere;
        ANALYZE;""")
    yield
    admin.run("DROP SCHEMA parts CASCADE; DROP EXTENSION file_fdw CASCADE")


FLOATS = {"floats": [*COLUMNS["floats"], float("nan")], "infinite": [*COLUMNS["infinite"], float("nan")],
          "huge_floats": COLUMNS["huge_floats"], "all_nan": [float("nan")] * 3}


@pytest.mark.parametrize("kind", ["bigint", "numeric", "float8"])
@pytest.mark.parametrize("name", sorted({*COLUMNS, *FLOATS}))
def test_each_row_is_read_once_whatever_is_in_the_column(pg, admin, name, kind):  # noqa: F811
    floats = name in FLOATS
    if floats and kind == "bigint":
        kind = "real"
    values = FLOATS.get(name, COLUMNS.get(name))
    if kind == "real":
        values = [value for value in values if value is None or not 1e38 < abs(value) < float("inf")]
    listed = ", ".join(f"('{value}'::{kind})" if value is not None else f"(NULL::{kind})" for value in values)
    source = f"(VALUES {listed}) v (k)" if values else f"(SELECT NULL::{kind} AS k WHERE false) v"
    sql = f"SELECT k, k::text AS t FROM {source}"
    whole = read(pg, sql)
    for count in (2, 5):
        parts = read(pg, sql, "--partition-on", "k", "--partitions", count)
        assert sorted(parts.column("t").to_pylist(), key=str) == sorted(whole.column("t").to_pylist(), key=str)
        assert parts.schema == whole.schema


@pytest.mark.parametrize("sql, table", [
    ("SELECT * FROM parts.rows", "parts.rows"), ("SELECT id, word || 'x' AS w FROM parts.rows r", "parts.rows"),
    ("TABLE parts.rows", None), ('SELECT * FROM parts."Odd ""table" AS "an alias"', 'parts."Odd ""table"'),
    ("SELECT * FROM ONLY parts.rows -- all", "parts.rows"),
    ("WITH unused AS (SELECT 1) SELECT * FROM parts.rows", "parts.rows")])
def test_a_plain_scan_is_split_by_ctid(pg, sql, table):  # noqa: F811
    whole = read(pg, sql)
    parts = read(pg, sql, "--partitions", 3)
    assert rows_of(parts) == rows_of(whole)
    partitions = partitions_of(pg)
    if table is None:
        assert partitions == {"how": NOT_PLAIN, "rows": []}
        return
    assert partitions["how"] == f"ctid ranges of {table}"
    assert sum(partitions["rows"]) == whole.num_rows


@pytest.mark.parametrize("table, pages", [("parts.empty", "0 pages"), ("parts.child", "1 page")])
def test_a_table_of_one_page_or_none_is_read_by_one_connection_and_the_receipt_says_so(pg, table, pages):  # noqa: F811
    read(pg, f"SELECT * FROM {table}", "--partitions", 3)
    assert partitions_of(pg) == {"how": f"{table} has {pages}, and so no ctid ranges", "rows": []}


def test_connections_that_the_server_refuses_leave_one_and_the_receipt_says_so(pg, admin):  # noqa: F811
    admin.run("ALTER ROLE reader CONNECTION LIMIT 2")
    try:
        assert read(pg, "SELECT * FROM parts.rows", "--partitions", 3).num_rows == 20000
        partitions = partitions_of(pg)
        assert partitions["rows"] == []
        assert partitions["how"].startswith("a further connection failed: cannot connect to 127.0.0.1")
        assert 'too many connections for role "reader"' in partitions["how"]
    finally:
        admin.run("ALTER ROLE reader CONNECTION LIMIT -1")


def test_large_scans_are_split_into_even_parts(pg):  # noqa: F811
    assert read(pg, "SELECT id, word FROM parts.rows", "--partitions", 4).num_rows == 20000
    partitions = partitions_of(pg)
    assert partitions["how"] == "ctid ranges of parts.rows"
    assert len(partitions["rows"]) == 4
    assert all(4000 < rows < 6000 for rows in partitions["rows"])


@pytest.mark.parametrize("sql", [
    "SELECT * FROM parts.rows WHERE id > 5", "SELECT * FROM parts.rows ORDER BY id", "SELECT * FROM parts.rows LIMIT 9",
    "SELECT count(*) AS c FROM parts.rows", "SELECT * FROM parts.view", "SELECT * FROM parts.ctid_view",
    "SELECT * FROM parts.parent", "SELECT * FROM (SELECT * FROM parts.rows) s", "SELECT generate_series(1, 2) AS g FROM parts.rows",
    "SELECT a.id FROM parts.rows a JOIN parts.rows b USING (id)", "SELECT * FROM parts.rows WHERE true",
    "SELECT * FROM parts.rows LIMIT ALL", "SELECT id FROM parts.rows UNION ALL SELECT id FROM parts.rows WHERE false",
    "SELECT id FROM parts.rows UNION ALL SELECT a.id FROM parts.child a JOIN parts.other b ON false",
    "SELECT * FROM parts.rows TABLESAMPLE SYSTEM (100)", "SELECT (SELECT max(id) FROM parts.child) AS m FROM parts.rows",
    "SELECT DISTINCT id FROM parts.rows", "SELECT id FROM parts.rows GROUP BY id", "SELECT 1 AS one",
    "SELECT row_number() OVER () AS r FROM parts.rows", "SELECT * FROM generate_series(1, 10) n"])
def test_a_query_that_is_no_plain_scan_takes_one_connection_and_says_why(pg, sql):  # noqa: F811
    whole = read(pg, sql)
    parts = read(pg, sql, "--partitions", 3)
    assert parts.num_rows == whole.num_rows
    assert partitions_of(pg) == {"how": NOT_PLAIN, "rows": []}


@pytest.mark.parametrize("sql", ["SELECT * FROM parts.rows LIMIT 9000",
                                 "SELECT * FROM parts.rows TABLESAMPLE SYSTEM (50)",
                                 "SELECT * FROM (SELECT * FROM parts.rows OFFSET 5) s"])
def test_a_limit_or_a_sample_is_not_split_by_a_column_either(pg, sql):  # noqa: F811
    read(pg, sql, "--partition-on", "id", "--partitions", 3)
    assert partitions_of(pg) == {
        "how": "which rows a LIMIT or a sample takes is not the same in every session", "rows": []}


def test_views_subqueries_and_joins_are_split_by_a_column(pg):  # noqa: F811
    for sql in ("SELECT * FROM parts.view", "SELECT * FROM parts.parent",
                "SELECT a.id, b.word FROM parts.rows a JOIN parts.rows b USING (id) ORDER BY 1 DESC",
                "SELECT id, sum(id) OVER (ORDER BY id) AS s FROM parts.child"):
        whole = read(pg, sql)
        assert rows_of(read(pg, sql, "--partition-on", "id", "--partitions", 3)) == rows_of(whole)
        assert len(partitions_of(pg)["rows"]) == 3


def test_a_column_with_an_odd_name_is_quoted(pg):  # noqa: F811
    assert read(pg, "SELECT * FROM parts.rows", "--partition-on", 'Odd "name', "--partitions", 3).num_rows == 20000
    assert partitions_of(pg)["how"] == "ranges of column 'Odd \"name'"


@pytest.mark.parametrize("column, declared", [("word", "text"), ("day", "date"), ("list", "integer[]"), ("yes", "boolean")])
def test_a_column_that_is_no_number_is_refused(pg, column, declared):  # noqa: F811
    result = read(pg, "SELECT word, date '2026-01-01' AS day, ARRAY[1] AS list, true AS yes FROM parts.rows",
                  "--partition-on", column, "--partitions", 2, code=2)
    assert result.error["message"] == f"partition column '{column}' is {declared}, and only a number can be split"


def test_a_given_range_asks_nothing_and_loses_nothing(pg, recipe):  # noqa: F811
    path = recipe("SELECT * FROM parts.rows", source="partition: {column: id, count: 2, range: [100, 300]}")
    assert pg("fetch", path, "-o", "x.csv", "--report", "report.json").code == 0
    assert partitions_of(pg)["rows"] == [199, 19801]


def test_a_value_that_each_session_makes_for_itself_is_not_split_by(pg):  # noqa: F811
    table = read(pg, "SELECT (random() * 100)::int AS k, id FROM parts.rows", "--partition-on", "k", "--partitions", 3)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 20001))
    assert partitions_of(pg) == {"how": "what random() gives need not be the same in every session", "rows": []}


OF_ITS_OWN = {  # an expression that each session makes for itself, and how the report names it
    "random": ("(random() * 100)::int", "random()"),
    "nested": ("(SELECT max(x) FROM (VALUES ((random() * 100)::int), (a.id % 5)) v (x))", "random()"),
    "now": ("(extract(epoch FROM now()) * 1000000)::bigint % 1000 + id % 1000", "now()"),
    "current_timestamp": ("(extract(epoch FROM CURRENT_TIMESTAMP) * 1000000)::bigint % 1000 + id % 1000",
                          "CURRENT_TIMESTAMP"),
    "localtime": ("(extract(epoch FROM LOCALTIME) * 1000000)::bigint % 1000 + id % 1000", "LOCALTIME"),
    "statement": ("(extract(epoch FROM statement_timestamp()) * 1000000)::bigint % 1000 + id % 1000",
                  "statement_timestamp()"),
    "clock": ("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint % 1000", "clock_timestamp()"),
    "pid": ("pg_backend_pid() * 7 % 1000 + id % 1000", "pg_backend_pid()"),
    "transaction": ("(pg_snapshot_xmax(pg_current_snapshot())::text)::bigint + id % 1000", "pg_current_snapshot()"),
    "port": ("inet_client_port() + id % 1000", "inet_client_port()"),
    "own": ("parts.own_dice()", "own_dice()"),
}


@pytest.mark.parametrize("in_view", [True, False], ids=["view", "text"])
@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_what_each_session_makes_for_itself_is_not_split_by_in_a_view_either(pg, admin, name, in_view):  # noqa: F811
    expression, named = OF_ITS_OWN[name]
    sql = f"SELECT a.id, {expression} AS k FROM parts.rows a"
    if in_view:
        admin.run(f"DROP VIEW IF EXISTS parts.of_its_own CASCADE; CREATE VIEW parts.of_its_own AS {sql}; "
                  "CREATE VIEW parts.over_it AS SELECT * FROM parts.of_its_own")
        sql = "SELECT * FROM parts.over_it"
    table = read(pg, sql, "--partition-on", "k", "--partitions", 3)
    assert sorted(table.column("id").to_pylist()) == list(range(1, 20001))
    assert partitions_of(pg) == {"how": f"what {named} gives need not be the same in every session", "rows": []}


@pytest.mark.parametrize("sql, how", [
    ("SELECT id FROM parts.rows WHERE id % 2 = pg_backend_pid() % 2",
     "what pg_backend_pid() gives need not be the same in every session"),
    ("SELECT id FROM parts.rows WHERE age(to_timestamp(id)) > '1 day'",
     "what age() gives need not be the same in every session"),
    ("SELECT id FROM parts.rows WHERE \"age\" /* of */ (to_timestamp(id)) > '1 day'",
     "what age() gives need not be the same in every session"),
    ("SELECT id FROM parts.rows WHERE to_timestamp(id) < 'now'",
     "what 'now' gives need not be the same in every session"),
    ("SELECT k AS id FROM parts.guarded", "what random() gives need not be the same in every session"),
    ("SELECT id FROM parts.far", "parts.elsewhere is a foreign table, which has no version of this database"),
    ("SELECT id, (SELECT last_value FROM parts.next) AS last FROM parts.rows",
     "parts.next is a sequence, which has no version of this database")])
def test_rows_that_each_session_sees_for_itself_are_read_by_one(pg, admin, sql, how):  # noqa: F811
    admin.run("GRANT SELECT ON parts.guarded, parts.far, parts.elsewhere, parts.next TO PUBLIC")
    ids = read(pg, sql, "--partition-on", "id", "--partitions", 3).column("id").to_pylist()
    assert len(set(ids)) == len(ids)
    assert partitions_of(pg) == {"how": how, "rows": []}


def test_a_moment_in_a_parameter_is_made_by_each_session(pg):  # noqa: F811
    read(pg, "SELECT id FROM parts.rows WHERE to_timestamp(id) < CAST(:moment AS timestamptz)", "-p", "moment=now",
         "--partition-on", "id", "--partitions", 3)
    assert partitions_of(pg) == {"how": "what 'now' gives need not be the same in every session", "rows": []}


@pytest.mark.parametrize("expression", [
    "to_char(to_timestamp(id), 'YYYY')", "date_trunc('day', to_timestamp(id))", "extract(year FROM to_timestamp(id))",
    "id AS age", "id AS \"page\", (1 + 1)", "concat_ws(' ', word, id)", "parts.own_sum(7)", "current_setting('TimeZone')", "to_json(word)",
    "id AS known, 'it is renown' AS words", "timezone('UTC', to_timestamp(id))", "current_user", "lower(word)"])
def test_what_is_the_same_in_every_session_is_split(pg, admin, expression):  # noqa: F811
    admin.run("DROP VIEW IF EXISTS parts.same CASCADE; "
              f"CREATE VIEW parts.same AS SELECT id AS key, {expression} FROM parts.rows")
    for sql in ("SELECT * FROM parts.same", f"SELECT id AS key, {expression} FROM parts.rows"):
        assert read(pg, sql, "--partition-on", "key", "--partitions", 3).num_rows == 20000
        assert len(partitions_of(pg)["rows"]) == 3


def test_a_parameter_keeps_its_value_in_every_part(pg):  # noqa: F811
    table = read(pg, "SELECT id FROM parts.rows WHERE id <= :most AND word <> :word", "-p", "most=500", "-p", "word=é",
                 "--partition-on", "id", "--partitions", 3)
    assert sorted(table.column(0).to_pylist()) == list(range(1, 501))


def test_text_that_would_close_the_bracket_around_it_is_refused_first(pg):  # noqa: F811
    result = read(pg, "SELECT id FROM parts.rows) AS x, (SELECT 1", "--partition-on", "id", "--partitions", 2, code=3)
    assert 'syntax error at or near ")"' in result.error["message"]


def test_the_same_rows_give_the_same_bytes_in_every_run(pg):  # noqa: F811
    seen = set()
    for _ in range(4):
        result = pg("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT * FROM parts.rows", "--partitions", "3",
                    "--batch-rows", "1000", "-o", "x.parquet")
        assert result.code == 0, result
        seen.add((pg.cwd / "x.parquet").read_bytes())
    assert len(seen) == 1


@pytest.mark.parametrize("flags", [[], ["--partition-on", "id"]], ids=["ctid", "column"])
def test_no_row_is_lost_or_read_twice_while_others_write(pg, admin, tmp_path, flags):  # noqa: F811
    # Each transaction takes the lowest rows away and puts as many at the top: their number never changes.
    (tmp_path / "write.sql").write_text(
        "BEGIN; LOCK parts.busy IN EXCLUSIVE MODE; "
        "DELETE FROM parts.busy WHERE id < (SELECT min(id) + 10 FROM parts.busy); "
        "INSERT INTO parts.busy SELECT m + n, repeat('y', 100) FROM generate_series(1, 10) n, "
        "(SELECT max(id) AS m FROM parts.busy) t; COMMIT;\n")
    writing = subprocess.Popen(["/usr/lib/postgresql/15/bin/pgbench", "-n", "-c", "2", "-T", "60", "-f", tmp_path / "write.sql"],
                               env=admin.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        start = admin.value("SELECT max(id) FROM parts.busy")
        wait_until(lambda: admin.value("SELECT max(id) FROM parts.busy") != start)
        for _ in range(4):
            ids = read(pg, "SELECT id FROM parts.busy", "--partitions", 3, *flags).column(0).to_pylist()
            assert len(partitions_of(pg)["rows"]) == 3
            assert len(set(ids)) == len(ids) == 20_000
            assert max(ids) - min(ids) == 19_999
        assert writing.poll() is None
    finally:
        writing.terminate()
        writing.wait()


def test_a_signal_ends_every_partition_on_the_server(pg, admin):  # noqa: F811
    sql = "SELECT n, repeat('x', 100) AS word FROM generate_series(1, 100000000) n"
    process = pg.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv", "--partition-on", "n", "--partitions", "3")
    wait_until(lambda: len(admin.session_of()) == 3)
    time.sleep(0.3)
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode == 143
    admin.await_no_session()
    assert left_in(pg.cwd) == ["x.csv.lock"]


def test_a_partition_that_fails_fails_the_whole(pg):  # noqa: F811
    result = read(pg, "SELECT id, 1 / (id - 15000) AS x FROM parts.rows", "--partition-on", "id", "--partitions", 3, code=3)
    assert result.error["message"] == "division by zero"
    assert json.dumps(result.error)
    assert left_in(pg.cwd) in (["x.arrow.lock"], ["report.json.lock", "x.arrow.lock"])


def test_partitions_of_a_pooled_server_share_a_snapshot_too(pg):  # noqa: F811
    connected(pg, variable("PENSTOCK_TEST_PGBOUNCER_DSN"))
    assert read(pg, "SELECT * FROM parts.rows", "--partitions", 2).num_rows == 20000
    assert len(partitions_of(pg)["rows"]) == 2


