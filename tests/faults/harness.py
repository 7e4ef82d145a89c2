"""What the fault tests share: the servers, runs of the program, how many cases, and where a figure is written."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "integration"))
PROGRAM = os.path.abspath(os.environ.get("PENSTOCK_BIN", str(ROOT / "build" / "penstock")))
FAILING_CALLS = ROOT / "build" / "tests" / "libfailing_calls.so"
FULL = "PENSTOCK_FAULTS_FULL" in os.environ
FORMATS = ["parquet", "csv", "jsonl", "arrow", "arrows"]
SERVERS = ["postgres", "mariadb", "mysql"]
SECONDS = 60  # after which a run counts as hung
WORKERS = 4

ENDLESS_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


def cases(brief, full):
    return full if FULL else brief


def report(row, figure):
    """A line of the table in docs/reliability.md."""
    if file := os.environ.get("PENSTOCK_FAULTS_RESULTS"):
        with open(file, "a") as out:
            out.write(f"{row}\t{figure}\n")


def dsn_of(server, port=None, kind=""):
    name = f"PENSTOCK_TEST_{server.upper()}{kind}_DSN"
    dsn = os.environ.get(name)
    assert dsn, f"{name} is not set: run the tests with the servers that tools/servers starts"
    return dsn if port is None else dsn.replace(f":{port_of(dsn)}/", f":{port}/")


def port_of(dsn):
    return urllib.parse.urlsplit(dsn).port


def rows_query(server, rows, columns, wait=None):
    """`rows` rows of `columns` and of i, the number of the row; `wait`: seconds that each takes."""
    if server == "postgres":
        pause = f" CROSS JOIN LATERAL (SELECT pg_sleep({wait} + i * 0)) AS pause" if wait else ""
        return f"SELECT i, {columns} FROM generate_series(1, {rows}) AS s(i){pause}"
    pause = f" WHERE sleep({wait} + i * 0) = 0" if wait else ""
    if rows <= 900:
        return (f"WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {rows}) "
                f"SELECT i, {columns} FROM s{pause}")
    # MySQL's recursion ends at 1000 rows.
    return (f"WITH RECURSIVE d(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM d WHERE i < 499), "
            f"s AS (SELECT a.i * 500 + b.i + 1 AS i FROM d AS a CROSS JOIN d AS b) "
            f"SELECT i, {columns} FROM s{pause} LIMIT {rows}")


class Result:
    def __init__(self, code, out, err, seconds=0.0):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __repr__(self):
        return f"exit {self.code} after {self.seconds:.2f} s\n{self.err}"


class Workplace:
    """A folder with the DSN in PENSTOCK_SHOP_DSN; runs happen there."""

    def __init__(self, folder, dsn, **env):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PENSTOCK_SQL_ALLOW_PRIVATE": "1",
                    "PENSTOCK_SHOP_DSN": dsn, **env}

    def start(self, *args, **options):
        env = {**self.env, **options.pop("env", {})}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([PROGRAM, *map(str, args)], cwd=self.folder, env=env, **options)

    def run(self, *args, **options):
        begin = time.monotonic()
        process = self.start(*args, **options)
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return Result(process.returncode, out, (err or b"").decode(), time.monotonic() - begin)

    def query(self, sql, output, *args, **options):
        return self.run("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", output, *args, **options)

    def recipe(self, sql, limits="", file="job.yaml"):
        path = self.folder / file
        path.write_text(f"name: job\nsource:\n  type: sql\n  dsn_env: PENSTOCK_SHOP_DSN\n  query: |\n    {sql}\n{limits}")
        return file

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if not path.name.endswith((".yaml", ".db")))

    def clear(self):
        shutil.rmtree(self.folder)
        self.folder.mkdir()


def all_at_once(work, items, workers=WORKERS):
    """work(item) for each, several at a time; the results in order, and the first failure raised."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


# ---- a way into the servers that is not ours ----


def sessions(server):
    """The texts of what the server runs now, its own and the asking session's left out."""
    if server == "postgres":
        return admin(server, "SELECT query FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                             "AND backend_type IN ('client backend', 'parallel worker')")
    return admin(server, "SELECT info FROM information_schema.processlist WHERE info IS NOT NULL "
                         "AND id <> connection_id()")


def admin(server, sql):
    """The lines of an administrator's query."""
    if server == "postgres":
        parts = urllib.parse.urlsplit(dsn_of(server, kind="_ADMIN"))
        words = ["psql", "-X", "-q", "-At", "-c", sql]
        env = {"PGHOST": "127.0.0.1", "PGPORT": str(parts.port), "PGUSER": parts.username,
               "PGPASSWORD": parts.password, "PGDATABASE": parts.path[1:], "PGSSLMODE": "disable"}
    else:
        socket = os.environ[f"PENSTOCK_TEST_{server.upper()}_SOCKET"]
        words = ["mariadb", "--no-defaults", "--skip-ssl", "-u", "root", "-S", socket, "-N", "-B", "-e", sql]
        env = {}
    done = subprocess.run(words, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, timeout=60)
    # A session that has just ended cannot be killed.
    assert done.returncode == 0 or "Unknown thread id" in done.stderr, done.stderr
    return done.stdout.splitlines()


def sessions_that_run(server, mark):
    """Their ids on the server."""
    mark = re.sub(r"[^\w-]", "", mark)
    if server == "postgres":
        return admin(server, f"SELECT pid FROM pg_stat_activity WHERE query LIKE '%{mark}%' AND state = 'active' "
                             "AND pid <> pg_backend_pid()")
    return admin(server, f"SELECT id FROM information_schema.processlist WHERE info LIKE '%{mark}%' "
                         "AND id <> connection_id()")


def children(pid):
    found = []
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *children(child)]
    return found


def has_ended(pid):
    """Whether what it held, shared memory for one, is free; its parent may still have to ask how it ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_all(process):
    """A server and its processes, at once; all have ended afterwards."""
    os.kill(process.pid, signal.SIGSTOP)  # it begins no more of them
    pids = [process.pid, *children(process.pid)]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    assert wait_until(lambda: all(map(has_ended, pids)))
