"""Ctrl-C and cancel() stop the query where it runs; other Python threads run meanwhile."""

import threading
import time

import pytest
from conftest import DSN, ENDLESS_ROWS, LONG, Script, end_by_ctrl_c, running, variable, wait_until

import penstock

WAIT = f"""
import sys, penstock
print("begun", flush=True)
try:
    rows = penstock.read(sys.argv[1], dsn_env="{DSN}")
    print("open", flush=True)
    how = sys.argv[2]
    if how == "pyarrow":
        rows.to_pyarrow()
    elif how == "polars":
        rows.to_polars()
    else:
        import importlib
        library = importlib.import_module(how)
        library.table(rows)
    print("came to an end")
except KeyboardInterrupt:
    print("KeyboardInterrupt")
print("going on")
"""


def test_ctrl_c_stops_the_query_on_the_server(server):
    code, out, err = end_by_ctrl_c(Script(WAIT, LONG[server], "pyarrow"), server)
    assert out.splitlines()[-2:] == ["KeyboardInterrupt", "going on"], err
    assert code == 0


FETCH = f"""
import os, sys, penstock
print("begun", flush=True)
try:
    penstock.fetch(sys.argv[1], dsn_env="{DSN}", out=sys.argv[2])
except KeyboardInterrupt:
    print("KeyboardInterrupt")
print(os.listdir(os.path.dirname(sys.argv[2])))  # the lock is for the next run
"""


