"""Query text and hostile files against SQLite, through the program: the file's bytes, its folder and the files beside it
are looked at afterwards. The engine's own tests (tests/unit/engine/read_only_test.cc, files_test.cc) say which message.
"""

import hashlib
import os
import signal
import socket
import sqlite3
import struct
import time

import pytest

from conftest import left_in
from spare_time import SLACK

OLD = "the old file"


def make(path, *statements):
    with sqlite3.connect(path, isolation_level=None) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def read(penstock, sql, *arguments):
    return penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv", *arguments)


class Folder:
    """A database, a bystander and whatever else; `state` is every name and every byte, but for what we write."""

    def __init__(self, path):
        self.path = path
        self.database = path / "shop.db"
        self.bystander = path / "bystander.txt"
        self.bystander.write_text("precious")

    def state(self):
        return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(self.path.iterdir())
                if one.is_file()}


@pytest.fixture(params=["delete", "wal"])
def folder(request, tmp_path_factory, penstock):
    """A database in a folder of its own, with a journal and with a write-ahead log."""
    folder = Folder(tmp_path_factory.mktemp("data"))
    make(folder.database, f"PRAGMA journal_mode={request.param}", "CREATE TABLE t (n INTEGER PRIMARY KEY, word TEXT)",
         "INSERT INTO t VALUES (1, 'one'), (2, 'two')", "CREATE VIRTUAL TABLE f USING fts4(body)")
    # Another program has it open all along, as with any WAL database in use: what it needs beside it is there.
    other = sqlite3.connect(folder.database)
    other.execute("SELECT count(*) FROM t").fetchone()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{folder.database}"
    yield folder
    other.close()


WRITES = [
    "INSERT INTO t VALUES (3, 'x')",
    "INSERT INTO t VALUES (3, 'x') RETURNING n",
    "UPDATE t SET n = n + 10 RETURNING n",
    "DELETE FROM t RETURNING n",
    "WITH w AS (SELECT 1) DELETE FROM t RETURNING n",
    "SELECT 1; DROP TABLE t",
    "BEGIN; DELETE FROM t; COMMIT",
    "BEGIN IMMEDIATE",
    "ATTACH '{folder}/made.db' AS made",
    "ATTACH 'file:{folder}/made.db?mode=rwc' AS made",
    "VACUUM",
    "VACUUM INTO '{folder}/made.db'",
    "VACUUM INTO 'file:{folder}/made.db?mode=rwc'",
    "PRAGMA journal_mode = WAL",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA user_version = 7",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA optimize",
    "PRAGMA temp_store_directory = '{folder}'",
    "SELECT * FROM pragma_wal_checkpoint",
    "SELECT * FROM pragma_user_version(9)",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "SELECT load_extension('{folder}/made.so')",
    "SELECT writefile('{folder}/made', 'x')",
    "SELECT edit('x', 'touch {folder}/made; true')",
    "SELECT readfile('{folder}/bystander.txt')",
    "INSERT INTO f(f) VALUES ('optimize') RETURNING 1",
    "CREATE TEMP TABLE made AS SELECT 1",
    "CREATE VIRTUAL TABLE made USING fts4(body)",
    "REINDEX",
    "ANALYZE",
    "EXPLAIN DELETE FROM t",
]


# RS-013
@pytest.mark.parametrize("sql", WRITES, ids=lambda sql: sql[:40])
def test_no_query_text_changes_a_byte(penstock, folder, sql):
    before = folder.state()
    result = read(penstock, sql.format(folder=folder.path))
    assert result.code in (2, 3), result
    assert folder.state() == before
    assert left_in(penstock.cwd) in ([], ["x.csv.lock"])


EMPTY = hashlib.sha256(b"").hexdigest()


# RS-013
@pytest.mark.parametrize("mode, dsn", [("delete", "sqlite:///{}"), ("wal", "sqlite:///{}"),
                                       ("wal", "sqlite:///file:{}?mode=ro&uri=true")])
