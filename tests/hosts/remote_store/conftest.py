"""remote-store as it is published, with the package beside it, in the environment that runs these tests: .venv-remote-store.

The servers' DSNs are in PENSTOCK_TEST_*DSN.
"""

import datetime
import decimal
import os
import sqlite3
import subprocess
import sys

import pytest

OPT_IN = "PENSTOCK_SQL_ALLOW_PRIVATE"
SERVERS = ("postgres", "mariadb", "mysql")
# One row of what floating point and text would spoil, in words that all databases have.
EXACT = "SELECT 9007199254740993 AS id, CAST(12.30 AS DECIMAL(10,2)) AS total, CAST('2026-03-17' AS DATE) AS day"
EXACT_ROW = {"id": 2**53 + 1, "total": decimal.Decimal("12.30"), "day": datetime.date(2026, 3, 17)}
QUERIES = {
    "reports/all.parquet": "SELECT id, total, region FROM orders ORDER BY id",
    "reports/all.csv": "SELECT id, total, region FROM orders ORDER BY id",
    "reports/all.arrow": "SELECT id, total, region FROM orders ORDER BY id",
    "reports/eu/count.csv": "SELECT count(*) AS pieces FROM orders WHERE region = 'eu'",
    "top.csv": "SELECT max(id) AS id FROM orders",
}
ROWS = [(2**53 + i, decimal.Decimal(i) / 10, "eu" if i % 3 else None) for i in range(100)]


def variable(name):
    """The value of a variable that the tests' launcher sets; without it a test fails, and is never skipped."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests with ./dev test"
    return value


def server_url(name):
    """The DSN of a server that the launcher started, as a user's configuration would have it."""
    return variable(f"PENSTOCK_TEST_{name.upper()}_DSN")


@pytest.fixture(autouse=True)
def no_opt_in(monkeypatch):
    """A test that needs a private host opts in itself."""
    for name in (OPT_IN, "RECOTEM_SQL_ALLOW_PRIVATE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shop(tmp_path):
    """The path of a SQLite file with `orders`: 100 rows, one in three of no region."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER NOT NULL, total DECIMAL(10,1), region TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)",
                               [(id, str(total), region) for id, total, region in ROWS])
    connection.close()
    return path


@pytest.fixture
def url(shop):
    return f"sqlite:///{shop}"


@pytest.fixture
def script():
    """Runs Python text in a process of its own and gives what it prints."""

    def run(text, *arguments):
        done = subprocess.run([sys.executable, "-c", text, *map(str, arguments)], capture_output=True, text=True,
                              timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
