"""A million rows into pandas, polars and pyarrow: the Python package beside ConnectorX and pandas.read_sql.

usage: frames.py [--rows N] [--dsn DSN]

Run by an interpreter that has the wheel (tools/wheel.py) and the packages of requirements.txt. Without --dsn an SQLite
table of N rows is made (orders: int64, nullable int64, decimal(12,2), date, double, text); with it, a server's table
`orders` is read. Each way has a process of its own: wall seconds from the call to the last row, and how far its peak
memory grew over that of the imported packages. The best of three runs is shown.
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time

WAYS = {
    "pandas": ("penstock", "connectorx", "pandas.read_sql"),
    "polars": ("penstock", "connectorx"),
    "pyarrow": ("penstock", "connectorx"),
}
QUERY = "SELECT * FROM orders"
VARIABLE = "PENSTOCK_BENCH_FRAMES_DSN"


def make_table(path, rows):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER NOT NULL, customer INTEGER, total DECIMAL(12,2), "
                           "paid_on DATE, weight DOUBLE, name TEXT)")
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            ((i, None if i % 10 == 0 else i % 5000, f"{i % 100000}.{i % 100:02d}", f"2026-{1 + i % 12:02d}-17",
              i / 7, f"customer number {i % 5000}") for i in range(rows)))
    connection.close()


def ready(target, way):
    """Imports what a way needs; gives the function that reads all rows by it."""
    dsn = os.environ[VARIABLE]
    if way == "penstock":
        import penstock

        __import__(target)
        return lambda: getattr(penstock.read(QUERY, dsn_env=VARIABLE), f"to_{target}")()
    if way == "connectorx":
        import connectorx

        __import__(target)
        kind = {"pyarrow": "arrow"}.get(target, target)
        return lambda: connectorx.read_sql(dsn.replace("sqlite:////", "sqlite:///"), QUERY, return_type=kind)
    import pandas

    if dsn.startswith("sqlite:///"):
        connection = sqlite3.connect(dsn.removeprefix("sqlite:///"))
    else:
        import sqlalchemy

        connection = sqlalchemy.create_engine(dsn)
    return lambda: pandas.read_sql(QUERY, connection)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(target, way):
    read = ready(target, way)
    before, start = peak(), time.perf_counter()
    frame = read()
    print(time.perf_counter() - start, peak() - before, len(frame))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dsn")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return measure(*options.one)
    with tempfile.TemporaryDirectory() as folder:
        if not options.dsn:
            make_table(f"{folder}/orders.db", options.rows)
        environment = {**os.environ, VARIABLE: options.dsn or f"sqlite:///{folder}/orders.db"}
        print(f"{'into':10}{'by':18}{'seconds':>9}{'MB':>8}{'rows':>12}")
        for target, ways in WAYS.items():
            for way in ways:
                runs = []
                for _ in range(3):
                    done = subprocess.run([sys.executable, __file__, "--one", target, way], env=environment,
                                          capture_output=True, text=True)
                    if done.returncode != 0:
                        sys.exit(done.stderr)
                    runs.append([float(word) for word in done.stdout.split()])
                seconds, memory, rows = min(runs)
                print(f"{target:10}{way:18}{seconds:9.2f}{memory:8.0f}{rows:12,.0f}", flush=True)


if __name__ == "__main__":
    main()
