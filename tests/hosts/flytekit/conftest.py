"""Flyte as it is published, with the package beside it, in the environment that runs these tests: .venv-flytekit.

The servers' DSNs are in PENSTOCK_TEST_*DSN; PENSTOCK_TEST_FLYTE_PLUGIN is the source distribution of the plugin, whose own
tests run here, too.
"""

import os
import pathlib
import sqlite3
import subprocess
import sys
from urllib.parse import unquote, urlsplit

import pytest
from flytekit import kwtypes
from flytekit.models.security import Secret

import penstock
from penstock.flytekit import SQLAlchemyConfig, SQLAlchemyTask

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = pathlib.Path(sys.executable).parent
DATABASES = ("sqlite", "postgres", "mariadb", "mysql")
PASSWORD = Secret(group="shop", key="db-password")
COLUMNS = "id BIGINT, sku VARCHAR(20), amount INTEGER, total DECIMAL(10,2), paid_on DATE"
ORDERS = [(2**53 + 1 + i, None if i == 3 else f"sku {i}", 10 * i, f"{i}.5{i}", f"2026-0{i + 1}-17") for i in range(6)]
INSERT = "INSERT INTO orders VALUES " + ", ".join(
    f"({id}, {'NULL' if sku is None else repr(sku)}, {amount}, {total}, '{day}')" for id, sku, amount, total, day in ORDERS)


def variable(name):
    """The value of a variable that the tests' launcher sets; without it a test fails, and is never skipped."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests with ./dev test"
    return value


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch):
    """Of what the machine has: no secret, and no opt-in to private hosts."""
    for name in list(os.environ):
        if name.startswith(("_FSEC_", "FLYTE_")) or name.endswith("SQL_ALLOW_PRIVATE"):
            monkeypatch.delenv(name)


class Database:
    """One that may be written to, with `orders` in it; its password is where Flyte keeps secrets."""

    def __init__(self, name, dsn, monkeypatch):
        parts = urlsplit(dsn)
        self.name, self.password = name, unquote(parts.password or "")
        self.uri = dsn.replace(f":{parts.password}@", "@") if parts.password else dsn
        if self.password:
            monkeypatch.setenv("_FSEC_SHOP_DB-PASSWORD", self.password)
            monkeypatch.setenv("PENSTOCK_SQL_ALLOW_PRIVATE", "1")

    @property
    def config(self):
        return SQLAlchemyConfig(uri=self.uri, secret_connect_args={"password": PASSWORD} if self.password else None)

    def task(self, query, name="shop.task", **more):
        """A task of `inputs`, types by name, and `output`."""
        return SQLAlchemyTask(name, query, self.config, inputs=kwtypes(**more.pop("inputs", {})), **more)

    def change(self, *statements):
        penstock.run_task(penstock.Task.of({
            "name": "change", "access": "read_write", "output": "none", "query": ";\n".join(statements),
            "connection": {"uri": self.uri, "connect_args": {"password": self.password} if self.password else {}}}),
            on_event=lambda *_: None)


def dsn_of(name, folder):
    if name != "sqlite":
        return variable(f"PENSTOCK_TEST_{name.upper()}_WRITER_DSN")
    sqlite3.connect(folder / "shop.db").close()
    return f"sqlite:///{folder}/shop.db"


def database_of(name, folder, monkeypatch):
    made = Database(name, dsn_of(name, folder), monkeypatch)
    made.change("DROP TABLE IF EXISTS orders", f"CREATE TABLE orders ({COLUMNS})", INSERT)
    return made


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """On SQLite."""
    return database_of("sqlite", tmp_path, monkeypatch)


@pytest.fixture
def postgres(tmp_path, monkeypatch):
    return database_of("postgres", tmp_path, monkeypatch)


@pytest.fixture(params=DATABASES)
def database(request, tmp_path, monkeypatch):
    """Each in turn."""
    return database_of(request.param, tmp_path, monkeypatch)


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def run(*command, env=None, cwd=None, seconds=300):
    """A command of this environment, found by its name, or `python`."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return Ran(subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds, cwd=cwd,
                              stdin=subprocess.DEVNULL, env={**os.environ, "PATH": path, **(env or {})}))
