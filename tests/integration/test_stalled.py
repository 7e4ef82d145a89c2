"""A reader that takes nothing: the time limit ends the run all the same, and the server's session with it."""

import os
import time

import pytest

from conftest import left_in, wait_until
from on_servers import on  # noqa: F401
from task_shop import STOCK, TABLE, stocked
from test_conformance import DIALECTS
from test_streaming import SERVERS

LIMITS = {"statement_timeout_seconds: 2": "statement_timeout_seconds: 2", "limits: {seconds: 2}": "limits.seconds: 2"}
SLACK = 4
SQLITE = ("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {rows}) "
          "SELECT n, printf('%100d', n) AS word FROM c")
ENDLESS, SHORT = 1_000_000_000, 3_000


def statement(database, rows):
    """Far more than any buffer takes, or more than a pipe does and less than two batches."""
    if database == "sqlite":
        return SQLITE.format(rows=rows)
    return f"{SERVERS[database]().rows} LIMIT {rows}"


@pytest.fixture
def sessions(on):  # noqa: F811
    """What the database knows of the program's sessions; nothing for SQLite, which has none."""
    database = on[1]
    if database == "sqlite":
        return lambda: []
    server = SERVERS[database]()
    wait_until(lambda: not server.in_transaction())
    return server.in_transaction


def ends_in_time(process, sessions, limit):
    start = time.monotonic()
    try:
        assert process.wait(timeout=20) == 3
        assert time.monotonic() - start < 2 + 1 + SLACK
        error = process.stderr.read().decode()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        process.stdout.close()
    assert "time limit" in error and f"the limit is {LIMITS[limit]}" in error, error
    wait_until(lambda: not sessions(), 2)


# RS-014
@pytest.mark.parametrize("rows", [ENDLESS, SHORT])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_pipe_that_nobody_reads(on, recipe, sessions, limit, rows):  # noqa: F811
    penstock, database = on
    process = penstock.start("fetch", recipe(statement(database, rows), source=limit), "-o", "-", "--format", "csv")
    ends_in_time(process, sessions, limit)


# RS-014
@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_fifo_that_nobody_reads(on, recipe, sessions, limit, opened):  # noqa: F811
    penstock, database = on
    os.mkfifo(penstock.cwd / "fifo")
    reader = os.open(penstock.cwd / "fifo", os.O_RDONLY | os.O_NONBLOCK) if opened else None
    process = penstock.start("fetch", recipe(statement(database, ENDLESS), source=limit), "-o", "fifo", "--format",
                             "csv")
    ends_in_time(process, sessions, limit)
    if opened:
        os.close(reader)
    assert left_in(penstock.cwd) == ["x.csv"]


@pytest.fixture(params=list(DIALECTS))
def shop(request, tmp_path):
    yield from stocked(request.param, tmp_path)


CHANGE = f"UPDATE {TABLE} SET pieces = 77;\nSELECT a.sku, a.note FROM {', '.join(f'{TABLE} {x}' for x in 'abcdefghij')}"
HEAD = "limits: {seconds: 2}\n"


# RS-014
def test_a_change_whose_reader_never_comes_is_rolled_back_in_time(shop):
    os.mkfifo(shop.folder / "fifo")
    start = time.monotonic()
    result = shop.run(CHANGE, "-o", "fifo", "--format", "csv", head=HEAD, access="read_write")
    assert (result.code, result.error["code"]) == (3, "statement_timeout"), result
    assert time.monotonic() - start < 2 + 1 + SLACK
    assert shop.pieces() == {sku: pieces for sku, pieces, *_ in STOCK}


# RS-014
def test_a_change_whose_reader_stalls_after_the_commit_says_so(shop):
    process = shop.penstock.start("run", shop.task(CHANGE, HEAD, access="read_write"), "--format", "csv")
    try:
        assert process.wait(timeout=20) == 5
        error = process.stderr.read().decode()
        assert "the change is committed" in error and "limits.seconds: 2" in error, error
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert set(shop.pieces().values()) == {77}
