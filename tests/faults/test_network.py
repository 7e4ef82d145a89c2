"""A connection that is cut, stalls, drips or is half open: an error and no file, or all of it."""

import re
import signal
import time

import pytest

from harness import (FORMATS, FULL, SECONDS, Workplace, all_at_once, cases, dsn_of, port_of, report, rows_query,
                     sessions_that_run, wait_until)
from network import Proxy
from spare_time import STRICT

ROWS = 300
MARK = "the last row's end"
# Some 30 KB, and a mark where the last row ends.
COLUMNS = f"CASE WHEN i = {ROWS} THEN '{MARK.replace(chr(39), chr(39) * 2)}' ELSE repeat('x', 80) END AS t"

SLACK = 1.0 if STRICT else 20.0
LIMIT = 2  # seconds
TIMED_OUT = re.compile(r'"code":"(connect_timeout|deadline_passed|statement_timeout)"')


def through(server, fault, at, folder):
    proxy = Proxy(port_of(dsn_of(server)), fault, at)
    proxy.__enter__()
    return proxy, Workplace(folder, dsn_of(server, proxy.port))


def whole_answer(server, sql, folder):
    proxy, place = through(server, None, 0, folder)
    try:
        assert place.query(sql, "x.csv").code == 0
    finally:
        proxy.__exit__()
    return bytes(proxy.answers)


def cut_points(answer):
    """Every KiB, each of the last 16 bytes of the last row, and each of the last 16 of all."""
    end_of_rows = answer.rindex(MARK.encode()) + len(MARK)
    last = {end - i for end in (end_of_rows, len(answer)) for i in range(16)}
    everywhere = set(range(1024, len(answer), 1024)) | last
    return sorted(everywhere) if FULL else sorted(everywhere)[:: len(everywhere) // 5] + [end_of_rows - 1]


# RS-024
def test_a_cut_anywhere_gives_an_error_and_no_file_or_all_of_it(server, place, tmp_path):
    sql = rows_query(server, ROWS, COLUMNS)
    answer = whole_answer(server, sql, tmp_path / "whole")
    whole = {}
    for form in FORMATS:
        assert place.query(sql, f"x.{form}").code == 0
        whole[form] = (place.folder / f"x.{form}").read_bytes()
    end_of_rows = answer.rindex(MARK.encode())

    def cut(case):
        number, (form, fault, at) = case
        proxy, one = through(server, fault, at, tmp_path / f"case{number}")
        try:
            old = one.folder / f"x.{form}"
            if number % 2:
                old.write_bytes(b"old")
            result = one.query(sql, f"x.{form}")
        finally:
            proxy.__exit__()
        where = f"{form} {fault} at {at} of {len(answer)}: {result}"
        if result.code == 0:
            assert at > end_of_rows, where
            assert old.read_bytes() == whole[form], where
        else:
            assert result.code == 3 and '"event":"error"' in result.err, where
            assert one.names() == ([old.name] if number % 2 else []) + [f"x.{form}.lock"] or one.names() == (
                [old.name] if number % 2 else []), where
            assert not number % 2 or old.read_bytes() == b"old", where
        return result.code

    points = cut_points(answer)
    wanted = [(form, fault, at) for form in FORMATS for fault in ("fin", "reset") for at in points]
    codes = all_at_once(cut, enumerate(wanted if FULL else wanted[::2] if len(points) % 2 else wanted[::3]))
    assert codes.count(3) > len(codes) / 2
    report(f"cut {server}", f"{len(codes)} cuts: {codes.count(3)} errors without a file, {codes.count(0)} whole files")


# RS-014
@pytest.mark.parametrize("fault", ["stall", "drip", "half_open"])
def test_a_silent_or_slow_network_ends_with_the_time_limit(server, fault, tmp_path):
    sql = rows_query(server, ROWS, COLUMNS)
    answer = whole_answer(server, sql, tmp_path / "whole")
    points = [len(answer) * i // 21 for i in range(1, 21)]
    points = [10, 60, *points] if FULL else [10, points[7], points[18]]

    def slow(at):
        proxy, one = through(server, fault, at, tmp_path / f"at{at}")
        try:
            job = one.recipe(sql, f"  limits: {{seconds: {LIMIT}}}\n  connect_timeout_seconds: {LIMIT}\n")
            result = one.run("fetch", job, "-o", "x.parquet")
        finally:
            proxy.__exit__()
        assert result.code == 3, (at, result)
        assert result.seconds < LIMIT + SLACK, (at, result)
        assert [name for name in one.names() if not name.endswith(".lock")] == [], at
        assert TIMED_OUT.search(result.err), result.err
        return result.seconds

    seconds = all_at_once(slow, points, workers=cases(3, 6))
    assert max(seconds) < SECONDS
    report(f"{fault} {server}", f"{len(seconds)} points, limit {LIMIT} s: the longest ended after {max(seconds):.2f} s")


# RS-024
def test_a_signal_ends_the_query_though_the_servers_answers_come_late(server, tmp_path):
    """MySQL is told over a second connection, whose login takes several answers."""
    proxy, place = through(server, "late", 0, tmp_path / "work")
    try:
        # Ten seconds without a byte: a server that is not told goes on.
        process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN",
                              rows_query(server, 6, "'mark-late-' AS mark", wait=10), "-o", "x.csv")
        assert wait_until(lambda: sessions_that_run(server, "mark-late-")), process.communicate()
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130, err.decode()
        assert time.monotonic() - begin < 6 + SLACK
        assert wait_until(lambda: not sessions_that_run(server, "mark-late-"), 2), sessions_that_run(server, "mark-late-")
    finally:
        proxy.__exit__()


# RS-024
def test_a_signal_ends_a_run_that_nobody_answers_any_more(server, tmp_path):
    """Neither its own connection nor a new one: it does not wait until the server is told."""
    proxy, place = through(server, "half_open", 3000, tmp_path / "work")
    try:
        process = place.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", rows_query(server, ROWS, COLUMNS), "-o", "x.csv")
        assert wait_until(lambda: len(proxy.answers) >= 3000), process.communicate()
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130, err.decode()
        assert time.monotonic() - begin < 1 + SLACK
    finally:
        proxy.__exit__()
