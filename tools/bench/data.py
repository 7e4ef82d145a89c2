"""The databases that are read: how their data is made, how contenders reach it, what the right answer is."""

import json
import sqlite3
import subprocess

import lineitem

# Part of the data's file name: raise it when what is loaded changes.
VERSION = 1


class Sqlite:
    """TPC-H lineitem in a SQLite file, loaded with the types that TPC-H declares; dates are ISO text."""

    def __init__(self, scale, cache, venv, say):
        self._path = cache / f"lineitem-{scale:g}-v{VERSION}.db"
        self._known = self._path.with_suffix(".json")
        if not self._path.exists():
            say(f"making lineitem at scale {scale:g} in SQLite")
            self._make(scale, venv / "bin" / "tpchgen-cli")

    def words(self):
        """What suite.toml's commands may name."""
        return {
            "sqlite_path": str(self._path),
            "sqlite_uri": f"sqlite://{self._path}",
            "sqlite_url": f"sqlite:///{self._path}",
        }

    def dsn(self):
        return f"sqlite:///{self._path}"

    def expected(self, query):
        """Rows and sums of a query, as SQLite itself counts them; kept beside the data."""
        known = json.loads(self._known.read_text()) if self._known.exists() else {}
        if query not in known:
            sums = ", ".join(_sum_sql(name, counts) for name, _, counts in lineitem.COLUMNS)
            connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
            rows, *values = connection.execute(f"SELECT count(*), {sums} FROM ({query})").fetchone()
            connection.close()
            names = (name for name, _, _ in lineitem.COLUMNS)
            known[query] = {"rows": rows, "sums": dict(zip(names, values))}
            self._known.write_text(json.dumps(known, indent=1))
        return known[query]

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
        command = [generator, "tbl", "-s", f"{scale:g}", "-q", "-T", "lineitem", "--stdout"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as generated:
            rows = (line.split("|")[:count] for line in generated.stdout)
            connection.executemany(
                f"INSERT INTO lineitem VALUES ({', '.join('?' * count)})", rows
            )
        if generated.returncode != 0:
            raise RuntimeError("tpchgen-cli failed")
        connection.commit()
        connection.close()
        self._known.unlink(missing_ok=True)
        unfinished.rename(self._path)


DATABASES = {"sqlite": Sqlite}


def _sum_sql(name, counts):
    value = {
        lineitem.KEY: name,
        lineitem.HUNDREDTHS: f"CAST(round({name} * 100) AS INTEGER)",
        lineitem.DAYS: f"CAST(julianday({name}) - 2440587.5 AS INTEGER)",
        lineitem.BYTES: f"length(CAST({name} AS BLOB))",
    }[counts]
    return f"sum({value})"
