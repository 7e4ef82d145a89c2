"""Recotem as it is published, with the package beside it, in the environment that runs these tests: .venv-recotem.

The servers' DSNs are in PENSTOCK_TEST_*DSN; the tables are made by `penstock run`.
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys

import pytest

PROGRAMS = pathlib.Path(sys.executable).parent
ROOT = pathlib.Path(__file__).resolve().parents[3]
DSN = "RECOTEM_RECIPE_SHOP_DSN"
DATABASES = ("sqlite", "postgres", "mariadb")
USERS, ITEMS, BOUGHT = 30, 12, 8
BEYOND = 2**53 + 1  # where floating point no longer tells neighbours apart

COLUMNS = {
    "sqlite": "user_id BIGINT, item_id DECIMAL(20,0), bought_at DATETIME, note TEXT",
    "postgres": "user_id BIGINT, item_id NUMERIC(20,0), bought_at TIMESTAMPTZ, note TEXT",
    "mariadb": "user_id BIGINT, item_id DECIMAL(20,0), bought_at DATETIME, note TEXT",
}


def variable(name):
    """The value of a variable that the tests' launcher sets; without it a test fails, and is never skipped."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests with ./dev test"
    return value


def purchases():
    """(user, item, day, note): each user has bought 8 of 12 items, one purchase in 30 is nobody's; the first 12 are of February."""
    for user in range(USERS):
        for number in range(BOUGHT):
            month, day = ("02", number + 1) if user == 0 else ("03", 1 + (user + number) % 28)
            item = (user + number * number) % ITEMS if number < 4 else (user + 5 + number) % ITEMS
            yield (None if number == 7 and user % 4 == 1 else BEYOND + user, BEYOND + item,
                   f"2026-{month}-{day:02d} 10:00:00", "half:price")


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def events(self):
        """What was logged, a dict each: the host writes JSON lines where standard error is no terminal."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]

    def event(self, name):
        [event] = [event for event in self.events if event.get("event") == name]
        return event

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def run(*command, env=None, cwd=None, seconds=300):
    """A command of this environment, found by its name, or `python`; only the variables given are set for it."""
    clean = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "LANG": "C.UTF-8", "RECOTEM_LOG_FORMAT": "json", "COLUMNS": "200",
             "RECOTEM_SIGNING_KEYS": "test:" + "ab" * 32, "NO_COLOR": "1"}
    return Ran(subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds, cwd=cwd,
                              env={**clean, **(env or {})}))


def change(folder, dsn, *statements):
    """Runs statements by Penstock's own program, each in a transaction of its own; `folder` takes their task file."""
    for sql in statements:
        path = folder / "change.yaml"
        path.write_text("name: change\nconnection: {dsn_env: PENSTOCK_CHANGED_DSN}\naccess: read_write\noutput: none\n"
                        f"query: |\n  {sql}\n")
        ran = run("penstock", "run", path, env={"PENSTOCK_CHANGED_DSN": dsn, "PENSTOCK_SQL_ALLOW_PRIVATE": "1"})
        assert ran.code == 0, ran


def make_sqlite(path, columns, rows):
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE purchases ({columns})")
        connection.executemany("INSERT INTO purchases VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def shops(tmp_path_factory):
    """DSNs by database, of accounts that may read `purchases`."""
    folder = tmp_path_factory.mktemp("shops")
    rows = list(purchases())
    values = ", ".join(f"({'NULL' if user is None else user}, {item}, '{day}', '{note}')" for user, item, day, note in rows)
    dsns = {"sqlite": make_sqlite(folder / "shop.db", COLUMNS["sqlite"], rows)}
    for name in ("postgres", "mariadb"):
        change(folder, variable(f"PENSTOCK_TEST_{name.upper()}_WRITER_DSN"), "DROP TABLE IF EXISTS purchases",
               f"CREATE TABLE purchases ({COLUMNS[name]})", f"INSERT INTO purchases VALUES {values}")
        dsns[name] = variable(f"PENSTOCK_TEST_{name.upper()}_DSN")
    return dsns


@pytest.fixture(params=DATABASES)
def database(request):
    return request.param


@pytest.fixture
def opted_in(shops, database):
    """The environment of a program that may read the database, which is on this machine."""
    return {DSN: shops[database], "RECOTEM_SQL_ALLOW_PRIVATE": "1"}


RECIPE = """\
name: {name}
source:
  type: {type}
  dsn_env: {dsn_env}
  query: |
    {query}
{source}schema:
  user_column: user_id
  item_column: item_id
  time_column: bought_at
training:
  algorithms: [TopPop]
  metric: recall
  cutoff: 5
  n_trials: 1
  split: {{scheme: random, heldout_ratio: 0.2, seed: 0}}
output:
  path: {folder}/{name}.recotem
  versioning: always_overwrite
"""
QUERY = "SELECT user_id, item_id, bought_at FROM purchases WHERE bought_at >= :since AND note = 'half:price'  -- :since is a day"
SINCE = '  query_parameters: {since: "${RECOTEM_RECIPE_SINCE}"}\n'


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe; gives its path. `source` are further lines of its source section."""

    def write(type="penstock", query=QUERY, source=SINCE, name="purchases", dsn_env=DSN):
        path = tmp_path / f"{name}.yaml"
        path.write_text(RECIPE.format(type=type, query=query, source=source, name=name, dsn_env=dsn_env, folder=tmp_path))
        return path

    return write
