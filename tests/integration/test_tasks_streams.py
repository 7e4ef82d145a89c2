"""Rows of a task that writes, on a pipe, a FIFO, standard output in a file, a terminal: after the commit or not at all."""

import io
import os
import signal
import subprocess
import sys
import threading

import pyarrow as pa
import pytest

from conftest import ENDLESS_ROWS, PROGRAM, Penstock, leave_after_the_first_row, wait_until
from task_shop import TABLE, Shop, stocked
from test_conformance import DIALECTS


@pytest.fixture(params=list(DIALECTS))
def shop(request, tmp_path):
    yield from stocked(request.param, tmp_path)


CHILD = "penstock_task_child"


@pytest.fixture(params=["sqlite", "postgresql"])
def late(request, tmp_path):
    """A task whose COMMIT fails: a foreign key that is looked at only then. MySQL and MariaDB have none."""
    database = DIALECTS[request.param](tmp_path)
    database.run(f"DROP TABLE IF EXISTS {CHILD}; DROP TABLE IF EXISTS {CHILD}_of;"
                 f"CREATE TABLE {CHILD}_of (id integer PRIMARY KEY);"
                 f"CREATE TABLE {CHILD} (parent integer REFERENCES {CHILD}_of (id) DEFERRABLE INITIALLY DEFERRED);")
    if request.param == "postgresql":
        database.run(f"GRANT ALL ON {CHILD} TO writer;")
    penstock = Penstock(tmp_path)
    penstock.env |= {"PENSTOCK_SHOP_DSN": database.dsn, "PENSTOCK_SQL_ALLOW_PRIVATE": "1"}
    (tmp_path / "t.yaml").write_text("name: t\nconnection: {dsn_env: PENSTOCK_SHOP_DSN}\naccess: read_write\n"
                                     f"query: INSERT INTO {CHILD} VALUES (77) RETURNING parent\n")
    penstock.count = lambda: database.count(CHILD)
    yield penstock
    database.run(f"DROP TABLE IF EXISTS {CHILD}; DROP TABLE IF EXISTS {CHILD}_of;")


# FT-006
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "arrow", "arrows"])
def test_rows_of_a_change_that_is_not_committed_reach_no_pipe(late, form):
    result = late("run", "t.yaml", "--format", form)
    assert (result.code, result.error["code"]) == (3, "query_failed"), result
    assert result.bytes == b""
    assert late.count() == 0


# FT-006
def test_nor_a_file_a_fifo_or_a_terminal(late):
    with open(late.cwd / "out", "wb") as out:
        assert late.start("run", "t.yaml", stdout=out).wait(60) == 3
    assert (late.cwd / "out").read_bytes() == b""
    os.mkfifo(late.cwd / "fifo")
    read = []
    reader = threading.Thread(target=lambda: read.append((late.cwd / "fifo").read_bytes()))
    reader.start()
    assert late("run", "t.yaml", "-o", "fifo", "--format", "csv").code == 3
    reader.join(60)
    assert read == [b""]
    screen = late.on_terminal("run", "t.yaml")
    assert screen.code == 3
    assert "error: " in screen.text and "77" not in screen.text and "─" not in screen.text
    assert late("run", "t.yaml", "-o", "out.csv").code == 3
    assert not (late.cwd / "out.csv").exists()
    assert late.count() == 0


def many(tables):
    """A query of 3 to the power of `tables` rows."""
    return f"SELECT a.sku FROM {', '.join(f'{TABLE} {letter}' for letter in 'abcdefghijklmnop'[:tables])}"


MANY = many(10)


# FT-013
def test_rows_of_a_reading_task_go_out_as_they_come(tmp_path):
    """The result never ends; a task that held it whole would never give a byte."""
    shop = Shop("sqlite", tmp_path)
    process = shop.penstock.start("run", shop.task(ENDLESS_ROWS), "--format", "csv")
    leave_after_the_first_row(process)


# FT-013
@pytest.mark.measures
@pytest.mark.parametrize("access", ["read_only", "read_write"])
def test_memory_does_not_grow_with_the_rows(shop, access):
    """Twenty-seven times the rows, about the same memory: to a pipe, which a change's rows are held back from."""
    peaks = []
    for tables in (10, 13):
        task = shop.task(many(tables), "output: {sku: str}", access=access)
        done = subprocess.run([sys.executable, "-c", (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"),
            PROGRAM, "run", task, "--format", "arrows", "-q"], cwd=shop.folder, env=shop.penstock.env,
            capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 40_000, peaks


# FT-006
def test_the_rows_come_whole_after_the_commit(shop):
    task = shop.task(f"UPDATE {TABLE} SET pieces = 99;\n{MANY}", access="read_write")
    result = shop.penstock("run", task, "--format", "arrows")
    assert result.code == 0, result
    assert pa.ipc.open_stream(io.BytesIO(result.bytes)).read_all().num_rows == 3**10
    assert result.events[-1]["event"] == "task_complete"
    shown = shop.penstock.on_terminal("run", shop.task(
        f"UPDATE {TABLE} SET pieces = 98;\nSELECT sku, pieces FROM {TABLE} ORDER BY sku", access="read_write"))
    assert shown.code == 0
    assert " sku " in shown.text and "P-2" in shown.text and "3 rows\n" in shown.text
    assert "t: 3 rows, committed" in shown.text


# FT-006
def test_a_reader_that_leaves_after_the_commit_is_told(shop):
    """The rows do not fit into the pipe, so that the reader is still there at the commit, and gone behind it."""
    process = shop.penstock.start("run", shop.task(f"UPDATE {TABLE} SET pieces = 99;\n{MANY}", access="read_write"))
    other = Penstock(shop.folder)
    other.env = shop.penstock.env
    wait_until(lambda: other("query", "--dsn-env", "PENSTOCK_SHOP_DSN", f"SELECT min(pieces) AS n FROM {TABLE}",
                             "-o", "-").out == '"n"\n99\n')
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 5
    assert '"code":"broken_pipe"' in err and "; the change is committed" in err


# FT-006
def test_a_reader_that_leaves_before_the_commit_undoes_it(shop):
    before = shop.hash()
    slow = {"sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) "
                      "SELECT count(*) AS n FROM n",
            "postgresql": "SELECT pg_sleep(2)"}.get(shop.dialect, "SELECT SLEEP(2)")
    process = shop.penstock.start("run", shop.task(f"UPDATE {TABLE} SET pieces = 99;\n{slow}", access="read_write"))
    process.stdout.close()
    process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE
    assert shop.hash() == before


# FT-006
def test_a_device_that_takes_nothing_is_found_out_behind_the_commit(shop):
    task = shop.task(f"UPDATE {TABLE} SET pieces = 99;\nSELECT sku FROM {TABLE}", access="read_write")
    result = shop.penstock("run", task, "-o", "/dev/full", "--format", "csv")
    assert (result.code, result.error["code"]) == (5, "output_full"), result
    assert result.error["message"].endswith("; the change is committed")
    assert set(shop.pieces().values()) == {99}