def test_all_attacks_and_a_read_leave_beside_a_closed_database_what_its_mode_needs(penstock, tmp_path_factory, mode, dsn):
    """Nobody else has it open: nothing is left, but in WAL mode the empty log and its index. The read still works."""
    folder = Folder(tmp_path_factory.mktemp("data"))
    make(folder.database, f"PRAGMA journal_mode={mode}", "CREATE TABLE t (n INTEGER, word TEXT)",
         "INSERT INTO t VALUES (1, 'one')")
    before = folder.state()
    assert set(before) == {"shop.db", "bystander.txt"}
    penstock.env["PENSTOCK_SHOP_DSN"] = dsn.format(folder.database)
    for sql in WRITES[:24]:
        assert read(penstock, sql.format(folder=folder.path)).code in (2, 3)
    assert read(penstock, "SELECT n FROM t").code == 0
    after = folder.state()
    if mode == "wal":
        assert after.pop("shop.db-wal") == EMPTY
        assert after.pop("shop.db-shm")
    assert after == before


# RS-013 RS-017
@pytest.mark.parametrize("end", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard", "symbolic"])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_companion_that_leads_elsewhere_is_refused_and_nothing_is_touched(penstock, tmp_path_factory, mode, link, end):
    """SQLite writes to what is called -shm, also of a database that it opens read-only."""
    folder = Folder(tmp_path_factory.mktemp("data"))
    make(folder.database, f"PRAGMA journal_mode={mode}", "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)")
    link(folder.bystander, f"{folder.database}{end}")
    before = folder.state()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{folder.database}"
    (penstock.cwd / "m.yaml").write_text("name: m\ndsn_env: PENSTOCK_SHOP_DSN\nqueries: {a.csv: SELECT n FROM t}\n")
    for result in (read(penstock, "SELECT n FROM t"), penstock("store", "m.yaml", "cat", "a.csv")):
        assert (result.code, result.error["code"]) == (3, "bad_companion_file"), result
        assert f"{folder.database}{end}'" in result.error["message"]
    assert folder.state() == before


# ---- time and memory ----

COUNT = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)"
LONG = "printf('%.*c', 90000000, 'a')"
NEEDLE = "printf('%.*c', 45000000, 'a') || 'b'"


# RS-014
@pytest.mark.parametrize("sql", [
    f"{COUNT} SELECT count(*) FROM c",
    f"{COUNT} SELECT group_concat(i) FROM c WHERE i % 100000 = 0",
    f"{COUNT} SELECT i FROM c ORDER BY -i LIMIT 1",
    f"{COUNT}, d(j) AS (SELECT i FROM c UNION ALL SELECT j FROM d) SELECT j FROM d",
    f"SELECT instr({LONG}, {NEEDLE}) AS x",
    f"SELECT length(replace({LONG}, {NEEDLE}, 'c')) AS x",
    # Twelve bytes for each of trim()'s characters must stay below the 256 MiB of a value.
    "SELECT length(trim(printf('%.*c', 10000000, 'a'), printf('%.*c', 10000000, 'b') || 'a')) AS x",
    "SELECT json_patch(a, a) IS NULL AS x FROM (SELECT '{' || group_concat('\"' || i || '\":1') || '}' AS a FROM "
    f"({COUNT} SELECT i FROM c LIMIT 100000))",
    f"SELECT printf('%.*c', 40000, 'a') LIKE printf('%.*c', 40000, '%') || 'b' AS x FROM ({COUNT} SELECT i FROM c)",
], ids=lambda sql: sql[:60])
def test_a_query_ends_within_a_second_of_its_time(penstock, shop, recipe, sql):
    path = recipe(sql, source="statement_timeout_seconds: 1")
    (penstock.cwd / "x.csv").write_text(OLD)
    start = time.monotonic()
    result = penstock("fetch", path, "-o", "x.csv")
    assert time.monotonic() - start < 1 + 1 + SLACK
    assert (result.code, result.error["code"]) == (3, "statement_timeout"), result
    assert (penstock.cwd / "x.csv").read_text() == OLD