def test_ctrl_c_of_a_fetch_stops_the_query_on_the_server_and_leaves_no_file(server, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    code, out, err = end_by_ctrl_c(Script(FETCH, LONG[server], folder / "never.parquet"), server)
    assert (code, out) == (0, "KeyboardInterrupt\n['never.parquet.lock']\n"), err


def test_ctrl_c_comes_through_a_library_that_pulls_the_rows(shop):
    code, out, err = end_by_ctrl_c(Script(WAIT, LONG["sqlite"], "pyarrow.lib"), "sqlite")
    assert code == 0 and out.splitlines()[-2:] == ["KeyboardInterrupt", "going on"], err


def test_a_handler_that_does_not_raise_lets_the_query_go_on(shop, script):
    out = script(f"""
import os, signal, threading, penstock
seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
timer.start()
slow = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT count(*) AS c FROM n")
while not seen:
    [row] = penstock.read(slow, dsn_env="{DSN}").to_pyarrow().to_pylist()
    assert row["c"] == 5000000
print("seen", len(seen))
""")
    assert out == "seen 1\n"


def test_what_a_handler_raises_comes_out(shop, script):
    out = script(f"""
import signal, penstock
class Enough(Exception): pass
def handler(*_): raise Enough("of it")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    penstock.fetch("{LONG['sqlite']}", dsn_env="{DSN}", out="never.parquet")
except Enough as error:
    print("Enough", error)
import os
print(os.path.exists("never.parquet"))
""", cwd=shop.parent)
    assert out == "Enough of it\nFalse\n"


def drain(rows):
    for _ in rows.batches():
        pass


# MySQL and MariaDB join all of it before the first row; of these the Ctrl-C test tells.
@pytest.mark.parametrize("server", ["sqlite", "postgres"], indirect=True)
def test_cancel_from_another_thread_ends_the_reading(server):
    rows = penstock.read(ENDLESS_ROWS, dsn_env=DSN)
    threading.Timer(0.5, rows.cancel).start()
    with pytest.raises(InterruptedError) as caught:
        drain(rows)
    assert isinstance(caught.value, penstock.InterruptedError)


# MySQL and MariaDB join all of it before the first row; of these the Ctrl-C test tells.
@pytest.mark.parametrize("server", ["sqlite", "postgres"], indirect=True)
def test_closing_from_another_thread_ends_the_reading(server):
    rows = penstock.read(ENDLESS_ROWS, dsn_env=DSN)
    threading.Timer(0.5, rows.close).start()
    with pytest.raises(penstock.Error):
        drain(rows)


# Gives rows for far longer than any test, the first at once; and how many other sessions this account has.
ENDLESS = {
    "sqlite": (ENDLESS_ROWS, None),
    "postgres": (ENDLESS_ROWS, "SELECT count(*) AS c FROM pg_stat_activity WHERE usename = current_user "
                               "AND pid <> pg_backend_pid()"),
    "mariadb": ("SELECT a.help_topic_id AS i FROM mysql.help_topic a, mysql.help_topic b, mysql.help_topic c",
                "SELECT count(*) AS c FROM information_schema.processlist WHERE id <> connection_id()"),
}
ENDLESS["mysql"] = ENDLESS["mariadb"]


# RS-014
@pytest.mark.parametrize("limit", [{"statement_timeout_seconds": 2}, {"seconds": 2}])
def test_a_consumer_that_does_not_pull_holds_no_session_past_its_time(server, limit):
    sql, count = ENDLESS[server]

    def sessions():
        if count is None:
            return 0
        [row] = penstock.read(count, dsn_env=DSN).to_pyarrow().to_pylist()
        return int(row["c"])

    wait_until(lambda: sessions() == 0)
    start = time.monotonic()
    rows = penstock.read(sql, dsn_env=DSN, **limit)
    batches = iter(rows.batches())
    next(batches)
    assert server == "sqlite" or sessions() == 1
    wait_until(lambda: time.monotonic() > start + 2.2)
    wait_until(lambda: sessions() == 0, 3)
    with pytest.raises(penstock.TimeoutError, match="time limit") as caught:
        for _ in batches:
            pass
    name = "limits.seconds" if "seconds" in limit else "statement_timeout_seconds"
    assert f"the limit is {name}: 2" in caught.value.hint


def test_two_threads_do_not_wait_on_one_stream(monkeypatch):
    monkeypatch.setenv(DSN, variable("PENSTOCK_TEST_POSTGRES_DSN"))
    monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    rows = penstock.read(LONG["postgres"], dsn_env=DSN)
    failures = []

    def wait():
        try:
            drain(rows)
        except penstock.Error as error:
            failures.append(error)

    first = threading.Thread(target=wait)
    first.start()
    wait_until(lambda: running("postgres") == 1)
    time.sleep(0.5)
    with pytest.raises(penstock.UsageError, match="another thread is waiting"):
        rows._rows.next()
    rows.cancel()
    first.join(60)
    assert not first.is_alive() and isinstance(failures[0], penstock.InterruptedError)


def test_other_threads_run_while_rows_are_waited_for(server):
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.wait(0.01):
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    with pytest.raises(TimeoutError):
        penstock.read(LONG[server], dsn_env=DSN, statement_timeout_seconds=1).to_pyarrow()
    done.set()
    counter.join()
    assert counted >= 5


MANY = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
        "SELECT a.i AS a, b.i AS b, 'some text' AS t FROM n AS a, n AS b")


def test_other_threads_run_while_rows_flow(server):
    """As long as the first half takes, and again as long as the second does, another thread counts."""
    counted, done = 0, threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    with penstock.read(MANY, dsn_env=DSN) as stream:
        batches = stream.batches()
        next(batches)
        counter.start()
        steps = []
        for at in (500_000, 1_000_000):
            before = counted
            while stream.rows < at and next(batches, None) is not None:
                pass
            steps.append(counted - before)
        assert stream.rows == 1_000_000
    done.set()
    counter.join()
    assert min(steps) > 1000, steps


def test_threads_read_side_by_side(shop):
    totals, failures = [], []

    def work():
        try:
            for _ in range(5):
                totals.append(penstock.read("SELECT id FROM orders", dsn_env=DSN).to_pyarrow().num_rows)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and totals == [587] * 40


def test_a_stream_left_open_does_not_keep_the_interpreter_from_ending(shop, script):
    out = script(f"""
import penstock
rows = penstock.read("{ENDLESS_ROWS}", dsn_env="{DSN}")
batches = rows.batches()
next(batches)
print("end")
""")
    assert out == "end\n"
