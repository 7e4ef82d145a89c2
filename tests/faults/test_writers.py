"""Eight runs write one output: one at a time, and each says so."""

import json
import subprocess
import threading
import urllib.parse
from functools import partial

from harness import Workplace, cases, dsn_of, report, rows_query, wait_until

WRITERS = 8


def start(place, number, sql):
    return place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", "-p", f"w={number}", sql, "-o", "x.csv",
                       "--fail-on-busy")


def end(process):
    _, err = process.communicate(timeout=120)
    if process.returncode:
        error = json.loads(err.splitlines()[-1])
        assert (process.returncode, error["error_type"]) == (6, "LockContestedError"), err.decode()
        assert "x.csv" in error["message"]
    return process.returncode


def all_but_one_ended(runs):
    return sum(run.poll() is not None for run in runs) == len(runs) - 1


def writer_of(path):
    """Whose rows the file holds: one's, and all of them."""
    lines = path.read_text().splitlines()
    writers = {line.split(",")[1] for line in lines[1:]}
    assert len(writers) == 1, writers
    assert [line.split(",")[0] for line in lines[1:]] == [str(i) for i in range(1, len(lines))]
    return int(writers.pop()), len(lines) - 1


class Gate:
    """A lock on the server that the winner's query waits for."""

    def __enter__(self):
        parts = urllib.parse.urlsplit(dsn_of("postgres", kind="_ADMIN"))
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-At"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": "/usr/bin:/bin", "PGHOST": "127.0.0.1", "PGPORT": str(parts.port), "PGUSER": parts.username,
                 "PGPASSWORD": parts.password, "PGDATABASE": parts.path[1:], "PGSSLMODE": "disable"})
        self.psql.stdin.write("SELECT pg_advisory_lock(77);\nSELECT 'held';\n")
        self.psql.stdin.flush()
        while self.psql.stdout.readline().strip() != "held":
            assert self.psql.poll() is None
        return self

    def __exit__(self, *_):
        self.psql.communicate()


# RS-027
def test_of_eight_writers_one_wins_and_the_others_are_told_so(tmp_path):
    place = Workplace(tmp_path / "work", dsn_of("postgres"))
    # The winner waits on the server until all have tried.
    sql = "SELECT i, :w AS w FROM generate_series(1, 500) AS s(i), (SELECT pg_advisory_xact_lock_shared(77)) AS gate"
    rounds = cases(4, 200)
    for number in range(rounds):
        with Gate():
            runs = [start(place, i, sql) for i in range(WRITERS)]
            assert wait_until(partial(all_but_one_ended, runs), 60)
            losers = [end(run) for run in runs if run.poll() is not None]
            assert losers == [6] * (WRITERS - 1), losers
        (winner,) = [i for i, run in enumerate(runs) if run.returncode is None]
        assert end(runs[winner]) == 0
        assert writer_of(place.folder / "x.csv") == (winner, 500), number
        assert place.names() == ["x.csv", "x.csv.lock"]
    report("8 writers", f"{rounds} rounds: 1 winner and {WRITERS - 1} named lock errors each, 0 mixed files")


# RS-027
def test_a_removed_lock_file_does_not_give_two_holders(tmp_path):
    place = Workplace(tmp_path / "work", dsn_of("postgres"))
    sql = rows_query("postgres", 300, ":w AS w", wait=0.001)
    rounds, over, most = cases(4, 200), threading.Event(), [0]

    def remove():
        while not over.wait(0.005):
            (place.folder / "x.csv.lock").unlink(missing_ok=True)
            most[0] = max(most[0], sum(name.endswith(".tmp") for name in place.names()))

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        wins = 0
        for _ in range(rounds):
            codes = [end(run) for run in [start(place, i, sql) for i in range(WRITERS)]]
            assert codes.count(0) >= 1, codes
            wins += codes.count(0)
            assert writer_of(place.folder / "x.csv")[1] == 300
            assert [name for name in place.names() if name.endswith(".tmp")] == []
    finally:
        over.set()
        remover.join()
    assert most[0] <= 1
    report("removed lock file", f"{rounds} rounds, the lock file removed every 5 ms: at most {most[0]} temporary at a "
                                f"time, {wins} whole files, 0 mixed")
