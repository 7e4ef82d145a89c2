"""The databases that are read: how their data is made, how contenders reach it, what the right answer is.

Each is a context: within it, it can be read. The servers are in servers.py.
"""

import contextlib
import json
import sqlite3
import subprocess

import lineitem

# Part of the data's file name: raise it when what is loaded changes.
VERSION = 1


class Database:
    """What all databases share: the right answers, counted by the database itself and kept beside the data."""

    def __init__(self, known):
        self._known = known

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def words(self):
        """What suite.toml's commands may name."""
        raise NotImplementedError

    def dsn(self):
        """As Penstock takes it."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def expected(self, query, unpadded=False):
        """Rows and sums of a query; `unpadded`: without the blanks that fill up a CHAR(n)."""
        known = json.loads(self._known.read_text()) if self._known.exists() else {}
        key = f"{query} -- unpadded" if unpadded else query
        if key not in known:
            sums = ", ".join(
                f"sum({self._counted(f'rtrim({name})' if unpadded and kind.startswith('CHAR') else name, counts)})"
                for name, kind, counts in lineitem.COLUMNS
            )
            rows, *values = self._row(f"SELECT count(*), {sums} FROM ({query}) AS answer")
            names = (name for name, _, _ in lineitem.COLUMNS)
            known[key] = {"rows": int(rows), "sums": {name: int(value) for name, value in zip(names, values)}}
            self._known.write_text(json.dumps(known, indent=1))
        return known[key]

    def _counted(self, value, counts):
        """The whole number that lineitem.py sums of a value, in this database's SQL."""
        raise NotImplementedError

    def _row(self, sql):
        """The one row of a query of ours."""
        raise NotImplementedError


class Sqlite(Database):
    """TPC-H lineitem in a SQLite file, loaded with the types that TPC-H declares; dates are ISO text."""

    def __init__(self, scale, cache, venv, say):
        self._path = cache / f"lineitem-{scale:g}-v{VERSION}.db"
        super().__init__(self._path.with_suffix(".json"))
        if not self._path.exists():
            say(f"making lineitem at scale {scale:g} in SQLite")
            self._make(scale, venv / "bin" / "tpchgen-cli")

    def words(self):
        return {
            "path": str(self._path),
            "url": f"sqlite://{self._path}",
            "sqlalchemy_url": f"sqlite:///{self._path}",
        }

    def dsn(self):
        return f"sqlite:///{self._path}"

    def version(self):
        """Nothing: the client library (machine.py) is all there is."""
        return ""

    def _counted(self, value, counts):
        return {
            lineitem.KEY: value,
            lineitem.HUNDREDTHS: f"CAST(round({value} * 100) AS INTEGER)",
            lineitem.DAYS: f"CAST(julianday({value}) - 2440587.5 AS INTEGER)",
            lineitem.BYTES: f"length(CAST({value} AS BLOB))",
        }[counts]

    def _row(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchone()

    def _make(self, scale, generator):
        unfinished = self._path.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        declared = ", ".join(f"{name} {kind} NOT NULL" for name, kind, _ in lineitem.COLUMNS)
        connection = sqlite3.connect(unfinished)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"CREATE TABLE lineitem ({declared})")
        # Crossed with lineitem, more rows than a scale has, without the disk they would take.
        connection.execute("CREATE TABLE copies (n INTEGER NOT NULL)")
        connection.execute("INSERT INTO copies VALUES (1), (2)")
        count = len(lineitem.COLUMNS)
        with generated(generator, scale, text=True) as lines:
            rows = (line.split("|")[:count] for line in lines)
            connection.executemany(
                f"INSERT INTO lineitem VALUES ({', '.join('?' * count)})", rows
            )
        connection.commit()
        connection.close()
        self._known.unlink(missing_ok=True)
        unfinished.rename(self._path)


@contextlib.contextmanager
def generated(generator, scale, form="tbl", text=False):
    """lineitem as tpchgen-cli writes it. `tbl`: a row a line, a '|' after each value."""
    command = [generator, form, "-s", f"{scale:g}", "-q", "-T", "lineitem", "--stdout"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=text) as process:
        yield process.stdout
    if process.returncode != 0:
        raise RuntimeError("tpchgen-cli failed")
