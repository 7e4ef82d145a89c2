"""A server that is killed, a session that is terminated, a query that is killed: an error each, and no short file."""

import importlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from functools import partial

import pytest

from harness import (FORMATS, ROOT, SERVERS, Workplace, admin, all_at_once, cases, dsn_of, kill_all, report, rows_query,
                     sessions_that_run, wait_until)

sys.path.insert(0, str(ROOT / "tools" / "servers"))

# Rows come for a minute, so that a run that is not stopped is seen to be.
SECONDS = 60
ROWS = 2000


def slow_query(server, mark):
    # Wide, since MySQL's first rows come when they fill its buffer.
    return rows_query(server, ROWS, f"'{mark}' AS mark, repeat('x', 400) AS t", wait=SECONDS / ROWS)


def check(place, form, process):
    _, err = process.communicate(timeout=SECONDS * 2)
    assert process.returncode == 3, err.decode()
    assert [name for name in place.names() if not name.endswith(".lock")] == [], form
    assert b'"event":"error"' in err
    return err.decode()


def ended_by(server, how, number, folder):
    """One run that is stopped on the server while its rows come."""
    mark, form = f"mark-{how}-{number}-", FORMATS[number % len(FORMATS)]
    place = Workplace(folder / f"{how}{number}", dsn_of(server))
    process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", slow_query(server, mark), "-o", f"x.{form}")
    assert wait_until(lambda: sessions_that_run(server, mark)), process.communicate()
    time.sleep(random.Random(number).uniform(0, 1))
    for number in sessions_that_run(server, mark):
        if server == "postgres":
            admin(server, f"SELECT pg_{'terminate' if how == 'session' else 'cancel'}_backend({number})")
        else:
            admin(server, f"KILL {'CONNECTION' if how == 'session' else 'QUERY'} {number}")
    return check(place, form, process)


# RS-024
@pytest.mark.parametrize("how", ["session", "query"])
def test_what_an_administrator_stops_is_an_error_and_no_file(server, how, tmp_path):
    count = cases(3, 50)
    all_at_once(lambda number: ended_by(server, how, number, tmp_path), range(count))
    report(f"{how} killed {server}", f"{count} kills: {count} errors, 0 files")


def all_write(places):
    return all(any(name.endswith(".tmp") for name in place.names()) for place in places)


def restart(server, process):
    from postgres import account, await_port

    with open(server.log, "ab") as log:
        server.process = subprocess.Popen(process.args, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          **account())
    await_port(server.port, server.process, server.log)
    dsn = next(iter(server.variables.values()))
    # MySQL wants to see a password once, over its socket, before it lets a hash of it in.
    if hasattr(server, "socket"):
        assert wait_until(lambda: server._client("reader", "SELECT 1", check=False).returncode == 0, 60)
    probe = Workplace(pathlib.Path(server.folder) / "probe", dsn)
    assert wait_until(lambda: probe.query("SELECT 1 AS a", "x.csv", "--no-lock").code == 0, 60)


@pytest.fixture
def open_folder():
    """For the server's account, which may not look into pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="penstock-faults-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


# RS-024
@pytest.mark.parametrize("name", cases(["postgres"], SERVERS))
def test_a_server_that_is_killed_is_an_error_and_no_file(name, tmp_path, open_folder):
    server = importlib.import_module(name).start(open_folder / name)
    kills, clients = cases((1, 3), (50, 2))
    try:
        dsn = next(iter(server.variables.values()))
        for kill in range(kills):
            places = [Workplace(tmp_path / f"kill{kill}-{i}", dsn) for i in range(clients)]
            forms = [FORMATS[(kill * clients + i) % len(FORMATS)] for i in range(clients)]
            runs = [place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", slow_query(name, f"mark-{i}"), "-o",
                                f"x.{forms[i]}") for i, place in enumerate(places)]
            assert wait_until(partial(all_write, places), 60)
            time.sleep(random.Random(kill).uniform(0, 1))
            before = server.process
            kill_all(before)
            for place, form, run in zip(places, forms, runs):
                check(place, form, run)
            if kill < kills - 1:
                restart(server, before)
    finally:
        server.stop()
    report(f"server killed {name}", f"{kills * clients} runs in {kills} kills: {kills * clients} errors, 0 files")
