"""Caps on rows, bytes and time."""

import time

import pyarrow.parquet as pq
import pytest

from conftest import ENDLESS, ENDLESS_ROWS, left_in


def exceeds(name, rows):
    return f"query result exceeds {name}={rows} rows; tighten the query or raise the cap"


# RS-020
@pytest.mark.parametrize("name", ["PENSTOCK_MAX_SQL_ROWS", "RECOTEM_MAX_SQL_ROWS"])
def test_exactly_as_many_rows_as_the_cap_pass_and_one_more_does_not(penstock, numbers, recipe, name):
    exact = recipe("SELECT n FROM numbers LIMIT 2000", file="exact.yaml")
    over = recipe("SELECT n FROM numbers LIMIT 2001", file="over.yaml")
    assert penstock("fetch", exact, "-o", "x.parquet", env={name: "2000"}).code == 0
    assert pq.read_table(penstock.cwd / "x.parquet").num_rows == 2000
    result = penstock("fetch", over, "-o", "y.parquet", env={name: "2000"})
    assert result.code == 3
    assert result.error["error_type"] == "DataSourceError"
    assert result.error["message"] == exceeds(name, 2000)
    assert not (penstock.cwd / "y.parquet").exists()


# RS-020
def test_the_native_cap_wins_over_its_twin(penstock, numbers, recipe):
    result = penstock("fetch", recipe("SELECT n FROM numbers"), "-o", "x.csv",
                      env={"PENSTOCK_MAX_SQL_ROWS": "3000", "RECOTEM_MAX_SQL_ROWS": "200000"})
    assert result.error["message"] == exceeds("PENSTOCK_MAX_SQL_ROWS", 3000)


# RS-020
def test_the_cap_is_clamped_to_a_thousand(penstock, numbers, recipe):
    result = penstock("fetch", recipe("SELECT n FROM numbers"), "-o", "x.csv", env={"RECOTEM_MAX_SQL_ROWS": "1"})
    assert result.error["message"] == exceeds("RECOTEM_MAX_SQL_ROWS", 1000)


def test_the_recipes_cap_holds_and_a_flag_only_lowers_it(penstock, numbers, recipe):
    path = recipe("SELECT n FROM numbers", source="limits: {rows: 5000}")
    for flags, cap in (([], 5000), (["--max-rows", "400"], 400), (["--max-rows", "200000"], 5000)):
        result = penstock("fetch", path, "-o", "x.csv", *flags)
        assert result.code == 3
        assert result.error["message"] == exceeds("limits.rows", cap)
    assert left_in(penstock.cwd) == ["x.csv.lock"]


def test_a_cap_on_bytes_ends_the_run(penstock, numbers, recipe):
    path = recipe("SELECT n FROM numbers")
    assert penstock("fetch", path, "-o", "x.csv", "--max-bytes", "10MB").code == 0
    result = penstock("fetch", path, "-o", "y.csv", "--max-bytes", "100KB")
    assert result.code == 3
    assert result.error["message"] == ("query result exceeds the limit of 100000 bytes; tighten the query or "
                                       "raise the cap")
    assert not (penstock.cwd / "y.csv").exists()


# RS-014
@pytest.mark.parametrize("query", [ENDLESS, ENDLESS_ROWS])
def test_the_statement_timeout_ends_a_query_that_does_not(penstock, shop, recipe, query):
    path = recipe(query, source="statement_timeout_seconds: 1")
    start = time.monotonic()
    result = penstock("fetch", path, "-o", "x.parquet")
    assert result.code == 3
    assert 0.9 < time.monotonic() - start < 5
    assert result.error["error_type"] == "DataSourceError"
    assert "timeout" in result.error["code"]
    assert "sql_statement_timeout_unsupported_on_sqlite" not in result.names()
    assert left_in(penstock.cwd) == ["x.parquet.lock"]


# RS-014
def test_the_limit_on_the_whole_run_ends_it_too(penstock, shop, recipe):
    result = penstock("fetch", recipe(ENDLESS, source="limits: {seconds: 1}"), "-o", "x.parquet")
    assert result.code == 3
    assert "timeout" in result.error["code"]


# RS-009
def test_a_database_that_stays_locked_fails_after_the_busy_timeout(penstock, shop, recipe):
    import sqlite3
    path = recipe(source="connect_timeout_seconds: 1")
    connection = sqlite3.connect(shop, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        start = time.monotonic()
        result = penstock("fetch", path, "-o", "x.csv")
        assert result.code == 3
        assert 0.9 < time.monotonic() - start < 5
        assert result.error["error_type"] == "DataSourceError"
        assert "locked" in result.error["message"]
    finally:
        connection.close()


# RS-021
@pytest.mark.measures
def test_memory_does_not_grow_with_the_rows(penstock, shop, recipe):
    import os
    import subprocess

    def peak_kib(rows):
        path = recipe(f"{ENDLESS_ROWS} LIMIT {rows}")
        process = penstock.start("fetch", path, "-o", f"{rows}.parquet", stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss

    few, many = peak_kib(400_000), peak_kib(4_000_000)
    assert many < few * 1.5 + 20_000, (few, many)
