"""A read of PostgreSQL ends when it must, on the server too, and what is cut short is an error and no file."""

import signal
import time

import pytest

from conftest import left_in, wait_until
from on_postgres import Database, admin, connected, pg, query, variable  # noqa: F401
from proxy import Proxy

# Rows without end, at no cost of memory.
ENDLESS_ROWS = "SELECT generate_series(1, 1000000000) AS n, repeat('x', 100) AS word"


def ends_within(seconds, call):
    start = time.monotonic()
    result = call()
    assert time.monotonic() - start < seconds
    return result


# RS-014
@pytest.mark.parametrize("sql", [
    "SELECT pg_sleep(60)", ENDLESS_ROWS,
    "SELECT set_config('statement_timeout', '0', true), pg_sleep(60)",
    "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b"])
def test_the_statement_timeout_ends_the_query_on_the_server_too(pg, admin, recipe, sql):  # noqa: F811
    path = recipe(sql, source="statement_timeout_seconds: 1\ntypes: {duplicates: rename}")
    result = ends_within(4, lambda: pg("fetch", path, "-o", "x.csv"))
    assert result.code == 3
    assert result.error["code"] in ("deadline_passed", "statement_timeout")
    admin.await_no_session()
    assert left_in(pg.cwd) == ["x.csv.lock"]


# RS-014
def test_the_whole_runs_limit_ends_it(pg, admin, recipe):  # noqa: F811
    path = recipe(ENDLESS_ROWS, source="limits: {seconds: 1}")
    result = ends_within(4, lambda: pg("fetch", path, "-o", "x.csv"))
    assert result.error["code"] in ("deadline_passed", "statement_timeout")
    admin.await_no_session()


def started(penstock, admin, sql):  # noqa: F811
    process = penstock.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", sql, "-o", "x.csv")
    wait_until(lambda: any(state == "active" for _, state in admin.session_of()))
    time.sleep(0.1)
    return process


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(60)", ENDLESS_ROWS])
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_query_on_the_server_too(pg, admin, sql, number, code):  # noqa: F811
    process = started(pg, admin, sql)
    process.send_signal(number)
    process.communicate(timeout=2)
    assert process.returncode == code
    admin.await_no_session()
    assert left_in(pg.cwd) == ["x.csv.lock"]


def test_a_closed_reader_ends_the_query_on_the_server_too(pg, admin):  # noqa: F811
    process = pg.start("query", "--dsn-env", "PENSTOCK_SHOP_DSN", ENDLESS_ROWS, "-o", "-")
    process.stdout.read(100)
    process.stdout.close()
    assert process.wait(timeout=5) == 141
    admin.await_no_session()


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(60)", ENDLESS_ROWS])
def test_a_terminated_backend_is_an_error_and_leaves_no_file(pg, admin, sql):  # noqa: F811
    process = started(pg, admin, sql)
    admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'penstock'")
    _, err = process.communicate(timeout=10)
    assert process.returncode == 3, err
    assert b'"code":"server_unavailable"' in err or b'"code":"connection_lost"' in err
    assert left_in(pg.cwd) == ["x.csv.lock"]


def test_a_query_that_somebody_else_cancels_is_an_error(pg, admin):  # noqa: F811
    process = started(pg, admin, ENDLESS_ROWS)
    admin.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'penstock'")
    _, err = process.communicate(timeout=10)
    assert process.returncode == 3, err
    assert b"canceling statement due to user request" in err
    assert left_in(pg.cwd) == ["x.csv.lock"]


TEN_THOUSAND = "SELECT n, repeat('x', 10) AS word FROM generate_series(1, 10000) n"


def through(penstock, proxy):
    parts = Database(variable("PENSTOCK_TEST_POSTGRES_DSN"))
    return connected(penstock, f"postgresql://{parts.user}:{parts.password}@127.0.0.1:{proxy.port}/{parts.name}"
                               "?sslmode=disable")


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_anywhere_is_an_error_and_no_file(pg, admin, reset):  # noqa: F811
    with Proxy(admin.host, admin.port) as proxy:
        assert query(through(pg, proxy), TEN_THOUSAND, "-o", "whole.csv").code == 0
    for cut in (1, 9, 200, 600, 1000, 5000, 65536, 100000, 200000, 250000):
        with Proxy(admin.host, admin.port, cut_after=cut, reset=reset) as proxy:
            result = query(through(pg, proxy), TEN_THOUSAND, "-o", "x.csv")
        assert result.code == 3, (cut, result)
        assert result.error["code"] in ("connection_lost", "connect_failed"), (cut, result)
        assert not (pg.cwd / "x.csv").exists()


@pytest.mark.parametrize("stall", [1, 600, 3000, 100000])
def test_a_server_that_falls_silent_does_not_hold_us_past_the_deadline(pg, admin, recipe, stall):  # noqa: F811
    path = recipe(TEN_THOUSAND, source="connect_timeout_seconds: 1\nstatement_timeout_seconds: 1")
    with Proxy(admin.host, admin.port, cut_after=stall, stall=True) as proxy:
        result = ends_within(4, lambda: through(pg, proxy)("fetch", path, "-o", "x.csv"))
    assert result.code == 3
    assert result.error["code"] in ("connect_timeout", "deadline_passed"), result
    assert left_in(pg.cwd) == ["x.csv.lock"]
