"""On every server, looked at in the server's own list of sessions: what ends a read ends its query there, a slow reader
holds the server up and not our memory, and nothing in a query undoes its session."""

import os
import signal
import time
import urllib.parse

import pytest

from conftest import Penstock, left_in, wait_until
from on_mysql import Server
from on_postgres import Database, connected, variable


class Postgres:
    """PostgreSQL, or PgBouncer in transaction mode before it: the sessions are looked at in PostgreSQL."""

    # Rows without end at no cost of memory; nothing at all for a long time.
    rows = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS word"
    silence = "SELECT pg_sleep(60)::text AS nothing"

    def __init__(self, dsn):
        self.dsn = variable(dsn)
        self.admin = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))

    def running(self):
        """(id, what it waits for) of each query that runs."""
        return self.admin.rows("SELECT pid, wait_event FROM pg_stat_activity WHERE usename IN ('reader', 'writer') "
                               "AND state = 'active'")

    def in_transaction(self):
        return self.admin.rows("SELECT pid FROM pg_stat_activity WHERE usename IN ('reader', 'writer') "
                               "AND state <> 'idle'")

    def is_held_up(self):
        """Whether it waits for its reader, in its own words."""
        return any(wait == "ClientWrite" for _, wait in self.running())


class Mysql:
    rows = ("SELECT a.help_topic_id AS n, repeat('x', 100) AS word FROM mysql.help_topic a, mysql.help_topic b, "
            "mysql.help_topic c")
    silence = "SELECT sleep(60) AS nothing"

    def __init__(self, name):
        self.server = Server(name)
        self.dsn = self.server.dsn
        # Of tests that leave a session to the server's own time limit.
        for one, *_ in self.server.sessions():
            self.server.run(f"KILL {one}")

    def running(self):
        return [(one, state) for one, command, state in self.server.sessions() if command in ("Execute", "Query")]

    def in_transaction(self):
        return self.server.sessions()

    def is_held_up(self):
        """A packet is being written to the client: MariaDB's word for it, and MySQL's."""
        return any(state in ("Writing to net", "Sending to client") for _, state in self.running())


SERVERS = {
    "postgresql": lambda: Postgres("PENSTOCK_TEST_POSTGRES_DSN"),
    "pgbouncer": lambda: Postgres("PENSTOCK_TEST_PGBOUNCER_DSN"),
    "mariadb": lambda: Mysql("mariadb"),
    "mysql": lambda: Mysql("mysql"),
}


@pytest.fixture(params=SERVERS)
def server(request):
    return SERVERS[request.param]()


@pytest.fixture
def penstock(server, tmp_path):
    return connected(Penstock(tmp_path), server.dsn)


def started(penstock, server, sql, *arguments, **options):
    wait_until(lambda: not server.in_transaction())
    process = penstock.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, *arguments, **options)
    wait_until(server.running)
    return process


def nothing_is_left(server, seconds=10):
    wait_until(lambda: not server.in_transaction(), seconds)


# RS-024
@pytest.mark.parametrize("what", ["rows", "silence"])
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_query_on_the_server(penstock, server, what, number, code):
    process = started(penstock, server, getattr(server, what), "-o", "x.parquet")
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    nothing_is_left(server)
    assert left_in(penstock.cwd) == ["x.parquet.lock"]


# RS-014
@pytest.mark.parametrize("what", ["rows", "silence"])
@pytest.mark.parametrize("limit", ["statement_timeout_seconds: 1", "limits: {seconds: 1}"])
def test_a_deadline_ends_the_query_on_the_server(penstock, server, recipe, what, limit):
    start = time.monotonic()
    result = penstock("fetch", recipe(getattr(server, what), source=limit), "-o", "x.parquet")
    assert time.monotonic() - start < 20
    assert result.code == 3
    assert result.error["code"] in ("deadline_passed", "statement_timeout"), result
    nothing_is_left(server)
    assert left_in(penstock.cwd) == ["x.parquet.lock"]


def test_a_reader_that_goes_away_ends_the_query_on_the_server(penstock, server):
    process = started(penstock, server, server.rows, "-o", "-", "--format", "csv")
    assert process.stdout.read(100)
    process.stdout.close()
    assert process.wait(timeout=20) == 141
    assert process.stderr.read().count(b"error") == 0
    process.stderr.close()
    nothing_is_left(server)


