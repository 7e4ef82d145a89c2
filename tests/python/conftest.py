"""The installed package, in the environment that runs these tests. The servers' DSNs are in PENSTOCK_TEST_*DSN."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DSN = "PENSTOCK_PACKAGE_DSN"
DIALECTS = {"sqlite": "sqlite", "postgres": "postgresql", "mariadb": "mysql", "mysql": "mysql"}
# 1000 rows on every server: MySQL's and MariaDB's recursion ends there unless told otherwise.
THOUSAND = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n ORDER BY i"
# Runs far longer than any test.
LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n",
    "postgres": "SELECT pg_sleep(300)",
    "mariadb": "SELECT sleep(300) AS c",
    "mysql": "SELECT sleep(300) AS c",
}
# Gives rows for far longer than any test; the first ones at once.
ENDLESS_ROWS = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                "SELECT a.i FROM n AS a, n AS b, n AS c, n AS d")


def variable(name):
    """The value of a variable that the tests' launcher sets; without it a test fails, and is never skipped."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests with ./dev test"
    return value


def make_shop(path):
    """orders: 587 rows, a NULL in ten in `discount`, `total` exact, `note` all NULL."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER NOT NULL, customer INTEGER, total DECIMAL(10,2), "
                           "discount INTEGER, paid_on DATE, name TEXT, note TEXT)")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, NULL)",
            [(2**53 + i, i % 97, f"{i}.{i % 100:02d}", None if i % 10 == 0 else i, f"2026-0{1 + i % 9}-17",
              f"Gül {i} 赤") for i in range(587)])
    connection.close()
    return path


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A shop's DSN is in the variable DSN; gives the database's path."""
    path = make_shop(tmp_path / "shop.db")
    monkeypatch.setenv(DSN, f"sqlite:///{path}")
    return path


@pytest.fixture(params=list(DIALECTS))
def server(request, tmp_path, monkeypatch):
    """Each database in turn, its DSN in the variable DSN; gives its name."""
    if request.param == "sqlite":
        monkeypatch.setenv(DSN, f"sqlite:///{make_shop(tmp_path / 'shop.db')}")
    else:
        monkeypatch.setenv(DSN, variable(f"PENSTOCK_TEST_{request.param.upper()}_DSN"))
        monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")
    return request.param


@pytest.fixture
def recipe(tmp_path, shop):
    """Writes a recipe of the shop's orders; gives its path."""

    def write(query="SELECT id, total FROM orders WHERE customer < :most ORDER BY id", extra="", name="orders.yaml"):
        path = tmp_path / name
        path.write_text(f"name: orders\nsource:\n  type: sql\n  dsn_env: {DSN}\n  query: |\n    {query}\n"
                        f"  query_parameters: {{most: 10}}\n{extra}")
        return path

    return write


class Script:
    """Python text in a process of its own, with the environment of the tests."""

    def __init__(self, text, *arguments, python=sys.executable, env=None, cwd=None):
        def default_signals():  # a shell's background job has SIGINT ignored
            signal.signal(signal.SIGINT, signal.default_int_handler)

        self.process = subprocess.Popen([python, "-c", text, *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=default_signals, cwd=cwd,
                                        env={**os.environ, **(env or {})})

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds=120):
        try:
            out, err = self.process.communicate(timeout=seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        return self.process.returncode, out, err


def end_by_ctrl_c(script, server):
    """Interrupts a Script that has said "begun" while its query runs on the server, and waits until that is gone there;
    gives the script's exit code, output and errors."""
    assert script.line() == "begun"
    if server == "sqlite":
        time.sleep(2)
    else:
        wait_until(lambda: running(server) == 1, 60)
    script.interrupt()
    ended = script.end()
    if server != "sqlite":
        wait_until(lambda: running(server) == 0)
    return ended


@pytest.fixture
def script():
    def run(text, *arguments, **options):
        code, out, err = Script(text, *arguments, **options).end()
        assert code == 0, err
        return out

    return run


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def running(server):
    """How many of the long queries run on the server now, as another connection of ours sees it."""
    import penstock

    count = {
        "postgres": "SELECT count(*) AS c FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' "
                    "AND query NOT LIKE '%count(*)%' AND state = 'active'",
        "mariadb": "SELECT count(*) AS c FROM information_schema.processlist WHERE info LIKE '%sleep(300)%' "
                   "AND info NOT LIKE '%count(*)%'",
    }
    count["mysql"] = count["mariadb"]
    [row] = penstock.read(count[server], dsn_env=DSN).to_pyarrow().to_pylist()
    return int(row["c"])