# RS-014
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_does_not_wait_for_a_function(penstock, shop, number, code):
    process = penstock.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", f"SELECT instr({LONG}, {NEEDLE}) AS x", "-o",
                             "x.csv")
    time.sleep(2)
    process.send_signal(number)
    process.communicate(timeout=2 + SLACK)
    assert process.returncode == code
    assert not (penstock.cwd / "x.csv").exists()


# RS-021
@pytest.mark.measures
@pytest.mark.parametrize("sql", [
    "SELECT zeroblob(900000000) AS x",
    "SELECT printf('%.*c', 900000000, 'x') AS x",
    "SELECT replace(printf('%.*c', 30000000, 'x'), 'x', printf('%.*c', 30, 'y')) AS x",
    "SELECT hex(zeroblob(200000000)) AS x",
    f"SELECT group_concat({LONG}) AS x FROM ({COUNT} SELECT i FROM c LIMIT 10)",
    "SELECT " + ", ".join(f"zeroblob(200000000 + {i}) AS c{i}" for i in range(8)),
    f"SELECT max(s) AS x FROM ({COUNT} SELECT zeroblob(200000000) || i AS s FROM c)",
], ids=lambda sql: sql[:50])
def test_memory_has_a_bound_whatever_the_query_makes(penstock, shop, recipe, sql):
    path = recipe(sql, source="statement_timeout_seconds: 3")
    with open(penstock.cwd / "err", "wb") as err:
        process = penstock.start("fetch", path, "-o", "x.csv", stderr=err)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    error = (penstock.cwd / "err").read_text()
    # SQLite's heap is at most 1 GiB, and a value of at most 256 MiB is copied once or twice.
    assert usage.ru_maxrss < 1_700_000, error
    assert process.returncode == 3, error
    assert any(f'"code":"{code}"' in error for code in ("value_too_big", "out_of_memory", "statement_timeout")), error
    assert not (penstock.cwd / "x.csv").exists()


# ---- hostile files ----


# RS-013
def test_views_and_triggers_of_a_hostile_file_run_nothing(penstock, tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("data"))
    target = folder.path / "made.db"
    make(folder.database, "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)",
         f"CREATE VIEW loads AS SELECT load_extension('{folder.path}/made.so') AS x",
         f"CREATE VIEW writes AS SELECT writefile('{target}', 'x') AS x",
         "CREATE VIEW points AS SELECT fts3_tokenizer('simple') AS x",
         f"CREATE VIEW edits AS SELECT edit('x', 'touch {target}; true') AS x",
         "CREATE VIEW lists AS SELECT * FROM pragma_database_list",
         "CREATE TRIGGER on_insert AFTER INSERT ON t BEGIN DELETE FROM t; END",
         "CREATE TABLE d (n INTEGER, x TEXT DEFAULT (hex(randomblob(4))), CHECK (length(x) < 100))",
         "CREATE VIEW bomb AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c")
    before = folder.state()
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{folder.database}"
    for view in ("loads", "writes", "points", "edits", "lists"):
        assert read(penstock, f"SELECT * FROM {view}").code == 3, view
    assert read(penstock, "SELECT i FROM bomb", "--max-rows", "10").error["code"] == "row_limit"
    assert read(penstock, "SELECT n FROM t").code == 0
    assert read(penstock, "INSERT INTO t VALUES (2) RETURNING n").code == 3
    assert folder.state() == before


def hot_journal(folder, names):
    """A database whose writer died, and whose journal says that it belongs to the super-journal `names`."""
    live = folder.path / "live.db"
    writer = sqlite3.connect(live, isolation_level=None)
    for statement in ("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)", "PRAGMA cache_spill = ON",
                      "PRAGMA cache_size = 1", "BEGIN", "UPDATE t SET a = zeroblob(100000)"):
        writer.execute(statement)
    folder.database.write_bytes(live.read_bytes())
    journal = (folder.path / "live.db-journal").read_bytes()
    name = str(names).encode()
    journal += struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), sum(name))
    (folder.path / "shop.db-journal").write_bytes(journal + bytes.fromhex("d9d505f920a163d7"))
    writer.execute("ROLLBACK")
    writer.close()
    live.unlink()