# RS-020
def test_a_cap_ends_the_query_on_the_server(penstock, server):
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", server.rows, "-o", "x.csv", "--max-rows", 1000)
    assert (result.code, result.error["code"]) == (3, "row_limit")
    nothing_is_left(server)


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def unread_bytes(port):
    """What has come from the server at `port` and waits in the kernel for us to take it."""
    with open("/proc/net/tcp") as file:
        fields = [line.split() for line in file.readlines()[1:]]
    return sum(int(one[4].partition(":")[2], 16) for one in fields
               if int(one[2].partition(":")[2], 16) == port and one[3] == "01")


# RS-021
@pytest.mark.measures
def test_a_slow_reader_holds_the_server_up_and_takes_no_memory(penstock, server):
    port = urllib.parse.urlsplit(server.dsn).port
    process = started(penstock, server, server.rows, "-o", "-", "--format", "csv")
    try:
        assert process.stdout.read(1_000_000)
        # Nobody reads on: what lies between the server and the reader fills up, to the last buffer of the socket.
        steady = [0, 1]

        def is_steady():
            time.sleep(0.5)
            steady.append(unread_bytes(port))
            return steady[-1] == steady[-2] > 65536

        wait_until(is_steady)
        assert server.is_held_up()
        memory = resident_bytes(process.pid)
        for _ in range(100):
            assert process.stdout.read(1_000_000)
        assert resident_bytes(process.pid) < memory + 16 * 2**20
        assert resident_bytes(process.pid) < 64 * 2**20
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.stderr.close()
        assert process.wait(timeout=20) in (130, 141)
    nothing_is_left(server)


# ---- what a query says of its own session ----

UNDO = {
    "postgresql": [
        "SET TRANSACTION READ WRITE", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "COMMIT", "ROLLBACK",
        "BEGIN", "RESET ALL", "DISCARD ALL", "SET LOCAL statement_timeout = 0",
        "SELECT 1; COMMIT; DROP TABLE undone", "SELECT 1; SET TRANSACTION READ WRITE; DELETE FROM undone",
        "SELECT set_config('transaction_read_only', 'off', true)", "SELECT set_config('transaction_read_only', 'off', false)",
        "WITH a AS (DELETE FROM undone RETURNING n) SELECT n FROM a", "DO $$ BEGIN COMMIT; END $$"],
    "mysql": [
        "SET SESSION TRANSACTION READ WRITE", "SET autocommit = 1", "COMMIT", "ROLLBACK", "BEGIN",
        "START TRANSACTION READ WRITE", "SELECT 1; COMMIT; DROP TABLE undone", "SELECT 1; DELETE FROM undone",
        "SELECT 1 INTO @x", "SELECT * FROM undone FOR UPDATE; DELETE FROM undone", "/*! DELETE FROM undone */",
        "/*!50000 COMMIT */", "/*M! COMMIT */", "SET STATEMENT max_statement_time = 0 FOR SELECT 1", "FLUSH TABLES",
        "LOCK TABLES undone WRITE", "XA START 'x'", "DO sleep(0)", "HANDLER undone OPEN", "ALTER TABLE undone ADD m INT"],
}
UNDO["pgbouncer"], UNDO["mariadb"] = UNDO["postgresql"], UNDO["mysql"]
WRITERS = {"postgresql": "PENSTOCK_TEST_POSTGRES_WRITER_DSN", "pgbouncer": "PENSTOCK_TEST_PGBOUNCER_DSN",
           "mariadb": "PENSTOCK_TEST_MARIADB_WRITER_DSN", "mysql": "PENSTOCK_TEST_MYSQL_WRITER_DSN"}


def administrator(name):
    """Runs SQL as root; gives rows of text."""
    if name in ("mariadb", "mysql"):
        return Server(name).run
    database = Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))
    return lambda sql: database.run(sql) if not sql.startswith("SELECT") else database.rows(sql)


# RS-013
@pytest.mark.parametrize("name, sql", [(name, sql) for name in SERVERS for sql in UNDO[name]])
def test_a_query_cannot_undo_its_session(tmp_path, name, sql):
    run = administrator(name)
    run("DROP TABLE IF EXISTS undone; CREATE TABLE undone (n int); INSERT INTO undone VALUES (1)")
    if name in ("postgresql", "pgbouncer"):
        run("GRANT ALL ON undone TO writer, reader")
    try:
        penstock = connected(Penstock(tmp_path), variable(WRITERS[name]))
        result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv")
        assert result.code in (2, 3) or "set_config" in sql, result
        assert [tuple(row) for row in run("SELECT n FROM undone")] == [("1",)]
        # Nor the session of whoever comes next, which PgBouncer may give the same connection.
        after = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "DELETE FROM undone", "-o", "x.csv")
        assert after.code == 3
        assert penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "SELECT n FROM undone", "-o", "-").out == '"n"\n1\n'
    finally:
        run("DROP TABLE undone")
