"""On each of the four databases: a limit that is reached is an error that names it, and the old file is kept."""

import time

from conftest import left_in
from on_servers import OLD, on  # noqa: F401
from spare_time import SLACK


def digits(name, count=10):
    return "(VALUES " + ", ".join(f"ROW({i})" for i in range(count)) + f") AS {name}(d)"


# 5,000 each.
ROWS = {
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5000) "
              "SELECT n, printf('%100d', n) AS word FROM c",
    "postgresql": "SELECT n, repeat('x', 100) AS word FROM generate_series(1, 5000) AS n",
    "mariadb": "SELECT seq AS n, REPEAT('x', 100) AS word FROM seq_1_to_5000",
    "mysql": "SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n, REPEAT('x', 100) AS word "
             f"FROM {digits('a')}, {digits('b')}, {digits('c')}, {digits('e', 5)}",
}
SLOW = {
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) AS n FROM c",
    "postgresql": "SELECT count(*) AS n FROM generate_series(1, 1000000000) a, generate_series(1, 1000000000) b",
    "mariadb": "SELECT SLEEP(60) AS n",
    "mysql": "SELECT SLEEP(60) AS n",
}


def refused(penstock, recipe, code):
    result = penstock("fetch", recipe, "-o", "x.csv")
    assert (result.code, result.error["error_type"]) == (3, "DataSourceError"), result
    assert result.error["code"] in code, result
    assert (penstock.cwd / "x.csv").read_bytes() == OLD
    assert left_in(penstock.cwd) == ["x.csv", "x.csv.lock"]
    return result.error


# RS-020
def test_rows(on, recipe):  # noqa: F811
    penstock, database = on
    error = refused(penstock, recipe(ROWS[database], source="limits: {rows: 4999}"), ["row_limit"])
    assert error["message"] == "query result exceeds limits.rows=4999 rows; tighten the query or raise the cap"
    penstock.env["RECOTEM_MAX_SQL_ROWS"] = "4999"
    error = refused(penstock, recipe(ROWS[database]), ["row_limit"])
    assert error["message"] == ("query result exceeds RECOTEM_MAX_SQL_ROWS=4999 rows; tighten the query or raise the "
                                "cap")
    penstock.env["RECOTEM_MAX_SQL_ROWS"] = "5000"
    assert penstock("fetch", recipe(ROWS[database], source="limits: {rows: 5000}"), "-o", "x.csv").code == 0
    assert (penstock.cwd / "x.csv").read_bytes().count(b"\n") == 5001


def test_bytes(on, recipe):  # noqa: F811
    penstock, database = on
    error = refused(penstock, recipe(ROWS[database], source="limits: {bytes: 100KB}"), ["byte_limit"])
    assert "the limit of 100000 bytes" in error["message"]
    assert "limits.bytes" in error["hint"]


# RS-014
def test_seconds_of_the_statement(on, recipe):  # noqa: F811
    penstock, database = on
    start = time.monotonic()
    error = refused(penstock, recipe(SLOW[database], source="statement_timeout_seconds: 1"),
                    ["statement_timeout", "deadline_passed"])
    assert time.monotonic() - start < 1 + 1 + SLACK
    assert error["hint"] == "the limit is statement_timeout_seconds: 1; narrow the query, or raise it"


def test_seconds_of_the_whole_run(on, recipe):  # noqa: F811
    penstock, database = on
    start = time.monotonic()
    error = refused(penstock, recipe(SLOW[database], source="limits: {seconds: 1}"),
                    ["statement_timeout", "deadline_passed"])
    assert time.monotonic() - start < 1 + 1 + SLACK
    assert error["hint"] == "the limit is limits.seconds: 1; narrow the query, or raise it"