# RS-013
def test_a_journal_that_names_another_file_deletes_nothing(penstock, tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("data"))
    hot_journal(folder, folder.bystander)
    before = folder.state()
    assert set(before) == {"shop.db", "shop.db-journal", "bystander.txt"}
    penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{folder.database}"
    result = read(penstock, "SELECT count(*) AS n FROM t")
    assert (result.code, result.error["code"]) == (3, "database_needs_recovery"), result
    assert folder.state() == before
    # What it would have cost: the file's own program rolls back, and deletes what the journal names.
    make(folder.database, "SELECT count(*) FROM t")
    assert not folder.bystander.exists()


# ---- what is opened ----


# RS-017
def test_what_is_no_regular_file_is_refused_and_hangs_nothing(penstock, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(folder / "fifo")
    (folder / "proc").symlink_to("/proc/self/environ")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        names = sorted(path.name for path in folder.iterdir())
        for path in (folder / "fifo", folder / "link", folder / "socket", folder, "/dev/zero", "/dev/stdin",
                     "/proc/self/environ", "/proc/self/fd/0", folder / "proc", "/sys/kernel/uevent_seqnum"):
            penstock.env["PENSTOCK_SHOP_DSN"] = f"sqlite:///{path}"
            start = time.monotonic()
            result = read(penstock, "SELECT 1 AS n")
            assert (result.code, result.error["code"]) == (3, "not_a_database_file"), (path, result)
            assert time.monotonic() - start < 1 + SLACK
        assert sorted(path.name for path in folder.iterdir()) == names


# RS-010
@pytest.mark.parametrize("dsn, code", [
    ("sqlite:///{folder}/none.db", "database_file_missing"),
    ("sqlite:///file:{folder}/none.db?mode=rwc&uri=true", "dsn_mode"),
    ("sqlite:///file:{folder}/none.db", "dsn_file_uri"),
    ("sqlite:///file:{folder}/none.db?uri=true", "dsn_file_uri"),
    ("sqlite:///file:{folder}/none.db%3Fmode=rwc?mode=ro&uri=true", "database_file_missing"),
    ("sqlite:///{folder}/file:none.db?mode=rwc", "dsn_mode"),
    ("sqlite:///{folder}/none.db%3Fmode=rwc", "database_file_missing"),
    ("sqlite:///{folder}/none.db?immutable=1", "dsn_option"),
    ("sqlite:///{folder}/none.db?vfs=unix-none", "dsn_option"),
    ("sqlite:///{folder}/none.db%00.db", "dsn_nul"),
    ("sqlite:////dev/shm/../..{folder}/none.db", "database_file_missing")])
def test_no_dsn_makes_a_file(penstock, tmp_path_factory, dsn, code):
    folder = tmp_path_factory.mktemp("data")
    penstock.env["PENSTOCK_SHOP_DSN"] = dsn.format(folder=folder)
    result = read(penstock, "SELECT 1 AS n")
    assert (result.code, result.error["code"]) == (3, code), result
    assert list(folder.iterdir()) == []


# RS-013
@pytest.mark.parametrize("byte", ["\0", "\x01", "\x1b", "\x7f"])
def test_a_control_byte_in_the_query_is_refused(penstock, shop, byte):
    before = shop.read_bytes()
    (penstock.cwd / "q.sql").write_text(f"SELECT 1 AS n {byte}; DROP TABLE orders")
    result = penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "--file", "q.sql", "-o", "x.csv")
    assert (result.code, result.error["code"]) == (2, "query_control_byte"), result
    assert shop.read_bytes() == before
