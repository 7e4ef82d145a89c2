"""Tasks on a SQLite file: when it is opened for writing, when never, and what a crash leaves."""

import os
import signal
import sqlite3

import pytest

from conftest import wait_until
from task_shop import TABLE, Shop

WRITE = f"UPDATE {TABLE} SET pieces = pieces + 1 WHERE sku = 'P-1'"


@pytest.fixture
def shop(tmp_path):
    return Shop("sqlite", tmp_path)


def files_of(shop):
    return {path.name: path.read_bytes() for path in shop.folder.glob("conformance.db*")}


# FT-006
@pytest.mark.parametrize("dsn", ["sqlite:///{}?mode=ro", "sqlite:///file:{}?mode=ro&uri=true"])
def test_mode_ro_stops_a_task_that_may_write(shop, dsn):
    shop.penstock.env["PENSTOCK_SHOP_DSN"] = dsn.format(shop.database.path)
    before = files_of(shop)
    task = shop.task(WRITE, access="read_write")
    for command in (["run"], ["plan"], ["validate"], ["validate", "--offline"]):
        result = shop.penstock(*command, task)
        assert (result.code, result.error["code"]) == (3, "dsn_read_only"), (command, result)
        assert "the DSN in env var PENSTOCK_SHOP_DSN has mode=ro, and the task may write" in result.error["message"]
        assert result.error["hint"] == "leave out mode=ro, or declare access: read_only"
    assert files_of(shop) == before
    assert shop.run(f"SELECT sku FROM {TABLE}", "-o", "-", "--format", "csv").code == 0
    assert files_of(shop) == before


# FT-006, RS-013
def test_a_task_that_reads_leaves_every_byte(shop):
    before = files_of(shop)
    for query, code in ((f"SELECT * FROM {TABLE}", 0), (f"DELETE FROM {TABLE}", 3), (f"DROP TABLE {TABLE}", 3),
                        ("SELECT 1; DELETE FROM x", 2)):
        result = shop.run(query, "-o", "-", "--format", "csv")
        assert result.code == code, (query, result)
        assert files_of(shop) == before, query


def crash_a_writer(path):
    """Leaves a hot journal: a transaction that has written to the file, and no process that could end it."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
                           "SELECT i, hex(randomblob(50)) AS word FROM n")
    connection.close()
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA cache_size = 5")
        connection.execute("BEGIN")
        connection.execute("UPDATE big SET word = 'half'")
        connection.execute(f"UPDATE {TABLE} SET pieces = 1000")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.path.getsize(f"{path}-journal") > 0


# FT-006, RS-013
def test_a_crashed_writers_journal_is_left_to_those_who_write(shop):
    crash_a_writer(shop.database.path)
    crashed = files_of(shop)
    read = shop.run(f"SELECT * FROM {TABLE}", "-o", "-", "--format", "csv")
    assert read.code == 3
    assert read.error["hint"] == "a writer crashed; open the database once with its own program, which recovers it"
    assert shop.penstock("plan", shop.task(WRITE, access="read_write")).code == 3
    assert files_of(shop) == crashed
    # As any program that writes to the file, a task first takes back what the other left half done.
    assert shop.run(WRITE, access="read_write").code == 0
    assert shop.pieces() == {"P-1": 6, "P-2": 7, "P-3": 0}
    with sqlite3.connect(shop.database.path) as connection:
        assert connection.execute("SELECT count(*) FROM big WHERE word = 'half'").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


# FT-006
def test_a_task_that_was_killed_is_taken_back_by_the_next(shop):
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000)"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    task = shop.task(f"CREATE TABLE {TABLE}_new AS {rows} SELECT i, hex(randomblob(40)) AS x FROM n;\n"
                     f"UPDATE {TABLE} SET pieces = 1000;\n{endless}", access="read_write")
    before = os.path.getsize(shop.database.path)
    process = shop.penstock.start("run", task, "-o", "out.csv")
    wait_until(lambda: os.path.getsize(shop.database.path) > 2 * before)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert shop.run(WRITE, access="read_write").code == 0
    assert shop.pieces() == {"P-1": 6, "P-2": 7, "P-3": 0}
    assert not (shop.folder / "out.csv").exists()


# SQL-QUERY-063
def test_a_store_takes_no_journal_back_and_says_so(shop):
    crash_a_writer(shop.database.path)
    crashed = files_of(shop)
    (shop.folder / "m.yaml").write_text(
        f"name: m\ndsn_env: PENSTOCK_SHOP_DSN\nqueries: {{a.csv: 'SELECT * FROM {TABLE}'}}\n")
    result = shop.penstock("store", "m.yaml", "cat", "a.csv")
    assert result.code == 3
    assert result.names() == ["wal_not_set", "error"]
    assert result.events[0]["message"] == ("the write-ahead log of the database file could not be set: another program "
                                           "is writing to the file, or crashed while it did")
    assert "a writer crashed" in result.error["hint"]
    assert files_of(shop) == crashed


# SQL-QUERY-063
def test_a_write_ahead_log_that_cannot_be_set_is_said_and_the_read_goes_on(shop):
    (shop.folder / "m.yaml").write_text(f"name: m\ndsn_env: PENSTOCK_SHOP_DSN\nconnect_timeout_seconds: 1\n"
                                        f"queries: {{a.csv: 'SELECT sku FROM {TABLE} ORDER BY sku'}}\n")
    with sqlite3.connect(shop.database.path, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")  # reads nothing, writes nothing: a lock without a journal
        result = shop.penstock("store", "m.yaml", "cat", "a.csv")
        writer.execute("ROLLBACK")
    writer.close()
    assert result.code == 0, result
    assert result.out == '"sku"\n"P-1"\n"P-2"\n"P-3"\n'
    assert result.events[0]["event"] == "wal_not_set" and result.events[0]["level"] == "warning"
    assert "database is locked" in result.events[0]["message"]
    assert result.events[0]["dsn_env"] == "PENSTOCK_SHOP_DSN"
    assert "wal_not_set" not in shop.penstock("store", "m.yaml", "cat", "a.csv").names()


# FT-001, SQL-QUERY-001
def test_a_file_that_is_no_mapping_is_told_what_it_should_have_been(shop):
    (shop.folder / "t.yaml").write_text("5\n")
    (shop.folder / "i.json").write_text("[1]")
    task = shop.task("SELECT {{ x }} AS x", "inputs: {x: int}", name="u.yaml")
    for command, message in ((["run", "t.yaml"], "t.yaml:1:1: a task is a mapping of keys: name, connection, query, ..."),
                             (["store", "t.yaml", "ls"], "t.yaml:1:1: a manifest is a mapping of keys: name, dsn_env, queries, ..."),
                             (["fetch", "t.yaml"], "t.yaml:1:1: a recipe is a mapping of keys: name, source, ..."),
                             (["run", task, "--inputs", "i.json"], "i.json:1:1: inputs are a mapping of names to values")):
        result = shop.penstock(*command)
        assert (result.code, result.error["message"]) == (2, message), result
