"""The servers that are read: private instances on free loopback ports, their data kept from run to run.

Nothing of theirs is tuned for the query: what is set makes runs alike (no background work, no disk to wait for) and
holds lineitem in memory.
"""

import contextlib
import pathlib
import secrets
import shutil
import subprocess
import sys
import time
import types

import data
import lineitem

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
import mariadb
import mysql
from mysql_family import CACHE as PROGRAMS
from postgres import BINARIES, account, await_port, give_away, reserve_port

NAME = "bench"
SECONDS_TO_STOP = 60
# Of 127.0.0.1, over TCP: what a socket of the machine's own costs is another matter.
HOST = "127.0.0.1"


class Unavailable(Exception):
    """There is no such server here, or it does not start."""


class Served(data.Database):
    """A server of our own. A subclass says how to make, start and load it."""

    dialect = None

    def __init__(self, scale, cache, venv, say):
        self._folder = cache / f"{self.dialect}-{scale:g}-v{data.VERSION}"
        super().__init__(self._folder.with_suffix(".json"))
        self._log = self._folder / "server.log"
        self._process = None
        self._port = None
        self._password = secrets.token_hex(8)
        loaded = self._folder / "loaded"
        if not loaded.exists():
            say(f"making lineitem at scale {scale:g} in {self.dialect}")
            shutil.rmtree(self._folder, ignore_errors=True)
            self._known.unlink(missing_ok=True)
            self._folder.mkdir()
            give_away(self._folder)
            try:
                self._make()
                with self:
                    self._load(venv / "bin" / "tpchgen-cli", scale)
            except Exception as error:  # whatever it is, the other databases can be measured
                raise Unavailable(f"no {self.dialect} with lineitem: {_gist(error)}") from error
            loaded.touch()

    def __enter__(self):
        self._port = reserve_port()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **account(),
            )  # fmt: skip
        try:
            await_port(self._port, self._process, self._log)
            self._await_ready()
            self._let_reader_in()
        except RuntimeError as error:
            self.__exit__()
            raise Unavailable(_gist(error)) from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def words(self):
        return {
            "host": HOST,
            "port": str(self._port),
            "database": NAME,
            "user": "reader",
            "password": self._password,
            "url": self._url(self.dsn_scheme),
        }

    def _url(self, scheme, options=""):
        return f"{scheme}://reader:{self._password}@{HOST}:{self._port}/{NAME}{options}"

    def _await_ready(self):
        end = time.monotonic() + 60
        while True:
            try:
                self._run("SELECT 1")
                return
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _row(self, sql):
        return self._run(sql)[0]

    def _admin(self):
        """A connection of the server's own administrator, over its socket."""
        raise NotImplementedError

    def _run(self, *statements):
        """All rows of the last statement that gives any."""
        rows = []
        with contextlib.closing(self._admin()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
                rows = cursor.fetchall() if cursor.description else rows
        return rows


class Postgres(Served):
    dialect = dsn_scheme = "postgresql"

    SETTINGS = {
        "shared_buffers": "512MB",
        "autovacuum": "off",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "1h",
    }

    def words(self):
        return super().words() | {
            "url": self.dsn(),
            "sqlalchemy_url": self._url("postgresql+psycopg", "?sslmode=disable"),
            "keywords": f"host={HOST} port={self._port} dbname={NAME} user=reader password={self._password}"
                        " sslmode=disable",
            # Without UseDeclareFetch the driver holds the whole result as text before it gives the first row.
            "odbc": f"Driver=PostgreSQL Unicode;Server={HOST};Port={self._port};Database={NAME};UID=reader;"
                    f"PWD={self._password};SSLmode=disable;UseDeclareFetch=1;Fetch=10000",
        }  # fmt: skip

    def dsn(self):
        return self._url("postgresql", "?sslmode=disable")

    def version(self):
        return "PostgreSQL " + self._row("SHOW server_version")[0].split()[0]

    def _make(self):
        if not BINARIES:
            raise RuntimeError("apt-get install postgresql-15")
        subprocess.run(
            [BINARIES[0] / "initdb", "-D", self._folder / "data", "-U", "postgres", "--auth-local=trust",
             "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **account(),
        )  # fmt: skip

    def _command(self):
        settings = self.SETTINGS | {
            "port": self._port,
            "listen_addresses": HOST,
            "unix_socket_directories": self._folder,
        }
        options = (f"--{name}={value}" for name, value in settings.items())
        return [BINARIES[0] / "postgres", "-D", self._folder / "data", *options]

    def _admin(self, database="postgres"):
        import psycopg

        return psycopg.connect(
            host=str(self._folder), port=self._port, user="postgres", dbname=database, autocommit=True
        )

    def _let_reader_in(self):
        exists = self._run("SELECT 1 FROM pg_roles WHERE rolname = 'reader'")
        self._run(f"{'ALTER' if exists else 'CREATE'} ROLE reader LOGIN PASSWORD '{self._password}'")

    def _load(self, generator, scale):
        self._run(f"CREATE DATABASE {NAME}")
        declared = ", ".join(f"{name} {kind} NOT NULL" for name, kind, _ in lineitem.COLUMNS)
        with contextlib.closing(self._admin(NAME)) as connection:
            connection.execute(f"CREATE TABLE lineitem ({declared})")
            with (
                data.generated(generator, scale, "csv") as rows,
                connection.cursor().copy("COPY lineitem FROM STDIN (FORMAT csv, HEADER)") as copy,
            ):
                while block := rows.read(1 << 20):
                    copy.write(block)
            for statement in (
                "CREATE TABLE copies (n INTEGER NOT NULL)",
                "INSERT INTO copies VALUES (1), (2)",
                "GRANT SELECT ON lineitem, copies TO reader",
                # Else the first readers would write: hint bits, the visibility map.
                "VACUUM (FREEZE, ANALYZE)",
                "CHECKPOINT",
            ):
                connection.execute(statement)

    def _row(self, sql):
        with contextlib.closing(self._admin(NAME)) as connection:
            return connection.execute(sql).fetchone()

    def _counted(self, value, counts):
        return {
            lineitem.KEY: value,
            lineitem.HUNDREDTHS: f"CAST({value} * 100 AS BIGINT)",
            lineitem.DAYS: f"({value} - DATE '1970-01-01')",
            lineitem.BYTES: f"octet_length({value})",
        }[counts]


class MariaDb(Served):
    dialect = "mariadb"
    title = "MariaDB"
    dsn_scheme = "mysql"

    SETTINGS = {
        "innodb-buffer-pool-size": "2G",
        "innodb-flush-log-at-trx-commit": "0",
        "innodb-doublewrite": "OFF",
        "innodb-stats-persistent": "ON",
        "innodb-stats-auto-recalc": "OFF",
        "performance-schema": "OFF",
        "skip-log-bin": None,
        "skip-name-resolve": None,
        "character-set-server": "utf8mb4",
        "local-infile": "ON",
        # A busy machine, or a reader that stops to think, is no broken connection.
        "net-read-timeout": "600",
        "net-write-timeout": "600",
    }
    OWN_SETTINGS = {"innodb-log-file-size": "1G"}

    def words(self):
        return super().words() | {
            "sqlalchemy_url": self._url("mysql+pymysql"),
            "keywords": f"host={HOST} port={self._port} database={NAME} user=reader password={self._password}"
                        " ssl_mode=disabled",
            # Else the driver holds the whole result before it gives the first row.
            "odbc": f"Driver=MariaDB Unicode;Server={HOST};Port={self._port};Database={NAME};UID=reader;"
                    f"PWD={self._password};NO_CACHE=1;FORWARDONLY=1",
        }  # fmt: skip

    def dsn(self):
        return self._url("mysql", "?ssl_mode=DISABLED")

    def version(self):
        return f"{self.title} " + self._row("SELECT version()")[0].split("-")[0]

    def _program(self):
        return [mariadb.program("mariadbd"), "--no-defaults"]

    def _make(self):
        subprocess.run(
            [mariadb.program("mariadb-install-db"), "--no-defaults", f"--datadir={self._folder / 'data'}",
             "--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **account(),
        )  # fmt: skip

    def _command(self):
        settings = self.SETTINGS | self.OWN_SETTINGS | {
            "datadir": self._folder / "data",
            "socket": self._folder / "socket",
            "pid-file": self._folder / "pid",
            "port": self._port,
            "bind-address": HOST,
        }
        options = (f"--{name}" if value is None else f"--{name}={value}" for name, value in settings.items())
        return [*self._program(), *options]

    def _admin(self):
        import pymysql

        return pymysql.connect(
            unix_socket=str(self._folder / "socket"), user="root", autocommit=True, local_infile=True
        )

    def _let_reader_in(self):
        import pymysql

        self._run(
            f"CREATE DATABASE IF NOT EXISTS {NAME}",
            f"CREATE USER IF NOT EXISTS reader@'{HOST}'",
            f"ALTER USER reader@'{HOST}' IDENTIFIED BY '{self._password}'",
            f"GRANT SELECT ON {NAME}.* TO reader@'{HOST}'",
        )
        # MySQL keeps the password of who came once, so that no contender pays for RSA or is kept out without it.
        pymysql.connect(host=HOST, port=self._port, user="reader", password=self._password).close()

    def _load(self, generator, scale):
        declared = ", ".join(f"{name} {kind} NOT NULL" for name, kind, _ in lineitem.COLUMNS)
        with data.generated(generator, scale) as rows:
            self._run(
                f"USE {NAME}",
                f"CREATE TABLE lineitem ({declared}, PRIMARY KEY (l_orderkey, l_linenumber))",
                f"LOAD DATA LOCAL INFILE '/dev/fd/{rows.fileno()}' INTO TABLE lineitem"
                " FIELDS TERMINATED BY '|' LINES TERMINATED BY '|\n'",
                "CREATE TABLE copies (n INTEGER NOT NULL)",
                "INSERT INTO copies VALUES (1), (2)",
                "ANALYZE TABLE lineitem, copies",
            )

    def _row(self, sql):
        return self._run(f"USE {NAME}", sql)[0]

    def _counted(self, value, counts):
        return {
            lineitem.KEY: value,
            lineitem.HUNDREDTHS: f"CAST({value} * 100 AS SIGNED)",
            lineitem.DAYS: f"datediff({value}, '1970-01-01')",
            lineitem.BYTES: f"octet_length({value})",
        }[counts]


class MySql(MariaDb):
    dialect = "mysql"
    title = "MySQL"
    OWN_SETTINGS = {"innodb-redo-log-capacity": "1G", "mysqlx": "OFF", "secure-file-priv": "NULL"}

    def _program(self):
        folder = PROGRAMS / "mysql"
        if not (folder / "unpacked").exists():
            mysql.unpack(folder)
        return mysql.Server.command(types.SimpleNamespace(program=folder), None)

    def _make(self):
        subprocess.run(
            [*self._program(), f"--datadir={self._folder / 'data'}", "--initialize-insecure"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **account(),
        )  # fmt: skip


def _gist(error):
    """One line of what may be a server's whole log."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    marked = [line for line in lines if "ERROR" in line or "FATAL" in line]
    return (marked or lines)[0]
