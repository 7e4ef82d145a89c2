"""Faults between the program and what it needs. `./dev test` runs the short form, `./dev faults --full` the full one."""

import signal
import sqlite3

import pytest

from harness import SERVERS, Workplace, dsn_of, report
from spare_time import STRICT

# A shell's background job has SIGINT ignored, and what is started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def bounds():
    report("bounds", "checked" if STRICT else "not checked, as the machine was busy")


@pytest.fixture(params=SERVERS)
def server(request):
    return request.param


@pytest.fixture
def place(server, tmp_path):
    return Workplace(tmp_path / "work", dsn_of(server))


@pytest.fixture
def numbers(tmp_path):
    """20,000 rows that no codec makes small, in SQLite."""
    path = tmp_path / "numbers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, noise TEXT)")
        connection.execute("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 20000) "
                           "INSERT INTO numbers SELECT i, hex(randomblob(20)) FROM c")
    connection.close()
    return Workplace(tmp_path / "work", f"sqlite:////{str(path)[1:]}")
