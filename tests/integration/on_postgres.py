"""What the tests on a real PostgreSQL share. The server's DSNs are in PENSTOCK_TEST_POSTGRES_*DSN."""

import os
import pathlib
import subprocess
import urllib.parse

import pytest

from conftest import Penstock, wait_until


def variable(name):
    """The value of a variable that the servers' launcher sets; without it a test fails, and is never skipped."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests with the servers that tools/servers starts"
    return value


class Database:
    """A way in that is not ours: psql, as the superuser or as another role."""

    def __init__(self, dsn):
        parts = urllib.parse.urlsplit(dsn)
        self.host, self.port, self.name = parts.hostname, parts.port, parts.path[1:]
        self.user, self.password = parts.username, parts.password

    def environment(self):
        return {"PATH": os.environ["PATH"], "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user,
                "PGPASSWORD": self.password, "PGDATABASE": self.name, "PGSSLMODE": "disable", "LANG": "C.UTF-8",
                "PGTZ": "UTC", "PGDATESTYLE": "ISO, YMD", "PGCLIENTENCODING": "UTF8",
                "PGOPTIONS": "-c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex"}

    def psql(self, *arguments, input=None):
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments], env=self.environment(),
                              input=input, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def run(self, sql):
        self.psql("-f", "-", input=sql.encode())

    def rows(self, sql):
        """Rows of text; NULL is an empty text."""
        out = self.psql("-At", "-F", "\x1f", "-R", "\x1e", "-c", sql).decode()
        return [tuple(row.split("\x1f")) for row in out.removesuffix("\n").split("\x1e")] if out else []

    def value(self, sql):
        ((value,),) = self.rows(sql)
        return value

    def csv(self, select):
        """What the server's own CSV writer says, as bytes."""
        return self.psql("-c", f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)")

    def session_of(self, application="penstock"):
        """Backends that run something for us now."""
        return self.rows(f"SELECT pid, state FROM pg_stat_activity WHERE application_name = '{application}'")

    def await_no_session(self, seconds=2):
        wait_until(lambda: not self.session_of(), seconds)


@pytest.fixture(scope="session")
def admin():
    return Database(variable("PENSTOCK_TEST_POSTGRES_ADMIN_DSN"))


@pytest.fixture(scope="session")
def certificates():
    return pathlib.Path(variable("PENSTOCK_TEST_POSTGRES_FOLDER"))


def connected(penstock, dsn):
    penstock.env["PENSTOCK_SHOP_DSN"] = dsn
    penstock.env["PENSTOCK_SQL_ALLOW_PRIVATE"] = "1"
    return penstock


@pytest.fixture
def pg(tmp_path):
    """The program, with the role that may only read in PENSTOCK_SHOP_DSN."""
    return connected(Penstock(tmp_path), variable("PENSTOCK_TEST_POSTGRES_DSN"))


@pytest.fixture
def writer(tmp_path):
    """The program with a role that may write, so that it is the session that stops it and not the rights."""
    return connected(Penstock(tmp_path), variable("PENSTOCK_TEST_POSTGRES_WRITER_DSN"))


def query(penstock, sql, *arguments, env=None):
    return penstock("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, *arguments, env=env)


def arrow(penstock, sql, *arguments, env=None):
    """The result as a pyarrow table; by way of a file, so that nothing but our writer and pyarrow touched it."""
    import pyarrow.ipc

    result = query(penstock, sql, "-o", "result.arrow", *arguments, env=env)
    assert result.code == 0, result
    with pyarrow.ipc.open_file(penstock.cwd / "result.arrow") as file:
        return file.read_all()
